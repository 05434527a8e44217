// Reads just enough of the binary format of WebAssembly to take the compiled template apart:
// https://webassembly.github.io/spec/core/binary/

export const OP = {
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  br_if: 0x0d,
  return: 0x0f,
  call: 0x10,
  call_indirect: 0x11,
  local_get: 0x20,
  local_set: 0x21,
  local_tee: 0x22,
  global_get: 0x23,
  i32_const: 0x41,
};
/** Those that are read, names and the like (0), and the compiler's table (4), which nothing uses. */
const KNOWN_SECTIONS = [0, 1, 2, 3, 4, 7, 10];
export const SECTION = { types: 1, imports: 2, functions: 3, exports: 7, code: 10 };
/** Kinds of what is imported or exported. */
export const KIND = { function: 0, memory: 2, global: 3 };

/** Reads one after the other what the format is made of. */
export class Reader {
  #bytes;
  #at = 0;

  constructor(bytes) {
    this.#bytes = bytes;
  }

  get done() {
    return this.#at === this.#bytes.length;
  }

  byte() {
    if (this.done) throw new Error("the compiled module ends too early");
    return this.#bytes[this.#at++];
  }

  /** An unsigned LEB128; of a signed one only the length is right. */
  number() {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }

  take(length) {
    if (this.#at + length > this.#bytes.length) throw new Error("the compiled module ends too early");
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  name() {
    return new TextDecoder().decode(this.take(this.number()));
  }

  list(read) {
    return Array.from({ length: this.number() }, () => read(this));
  }

  /** What `read` gives, and the bytes that it read. */
  traced(read) {
    const start = this.#at;
    const value = read(this);
    return { value, bytes: [...this.#bytes.subarray(start, this.#at)] };
  }
}

/**
 * The module's parts, with indices as it counts them. `flags` and `holes` are the names of imported globals and functions;
 * functions are counted without the imported ones.
 */
export function readModule(bytes) {
  const sections = readSections(bytes);
  const open = (id) => new Reader(sections.get(id));
  const imports = open(SECTION.imports).list(readImport);
  const named = (kind) => imports.filter((one) => one.kind === kind).map(({ name }) => name);
  const holes = named(KIND.function);
  const parameters = open(SECTION.types).list(readParameters);
  const types = open(SECTION.functions).list((reader) => reader.number());
  const functions = open(SECTION.code).list((reader) => readFunction(reader.take(reader.number())));
  const exports = open(SECTION.exports).list(readExport);
  return {
    start: [...bytes.subarray(0, 8)],
    types: [...sections.get(SECTION.types)],
    flags: named(KIND.global),
    holes,
    functions: functions.map((body, i) => ({ ...body, type: types[i], parameters: parameters[types[i]] })),
    exports: new Map(
      exports.filter(({ kind }) => kind === KIND.function).map(({ name, index }) => [name, index - holes.length]),
    ),
  };
}

function readSections(bytes) {
  const sections = new Map();
  const reader = new Reader(bytes.subarray(8));
  while (!reader.done) {
    const id = reader.byte();
    if (!KNOWN_SECTIONS.includes(id))
      throw new Error(`the compiled module has a section that no build would have: ${id}`);
    sections.set(id, reader.take(reader.number()));
  }
  return sections;
}

function readImport(reader) {
  reader.name();
  const name = reader.name();
  const kind = reader.byte();
  if (kind === KIND.function) reader.number();
  else if (kind === KIND.global) reader.take(2);
  else if (reader.number() & 1) reader.take(0, reader.number(), reader.number());
  else reader.number();
  return { name, kind };
}

/** The number of a type's parameters. */
function readParameters(reader) {
  reader.byte();
  const parameters = reader.list(() => reader.byte());
  reader.list(() => reader.byte());
  return parameters.length;
}

function readExport(reader) {
  return { name: reader.name(), kind: reader.byte(), index: reader.number() };
}

/** Groups of locals, and instructions: opcode, first operand where it is a number, and all bytes. */
function readFunction(bytes) {
  const reader = new Reader(bytes);
  const locals = reader.list(() => ({ count: reader.number(), type: reader.byte() }));
  const instructions = [];
  while (!reader.done) {
    const { value, bytes } = reader.traced(readInstruction);
    instructions.push({ ...value, bytes });
  }
  return { locals, instructions };
}

function readInstruction(reader) {
  const op = reader.byte();
  return { op, operand: readOperands(op, reader) };
}

/** Operands by opcode; those that are not here have none. */
const NUMBER = [OP.br, OP.br_if, OP.call, OP.local_get, OP.local_set, OP.local_tee, OP.global_get, OP.i32_const, 0x42];
const PLAIN = [0x00, 0x01, OP.else, OP.end, OP.return, 0x1a, 0x1b];

function readOperands(op, reader) {
  if (op >= OP.block && op <= OP.if) return readBlockType(reader);
  if (NUMBER.includes(op)) return reader.number();
  if (op === OP.call_indirect || (op >= 0x28 && op <= 0x3e)) return readTwo(reader); // also loads and stores
  if (op === 0x43) return void reader.take(4);
  if (op === 0x44) return void reader.take(8);
  if (op === 0xfd) return readVectorOperands(reader.number(), reader);
  if (op === 0xfc && reader.number() === 0x0b) return reader.byte(); // memory.fill
  if (PLAIN.includes(op) || (op > 0x44 && op < 0xc5)) return undefined;
  throw new Error(`the compiled module has an instruction that is not known here: 0x${op.toString(16)}`);
}

function readBlockType(reader) {
  const type = reader.byte();
  if (type > 127) throw new Error("the compiled module has a block with a type that is not known here");
  return type;
}

function readVectorOperands(op, reader) {
  if (op < 12 || op === 92 || op === 93) return readTwo(reader); // loads and stores
  if (op === 12 || op === 13) return void reader.take(16); // constants and shuffles
  if (op >= 21 && op <= 34) return reader.byte(); // lanes
  if (op >= 84 && op <= 91) return readTwo(reader, reader.byte); // loads and stores of lanes
  return undefined;
}

function readTwo(reader, more) {
  const first = reader.number();
  reader.number();
  more?.call(reader);
  return first;
}
