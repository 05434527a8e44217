// The opcodes of values that hold nothing.

import { fail } from "../io/error.js";
import { decodeLatin1, decodeText, encodeLatin1 } from "../io/text.js";
import type { Cursor } from "./cursor.js";
import type { PickleOptions } from "./machine.js";
import type { Node } from "./nodes.js";
import * as op from "./opcodes.js";

/** What each of them pushes. */
export const VALUE_OPCODES: Record<number, (cursor: Cursor, options: PickleOptions) => Node> = {
  [op.NONE]: () => null,
  [op.NEWTRUE]: () => true,
  [op.NEWFALSE]: () => false,
  [op.INT]: (cursor, options) => {
    const text = cursor.textLine();
    // How protocols 0 and 1 write booleans.
    return /^0[01]$/.test(text) ? text === "01" : parseInteger(text, options);
  },
  [op.BININT]: (cursor) => cursor.int32(),
  [op.BININT1]: (cursor) => cursor.uint(1),
  [op.BININT2]: (cursor) => cursor.uint(2),
  [op.LONG]: (cursor, options) => parseInteger(cursor.textLine().replace(/L$/, ""), options),
  [op.LONG1]: (cursor, options) => readInteger(cursor.uint(1), cursor, options),
  [op.LONG4]: (cursor, options) => readInteger(cursor.uint(4), cursor, options),
  [op.FLOAT]: (cursor) => parseFloatOf(cursor.textLine()) ?? fail("no number"),
  [op.BINFLOAT]: (cursor) => cursor.float64(),

  [op.UNICODE]: (cursor) => unescapeUnicode(decodeLatin1(cursor.line())),
  [op.BINUNICODE]: (cursor) => cursor.text(cursor.uint(4)),
  [op.SHORT_BINUNICODE]: (cursor) => cursor.text(cursor.uint(1)),
  [op.BINUNICODE8]: (cursor) => cursor.text(cursor.uint(8)),
  [op.STRING]: (cursor, options) => python2String(unquote(decodeLatin1(cursor.line())), options),
  [op.BINSTRING]: (cursor, options) => python2String(cursor.raw(cursor.uint(4)), options),
  [op.SHORT_BINSTRING]: (cursor, options) => python2String(cursor.raw(cursor.uint(1)), options),
  [op.BINBYTES]: (cursor) => cursor.raw(cursor.uint(4)).slice(),
  [op.SHORT_BINBYTES]: (cursor) => cursor.raw(cursor.uint(1)).slice(),
  [op.BINBYTES8]: (cursor) => cursor.raw(cursor.uint(8)).slice(),
  [op.BYTEARRAY8]: (cursor) => cursor.raw(cursor.uint(8)).slice(),
};

/** An integer in two's complement, little-endian. */
function readInteger(length: number, cursor: Cursor, options: PickleOptions): number | bigint {
  checkLength(length, options);
  let hex = "";
  for (const byte of cursor.raw(length)) hex = byte.toString(16).padStart(2, "0") + hex;
  return hex === "" ? 0 : shortest(BigInt.asIntN(length * 8, BigInt(`0x${hex}`)));
}

function parseInteger(text: string, options: PickleOptions): number | bigint {
  if (!/^-?\d+$/.test(text)) fail("no integer");
  // Five digits take two bytes.
  checkLength(Math.floor((text.length * 2) / 5), options);
  return shortest(BigInt(text));
}

function checkLength(bytes: number, { limits: { maxIntegerBytes } }: PickleOptions): void {
  if (bytes > maxIntegerBytes) fail(`an integer of ${bytes} bytes; limits.maxIntegerBytes is ${maxIntegerBytes}`);
}

/** Integers up to 2^53 are numbers. */
export function shortest(value: bigint): number | bigint {
  const number = Number(value);
  return Math.abs(number) <= 2 ** 53 && BigInt(number) === value ? number : value;
}

/** As Python's repr() of a float spells it. */
function parseFloatOf(text: string): number | undefined {
  const special = /^(-?)(inf|nan)$/.exec(text);
  if (special) return (special[1] ? -1 : 1) * (special[2] === "inf" ? Infinity : Number.NaN);
  return /^-?\d+(\.\d*)?(e[-+]?\d+)?$/.test(text) ? Number(text) : undefined;
}

/** Python's raw-unicode-escape. */
function unescapeUnicode(text: string): string {
  return text.replace(/\\u([\da-fA-F]{4})|\\U(00(?:0[\da-fA-F]|10)[\da-fA-F]{4})/g, (_, short, long) => {
    return String.fromCodePoint(Number.parseInt(short ?? long, 16));
  });
}

function python2String(bytes: Uint8Array, { encoding }: PickleOptions): Node {
  if (encoding === "bytes") return bytes.slice();
  if (encoding === "latin1") return decodeLatin1(bytes);
  return decodeText(bytes) ?? fail('a string of Python 2 is not UTF-8: choose { encoding: "latin1" } or "bytes"');
}

const ESCAPES: Record<string, number> = { a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13 };

/** The bytes of a string as Python 2's repr() spells them. */
function unquote(line: string): Uint8Array {
  const quoted = /^(['"])(.*)\1$/s.exec(line) ?? fail("a string without its quotes");
  const text = quoted[2].replace(/\\(x[\da-f]{2}|[0-7]{1,3}|.)/gis, (_, escaped: string) => {
    if (/^x./i.test(escaped)) return String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
    if (/^[0-7]/.test(escaped)) return String.fromCharCode(Number.parseInt(escaped, 8) & 255);
    return Object.hasOwn(ESCAPES, escaped) ? String.fromCharCode(ESCAPES[escaped]) : escaped;
  });
  return encodeLatin1(text);
}
