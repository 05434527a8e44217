import { CheckpointError } from "../error.js";

// RFC 1951. Lengths 257..285 and distances 0..29: base value and number of extra bits.
const LENGTH_BASE = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
];
const LENGTH_EXTRA = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const DISTANCE_BASE = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
  8193, 12289, 16385, 24577,
];
const CODE_LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const MAX_BITS = 15;
/** Codes up to this length are looked up; a longer table would cost more to make than it saves. */
const TABLE_BITS = 10;

const FIXED_LITERALS = makeCode(
  new Uint8Array(288).fill(8, 0, 144).fill(9, 144, 256).fill(7, 256, 280).fill(8, 280, 288),
) as Code;
const FIXED_DISTANCES = makeCode(new Uint8Array(30).fill(5)) as Code;

/** A canonical Huffman code: how many codes each length has, and the symbols in order of their codes. */
interface Code {
  counts: Uint16Array;
  symbols: Uint16Array;
  /** By the next TABLE_BITS bits: symbol * 16 + length of its code, or 0 where that is longer or there is none. */
  table: Uint16Array;
}

/**
 * Inflates raw deflate data into `output`, which it must fill exactly: the size is known beforehand, so data that goes on
 * for longer is refused before it takes memory.
 */
export function inflate(input: Uint8Array, output: Uint8Array, entry: string): void {
  const inflater = new Inflater(input, output, entry);
  inflater.run();
}

class Inflater {
  private at = 0;
  private written = 0;
  private bitBuffer = 0;
  private bitCount = 0;

  constructor(
    private readonly input: Uint8Array,
    private readonly output: Uint8Array,
    private readonly entry: string,
  ) {}

  run(): void {
    let last = false;
    while (!last) {
      last = this.bits(1) === 1;
      const type = this.bits(2);
      if (type === 0) this.stored();
      else if (type === 1) this.compressed(FIXED_LITERALS, FIXED_DISTANCES);
      else if (type === 2) this.dynamic();
      else this.fail("an unknown kind of block");
    }
    if (this.written !== this.output.length) {
      this.fail(`${this.written} bytes where the directory says ${this.output.length}`);
    }
  }

  private fail(what: string): never {
    throw new CheckpointError(`the deflated data holds ${what}`, this.at, this.entry);
  }

  private bits(count: number): number {
    while (this.bitCount < count) {
      if (this.at >= this.input.length) this.fail("no end");
      this.bitBuffer |= this.input[this.at++] << this.bitCount;
      this.bitCount += 8;
    }
    const value = this.bitBuffer & ((1 << count) - 1);
    this.bitBuffer >>>= count;
    this.bitCount -= count;
    return value;
  }

  private symbol(code: Code): number {
    while (this.bitCount < TABLE_BITS && this.at < this.input.length) {
      this.bitBuffer |= this.input[this.at++] << this.bitCount;
      this.bitCount += 8;
    }
    const found = code.table[this.bitBuffer & ((1 << TABLE_BITS) - 1)];
    const length = found & 15;
    // At the end of the input the buffer may hold fewer bits than the code has.
    if (length === 0 || length > this.bitCount) return this.longSymbol(code);
    this.bitBuffer >>>= length;
    this.bitCount -= length;
    return found >> 4;
  }

  /** Bit by bit along the canonical code. */
  private longSymbol(code: Code): number {
    let value = 0;
    let first = 0;
    let index = 0;
    for (let length = 1; length <= MAX_BITS; length++) {
      value |= this.bits(1);
      const count = code.counts[length];
      if (value - count < first) return code.symbols[index + (value - first)];
      index += count;
      first = (first + count) << 1;
      value <<= 1;
    }
    return this.fail("a code that stands for nothing");
  }

  private room(length: number): void {
    if (this.written + length > this.output.length) {
      this.fail(`more than the ${this.output.length} bytes that the directory says`);
    }
  }

  private stored(): void {
    // A stored block begins at a byte: whole ones that were read ahead are given back, and the rest of one is dropped.
    this.at -= this.bitCount >> 3;
    this.bitBuffer = 0;
    this.bitCount = 0;
    const length = this.bits(16);
    if (this.bits(16) !== (~length & 0xffff)) this.fail("a stored block whose two lengths disagree");
    if (this.at + length > this.input.length) this.fail("no end");
    this.room(length);
    this.output.set(this.input.subarray(this.at, this.at + length), this.written);
    this.at += length;
    this.written += length;
  }

  private dynamic(): void {
    const literals = this.bits(5) + 257;
    const distances = this.bits(5) + 1;
    const lengths = new Uint8Array(19);
    const given = this.bits(4) + 4;
    for (let i = 0; i < given; i++) lengths[CODE_LENGTH_ORDER[i]] = this.bits(3);
    const all = this.codeLengths(this.code(lengths), literals + distances);
    if (all[256] === 0) this.fail("a block without an end");
    this.compressed(this.code(all.subarray(0, literals)), this.code(all.subarray(literals)));
  }

  private codeLengths(code: Code, count: number): Uint8Array {
    const lengths = new Uint8Array(count);
    for (let i = 0; i < count; ) {
      const symbol = this.symbol(code);
      if (symbol < 16) {
        lengths[i++] = symbol;
        continue;
      }
      if (symbol === 16 && i === 0) this.fail("a repeat of no length");
      const repeated = symbol === 16 ? lengths[i - 1] : 0;
      const times = symbol === 16 ? 3 + this.bits(2) : symbol === 17 ? 3 + this.bits(3) : 11 + this.bits(7);
      if (i + times > count) this.fail("more code lengths than it announced");
      lengths.fill(repeated, i, i + times);
      i += times;
    }
    return lengths;
  }

  private code(lengths: Uint8Array): Code {
    const code = makeCode(lengths);
    if (code === null) this.fail("more codes than fit their lengths");
    return code as Code;
  }

  private compressed(literals: Code, distances: Code): void {
    for (;;) {
      const symbol = this.symbol(literals);
      if (symbol === 256) return;
      if (symbol < 256) {
        this.room(1);
        this.output[this.written++] = symbol;
      } else {
        this.copy(symbol - 257, distances);
      }
    }
  }

  private copy(lengthCode: number, distances: Code): void {
    if (lengthCode >= LENGTH_BASE.length) this.fail("a length code that stands for nothing");
    const length = LENGTH_BASE[lengthCode] + this.bits(LENGTH_EXTRA[lengthCode]);
    const distanceCode = this.symbol(distances);
    if (distanceCode >= DISTANCE_BASE.length) this.fail("a distance code that stands for nothing");
    const extra = distanceCode < 4 ? 0 : (distanceCode >> 1) - 1;
    const distance = DISTANCE_BASE[distanceCode] + this.bits(extra);
    if (distance > this.written) this.fail("a distance that reaches before its start");
    this.room(length);
    const { output } = this;
    // Byte by byte: the two ranges may overlap, which repeats a pattern.
    for (let to = this.written, end = to + length; to < end; to++) output[to] = output[to - distance];
    this.written += length;
  }
}

/** The canonical code of these lengths; null where there are more codes than the lengths have room for. */
function makeCode(lengths: Uint8Array): Code | null {
  const counts = new Uint16Array(MAX_BITS + 1);
  for (const length of lengths) counts[length]++;
  let left = 1;
  for (let length = 1; length <= MAX_BITS; length++) {
    left = left * 2 - counts[length];
    if (left < 0) return null;
  }
  const offsets = new Uint16Array(MAX_BITS + 2);
  for (let length = 1; length <= MAX_BITS; length++) {
    offsets[length + 1] = offsets[length] + counts[length];
  }
  const symbols = new Uint16Array(lengths.length);
  lengths.forEach((length, symbol) => {
    if (length !== 0) symbols[offsets[length]++] = symbol;
  });
  counts[0] = 0;
  return { counts, symbols, table: makeTable(counts, symbols) };
}

/** Every number whose lowest bits are a code, which deflate sends with the first bit lowest, stands for its symbol. */
function makeTable(counts: Uint16Array, symbols: Uint16Array): Uint16Array {
  const table = new Uint16Array(1 << TABLE_BITS);
  let code = 0;
  let index = 0;
  for (let length = 1; length <= TABLE_BITS; length++, code <<= 1) {
    for (let i = 0; i < counts[length]; i++, code++, index++) {
      let reversed = 0;
      for (let bit = 0; bit < length; bit++) reversed |= ((code >> bit) & 1) << (length - 1 - bit);
      for (let at = reversed; at < table.length; at += 1 << length) table[at] = symbols[index] * 16 + length;
    }
  }
  return table;
}
