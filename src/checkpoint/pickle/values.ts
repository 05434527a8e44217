// The opcodes of values that hold nothing, of the memo, and of the stack.

import { decodeLatin1, decodeText } from "../io/text.js";
import type { Machine, Opcodes } from "./machine.js";
import type { Node } from "./nodes.js";
import * as op from "./opcodes.js";

export const VALUE_OPCODES: Opcodes = {
  [op.NONE]: ({ stack }) => stack.push(null),
  [op.NEWTRUE]: ({ stack }) => stack.push(true),
  [op.NEWFALSE]: ({ stack }) => stack.push(false),
  [op.INT]: (machine) => {
    const text = machine.cursor.textLine();
    // How protocols 0 and 1 write booleans.
    machine.stack.push(/^0[01]$/.test(text) ? text === "01" : parseInteger(text, machine));
  },
  [op.BININT]: ({ stack, cursor }) => stack.push(cursor.int32()),
  [op.BININT1]: ({ stack, cursor }) => stack.push(cursor.uint(1)),
  [op.BININT2]: ({ stack, cursor }) => stack.push(cursor.uint(2)),
  [op.LONG]: (machine) => {
    machine.stack.push(parseInteger(machine.cursor.textLine().replace(/L$/, ""), machine));
  },
  [op.LONG1]: (machine) => machine.stack.push(readInteger(machine.cursor.uint(1), machine)),
  [op.LONG4]: (machine) => machine.stack.push(readInteger(machine.cursor.uint(4), machine)),
  [op.FLOAT]: ({ stack, cursor }) => stack.push(parseFloatOf(cursor.textLine()) ?? cursor.fail("no number")),
  [op.BINFLOAT]: ({ stack, cursor }) => stack.push(cursor.float64()),

  [op.UNICODE]: ({ stack, cursor }) => stack.push(unescapeUnicode(decodeLatin1(cursor.line()))),
  [op.BINUNICODE]: ({ stack, cursor }) => stack.push(cursor.text(cursor.uint(4))),
  [op.SHORT_BINUNICODE]: ({ stack, cursor }) => stack.push(cursor.text(cursor.uint(1))),
  [op.BINUNICODE8]: ({ stack, cursor }) => stack.push(cursor.text(cursor.uint(8))),
  [op.STRING]: (machine) => machine.stack.push(python2String(unquote(machine), machine)),
  [op.BINSTRING]: (machine) => machine.stack.push(python2String(machine.cursor.raw(machine.cursor.uint(4)), machine)),
  [op.SHORT_BINSTRING]: (machine) => {
    machine.stack.push(python2String(machine.cursor.raw(machine.cursor.uint(1)), machine));
  },
  [op.BINBYTES]: ({ stack, cursor }) => stack.push(cursor.raw(cursor.uint(4)).slice()),
  [op.SHORT_BINBYTES]: ({ stack, cursor }) => stack.push(cursor.raw(cursor.uint(1)).slice()),
  [op.BINBYTES8]: ({ stack, cursor }) => stack.push(cursor.raw(cursor.uint(8)).slice()),
  [op.BYTEARRAY8]: ({ stack, cursor }) => stack.push(cursor.raw(cursor.uint(8)).slice()),

  [op.PUT]: (machine) => machine.stack.put(parseIndex(machine)),
  [op.BINPUT]: ({ stack, cursor }) => stack.put(cursor.uint(1)),
  [op.LONG_BINPUT]: ({ stack, cursor }) => stack.put(cursor.uint(4)),
  [op.MEMOIZE]: ({ stack }) => stack.memoize(),
  [op.GET]: (machine) => machine.stack.get(parseIndex(machine)),
  [op.BINGET]: ({ stack, cursor }) => stack.get(cursor.uint(1)),
  [op.LONG_BINGET]: ({ stack, cursor }) => stack.get(cursor.uint(4)),

  [op.MARK]: ({ stack }) => stack.mark(),
  [op.POP]: ({ stack }) => void stack.pop(),
  [op.POP_MARK]: ({ stack }) => void stack.popMark(),
  [op.DUP]: ({ stack }) => stack.push(stack.top),
  [op.PROTO]: ({ cursor }) => {
    const version = cursor.uint(1);
    if (version > 5) cursor.fail(`pickle protocol ${version}; 0 to 5 are read`);
  },
  // A hint for readers of streams: what it frames follows as it would without it.
  [op.FRAME]: ({ cursor }) => void cursor.uint(8),
};

/** An integer in two's complement, little-endian. */
function readInteger(length: number, { cursor, options }: Machine): number | bigint {
  const { maxIntegerBytes } = options.limits;
  if (length > maxIntegerBytes) {
    cursor.fail(`an integer of ${length} bytes; limits.maxIntegerBytes is ${maxIntegerBytes}`);
  }
  let hex = "";
  for (const byte of cursor.raw(length)) hex = byte.toString(16).padStart(2, "0") + hex;
  return hex === "" ? 0 : shortest(BigInt.asIntN(length * 8, BigInt(`0x${hex}`)));
}

function parseInteger(text: string, { cursor, options }: Machine): number | bigint {
  if (!/^-?\d+$/.test(text) || text.length > 3 * options.limits.maxIntegerBytes) {
    cursor.fail("no integer, or one beyond limits.maxIntegerBytes");
  }
  return shortest(BigInt(text));
}

/** Integers up to 2^53 are numbers. */
export function shortest(value: bigint): number | bigint {
  const number = Number(value);
  return Math.abs(number) <= 2 ** 53 && BigInt(number) === value ? number : value;
}

function parseIndex({ cursor }: Machine): number {
  const text = cursor.textLine();
  return /^\d{1,10}$/.test(text) ? Number(text) : cursor.fail("no number of the memo");
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

function python2String(bytes: Uint8Array, { cursor, options }: Machine): Node {
  if (options.encoding === "bytes") return bytes.slice();
  if (options.encoding === "latin1") return decodeLatin1(bytes);
  return (
    decodeText(bytes) ?? cursor.fail('a string of Python 2 is not UTF-8: choose { encoding: "latin1" } or "bytes"')
  );
}

const ESCAPES: Record<string, number> = { a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13 };

/** The bytes of a string as Python 2's repr() spells them. */
function unquote({ cursor }: Machine): Uint8Array {
  const quoted = /^(['"])(.*)\1$/s.exec(decodeLatin1(cursor.line()));
  if (quoted === null) return cursor.fail("a string without its quotes");
  const text = quoted[2].replace(/\\(x[\da-f]{2}|[0-7]{1,3}|.)/gis, (_, escaped: string) => {
    if (/^x./i.test(escaped)) return String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
    if (/^[0-7]/.test(escaped)) return String.fromCharCode(Number.parseInt(escaped, 8) & 255);
    return Object.hasOwn(ESCAPES, escaped) ? String.fromCharCode(ESCAPES[escaped]) : escaped;
  });
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
