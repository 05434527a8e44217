// Damaged and malicious files, made from good ones by a seeded generator.

import { mulberry32 } from "../support/random.js";
import { checkpoint, int, le, pickle, safetensors, tensor, text } from "./archive.js";

type Next = () => number;
/** Uniform below `limit`. */
const below = (next: Next, limit: number) => Math.floor((next() / 2 ** 32) * limit);
const pick = <T>(next: Next, items: readonly T[]): T => items[below(next, items.length)];

const SIZES = [0, 1, 2, 7, 8, 63, 127, 128, 255, 256, 32767, 65535, 65536, 2 ** 24, 2 ** 31 - 1, -1, -2, -(2 ** 31)];
const SIGNATURES = [0x04034b50, 0x02014b50, 0x06054b50, 0x06064b50, 0x07064b50];
const OPCODES = `()*.012BCFGIJKLMNQRSTUVXY]abcdeghijklopqrstu}${String.fromCharCode(...Array.from({ length: 25 }, (_, i) => 0x80 + i))}`;
const GLOBALS = [
  "torch._utils\n_rebuild_tensor_v2\n",
  "torch._utils\n_rebuild_parameter\n",
  "torch\nFloatStorage\n",
  "torch\nSize\n",
  "collections\nOrderedDict\n",
  "collections\nCounter\n",
  "_codecs\nencode\n",
  "builtins\nset\n",
  "os\nsystem\n",
  "torch\ndevice\n",
  "torch\nbfloat16\n",
  "torch._utils\n_rebuild_tensor_v3\n",
  "torch._tensor\n_rebuild_from_type_v2\n",
  "__builtin__\ngetattr\n",
  "__builtin__\ncomplex\n",
  "__builtin__\nbytearray\n",
  "collections\ndefaultdict\n",
  "copy_reg\n_reconstructor\n",
  "numpy\ndtype\n",
  "numpy.core.multiarray\nscalar\n",
  "numpy.core.multiarray\n_reconstruct\n",
  "numpy._core.numeric\n_frombuffer\n",
  "torch.optim.lr_scheduler\nOneCycleLR\n",
  "__main__\nMeter\n",
];

/** Opcodes of protocols 0 and 1, with their lines. */
const LINES = [
  ...[
    "I01\n",
    "I-7\n",
    "I99999999999999999999\n",
    "L5L\n",
    "F1.5\n",
    "Fnan\n",
    "F1e\n",
    "S'a\\x00\\n'\n",
    "S'a\n",
    "Vaé\\u0041\n",
  ],
  ...[
    "p0\n",
    "p1\n",
    "g0\n",
    "g1\n",
    "g99999999999\n",
    "l",
    "d",
    "o",
    "i__main__\nMeter\n",
    "icollections\nOrderedDict\n",
  ],
  ...["U\x03storage", "T\x02\0\0\0\xff\xfe", "\x92", "b"],
];

/** The file number `index` of those that `seed` stands for. */
export function mutant(seed: number, index: number, corpus: readonly Uint8Array[]): Uint8Array {
  const next = mulberry32(seed + Math.imul(index, 0x9e3779b1));
  if (below(next, 4) === 0) return pick(next, MADE)(next);
  let file: Uint8Array = pick(next, corpus).slice();
  for (let rounds = 1 + below(next, 3); rounds > 0; rounds--) file = pick(next, CHANGES)(file, next, corpus);
  return file;
}

type Change = (file: Uint8Array, next: Next, corpus: readonly Uint8Array[]) => Uint8Array;

const CHANGES: readonly Change[] = [
  truncate,
  flip,
  overwrite,
  overwriteNumber,
  overwriteHeader,
  splice,
  repeat,
  opcodes,
  digits,
];

function truncate(file: Uint8Array, next: Next): Uint8Array {
  return below(next, 2) === 0
    ? file.slice(0, below(next, file.length))
    : file.slice(below(next, Math.min(64, file.length)));
}

function flip(file: Uint8Array, next: Next): Uint8Array {
  for (let i = 1 + below(next, 8); i > 0; i--) file[below(next, file.length)] ^= 1 << below(next, 8);
  return file;
}

function overwrite(file: Uint8Array, next: Next): Uint8Array {
  for (let i = 1 + below(next, 4); i > 0; i--)
    file[below(next, file.length)] = pick(next, [0, 1, 127, 128, 255, 0x80, 0x2e, 0x28]);
  return file;
}

function overwriteNumber(file: Uint8Array, next: Next): Uint8Array {
  put(file, below(next, file.length), le(pick(next, SIZES), pick(next, [1, 2, 4, 8])));
  return file;
}

/** A field of a zip header: sizes, offsets, counts, lengths, flags. */
function overwriteHeader(file: Uint8Array, next: Next): Uint8Array {
  const places: number[] = [];
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  for (let i = 0; i + 4 <= file.length; i++) if (SIGNATURES.includes(view.getUint32(i, true))) places.push(i);
  if (places.length === 0) return overwriteNumber(file, next);
  const at = pick(next, places) + 4 + 2 * below(next, 24);
  const nearby = below(next, 3) === 0 ? [below(next, file.length)] : SIZES;
  put(file, at, le(pick(next, nearby), pick(next, [2, 4, 8])));
  return file;
}

function splice(file: Uint8Array, next: Next, corpus: readonly Uint8Array[]): Uint8Array {
  const other = pick(next, corpus);
  const from = below(next, other.length);
  const part = other.subarray(from, from + below(next, 200));
  const at = below(next, file.length);
  return joined(file.subarray(0, at), part, file.subarray(at + below(next, 2) * part.length));
}

function repeat(file: Uint8Array, next: Next): Uint8Array {
  const from = below(next, file.length);
  const to = from + 1 + below(next, 100);
  const part = file.subarray(from, to);
  return joined(file.subarray(0, to), ...Array.from({ length: 1 + below(next, 20) }, () => part), file.subarray(to));
}

/** Where a pickle is, as far as one can tell: behind the first PROTO. */
function opcodes(file: Uint8Array, next: Next): Uint8Array {
  const start = Math.max(0, file.indexOf(0x80));
  for (let i = 1 + below(next, 5); i > 0; i--) {
    const at = start + below(next, Math.min(600, file.length - start));
    file[at] = OPCODES.charCodeAt(below(next, OPCODES.length));
  }
  return file;
}

/** Numbers in the JSON header of a safetensors file. */
function digits(file: Uint8Array, next: Next): Uint8Array {
  const places: number[] = [];
  for (let i = 8; i < Math.min(file.length, 2000); i++) if (file[i] >= 0x30 && file[i] <= 0x39) places.push(i);
  if (places.length > 0) file[pick(next, places)] = pick(next, [0x30, 0x31, 0x38, 0x39, 0x2d, 0x2e, 0x65, 0x22, 0x5d]);
  return file;
}

/** Files that are well formed outside, so that what is inside is reached. */
const MADE: readonly ((next: Next) => Uint8Array)[] = [
  (next) => checkpoint(randomPickle(next, 200), [randomBytes(next, 64)]),
  (next) => checkpoint(randomPickle(next, 5), [randomBytes(next, 64)], pick(next, ["little", "big", "", "middle"])),
  (next) => checkpoint(nested(next)),
  (next) => checkpoint(pickle(...randomTensor(next)), [randomBytes(next, 64)]),
  (next) =>
    checkpoint(pickle("]", "q\0", "(", ...Array.from({ length: 20 }, () => randomTensor(next)).flat(), "e"), [
      randomBytes(next, 4096),
    ]),
  (next) => safetensors(randomHeader(next), below(next, 64)),
  (next) => safetensors("[{".repeat(below(next, 5000)).slice(below(next, 2)), below(next, 9)),
];

function randomTensor(next: Next): number[][] {
  const dimensions = below(next, 4);
  const numbers = () => Array.from({ length: dimensions }, () => pick(next, [0, 1, 2, 3, 4, 16, 1000, 2 ** 30, -1]));
  const type = pick(next, ["FloatStorage", "DoubleStorage", "ByteStorage", "LongStorage", "HalfStorage"]);
  const length = pick(next, [16, 8, 0, 64, 1024, 2 ** 31 - 1, -1]);
  return [
    tensor({ type, length, offset: pick(next, [0, 1, 15, 16, 2 ** 31 - 1, -1]), shape: numbers(), strides: numbers() }),
  ];
}

/** Brackets, marks, tuples and dicts, closed or not, with or without references to themselves. */
function nested(next: Next): Uint8Array {
  const depth = pick(next, [3, 499, 500, 501, 5000]);
  const [open, close] = pick(next, [
    ["]", "a"],
    ["](", "e"],
    ["}N", "s"],
    ["", "\x85"],
    ["(", "t"],
    ["]q\0h\0", "aa"],
  ] as const);
  return pickle(open.repeat(depth), pick(next, ["N", "]", "h\0"]), close.repeat(depth - below(next, 2)));
}

function randomPickle(next: Next, length: number): Uint8Array {
  const parts: (string | number[])[] = [];
  for (let i = below(next, length); i >= 0; i--) {
    const atoms: (string | number[])[] = [
      ...["N", "]", "}", ")", "(", "a", "e", "s", "u", "t", "2", "0", "1", "\x85", "\x86", "\x87", "b", "R", "Q"],
      ...["q\0", "q\x01", "h\0", "h\x01", "\x94", "\x8f", "\x90", "\x91", "\x93", "\x81", "\x88"],
      text(pick(next, ["storage", "a", "0", "__proto__", "\ud800", "latin1", "x".repeat(300)])),
      int(pick(next, SIZES)),
      [0x8a, 9, ...randomBytes(next, 9)],
      [0x8b, ...le(pick(next, SIZES), 4), ...randomBytes(next, 3)],
      [0x47, ...randomBytes(next, 8)],
      [...`c${pick(next, GLOBALS)}`].map((character) => character.charCodeAt(0)),
      [0x95, ...le(pick(next, SIZES), 8)],
      ...LINES,
    ];
    const atom = pick(next, atoms);
    parts.push(typeof atom === "string" ? Array.from(atom, (character) => character.charCodeAt(0)) : atom);
  }
  return pickle(...parts);
}

function randomHeader(next: Next): string {
  const number = () => pick(next, ["0", "1", "4", "8", "16", "-1", "1e9", "9007199254740993", "4.0", '"4"', "null"]);
  const entry = () =>
    `${pick(next, ['"a"', '"b"', '"__proto__"', '"__metadata__"', '"\\ud800"'])}:{"dtype":"${pick(next, ["F32", "F64", "U8", "F4", ""])}",` +
    `"shape":[${Array.from({ length: below(next, 3) }, number)}],"data_offsets":[${number()},${number()}]}`;
  return `{${Array.from({ length: below(next, 4) }, entry)}}${pick(next, ["", " ", "   ", "}", ","])}`;
}

function randomBytes(next: Next, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => next() >>> 24);
}

function put(file: Uint8Array, at: number, bytes: readonly number[]): void {
  bytes.forEach((byte, i) => {
    if (at + i < file.length) file[at + i] = byte;
  });
}

function joined(...parts: Uint8Array[]): Uint8Array {
  const file = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    file.set(part, at);
    at += part.length;
  }
  return file;
}
