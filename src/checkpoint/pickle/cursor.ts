import { uint64, viewOf } from "../io/bytes.js";
import { fail, TruncatedError } from "../io/error.js";
import { decodeText } from "../io/text.js";

/** Takes opcodes and their arguments from the bytes of a pickle, never from beyond them. */
export class Cursor {
  at = 0;
  /** Where the current opcode is. */
  private op = 0;
  private readonly view: DataView;

  constructor(
    private readonly bytes: Uint8Array,
    /** Where the bytes begin in the file. */
    private readonly base: number,
  ) {
    this.view = viewOf(bytes);
  }

  /** The offset of the current opcode in the file. */
  get where(): number {
    return this.base + this.op;
  }

  opcode(): number {
    this.op = this.at;
    return this.uint(1);
  }

  private take(length: number): number {
    const from = this.at;
    if (!(from + length <= this.bytes.length)) {
      const missing = from + length - this.bytes.length;
      throw new TruncatedError(`the pickle ends ${missing} bytes too early`);
    }
    this.at += length;
    return from;
  }

  uint(width: 1 | 2 | 4 | 8): number {
    const at = this.take(width);
    if (width === 1) return this.view.getUint8(at);
    if (width === 2) return this.view.getUint16(at, true);
    return width === 4 ? this.view.getUint32(at, true) : uint64(this.view, at);
  }

  int32(): number {
    return this.view.getInt32(this.take(4), true);
  }

  float64(): number {
    return this.view.getFloat64(this.take(8));
  }

  /** The next bytes, as a view. */
  raw(length: number): Uint8Array {
    const at = this.take(length);
    return this.bytes.subarray(at, at + length);
  }

  text(length: number): string {
    return utf8(this.raw(length));
  }

  /** The rest of the line, without its end. */
  line(): Uint8Array {
    const end = this.bytes.indexOf(10, this.at);
    const bytes = this.raw((end < 0 ? this.bytes.length + 1 : end) - this.at);
    this.take(1);
    return bytes;
  }

  /** The rest of the line as text. */
  textLine(): string {
    return utf8(this.line());
  }
}

function utf8(bytes: Uint8Array): string {
  return decodeText(bytes) ?? fail("a string is not UTF-8");
}
