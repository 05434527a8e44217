// Reads just enough of the binary format of WebAssembly to take a module apart: sections, function bodies, instructions.
// https://webassembly.github.io/spec/core/binary/

export const CALL = 0x10;
export const GLOBAL_GET = 0x23;
export const LOCAL_GET = 0x20;
export const LOCAL_TEE = 0x22;
export const IF = 0x04;
export const ELSE = 0x05;
export const END = 0x0b;
export const V128 = 0x7b;
export const I32 = 0x7f;
const BLOCK = 0x02;
const BRANCH = 0x0c;
const BRANCH_IF = 0x0d;

/** Reads one after the other what the format is made of. */
export class Reader {
  constructor(bytes, at = 0, end = bytes.length) {
    Object.assign(this, { bytes, at, end });
  }

  byte() {
    return this.bytes[this.at++];
  }

  /** An unsigned LEB128. */
  number() {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  }

  take(length) {
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  name() {
    return new TextDecoder().decode(this.take(this.number()));
  }

  list(read) {
    return Array.from({ length: this.number() }, read);
  }
}

export function leb(value) {
  const bytes = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value & 127) | 128);
  return [...bytes, value];
}

/** The contents of the sections by their ids. */
export function sections(bytes) {
  const found = new Map();
  for (const reader = new Reader(bytes, 8); reader.at < bytes.length; ) {
    const id = reader.byte();
    found.set(id, reader.take(reader.number()));
  }
  return found;
}

/** A function's groups of locals, and its instructions: opcode, operand where it is an index or a depth, and all bytes. */
export function parseBody(bytes) {
  const reader = new Reader(bytes);
  const locals = reader.list(() => ({ count: reader.number(), type: reader.byte() }));
  const instructions = [];
  while (reader.at < bytes.length) instructions.push(instruction(reader));
  return { locals, instructions };
}

function instruction(reader) {
  const start = reader.at;
  const op = reader.byte();
  const operand = operandOf(op, reader);
  return { op, operand, bytes: [...reader.bytes.subarray(start, reader.at)] };
}

/** Reads an instruction's operands; returns the first where it is a number. */
function operandOf(op, reader) {
  if (op >= BLOCK && op <= IF) return reader.byte();
  if (op === BRANCH || op === BRANCH_IF || op === CALL || (op >= LOCAL_GET && op <= 0x24)) return reader.number();
  if (op === 0x11 || (op >= 0x28 && op <= 0x3e)) return [reader.number(), reader.number()][0]; // call_indirect, loads and stores
  if (op === 0x41 || op === 0x42) return reader.number(); // constants
  if (op === 0x43) return void reader.take(4);
  if (op === 0x44) return void reader.take(8);
  if (op === 0xfc) return void reader.take(reader.number() === 0x0b ? 1 : Number.NaN); // memory.fill
  if (op === 0xfd) return vectorOperand(reader.number(), reader);
  if (op > 0x44 || [0x00, 0x01, ELSE, END, 0x0f, 0x1a, 0x1b].includes(op)) return undefined;
  throw new Error(`the template has an instruction that is not known here: 0x${op.toString(16)}`);
}

function vectorOperand(op, reader) {
  if (op <= 11 || op === 92 || op === 93) return [reader.number(), reader.number()][0]; // loads and stores
  if (op === 12 || op === 13) return void reader.take(16); // constant, shuffle
  if (op >= 21 && op <= 34) return void reader.byte(); // lanes
  if (op >= 84 && op <= 91) return void [reader.number(), reader.number(), reader.byte()]; // loads and stores of lanes
  return undefined;
}
