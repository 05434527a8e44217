import { fail, type Place, TruncatedError } from "../error.js";
import { decodeText } from "../io/text.js";
import type { Budget, CheckpointLimits } from "../limits.js";
import { viewOf } from "../zip/read.js";

export interface PickleOptions {
  limits: CheckpointLimits;
  budget: Budget;
  /** Where the bytes begin in the file, or in `entry`. */
  base: number;
  entry: string | undefined;
}

/** Takes the arguments of a pickle's opcodes from its bytes, never from beyond them. */
export class PickleCursor {
  protected at = 0;
  /** Where the current opcode is. */
  protected op = 0;
  protected readonly view: DataView;

  constructor(
    protected readonly bytes: Uint8Array,
    protected readonly options: PickleOptions,
  ) {
    this.view = viewOf(bytes);
  }

  protected get where(): Place {
    return { offset: this.options.base + this.op, entry: this.options.entry };
  }

  protected fail(what: string): never {
    return fail(what, this.where);
  }

  protected take(length: number): number {
    const from = this.at;
    if (!(from + length <= this.bytes.length)) {
      throw new TruncatedError(
        `the pickle ends ${from + length - this.bytes.length} bytes too early`,
        this.options.base + this.op,
        this.options.entry,
      );
    }
    this.at += length;
    return from;
  }

  protected uint(width: 1 | 2 | 4 | 8): number {
    const at = this.take(width);
    if (width === 1) return this.view.getUint8(at);
    if (width === 2) return this.view.getUint16(at, true);
    const low = this.view.getUint32(at, true);
    return width === 4 ? low : low + this.view.getUint32(at + 4, true) * 2 ** 32;
  }

  protected raw(length: number): Uint8Array {
    const at = this.take(length);
    return this.bytes.subarray(at, at + length);
  }

  protected text(length: number): string {
    return decodeText(this.raw(length)) ?? this.fail("a string is not UTF-8");
  }

  protected line(): string {
    const end = this.bytes.indexOf(10, this.at);
    const text = this.text((end < 0 ? this.bytes.length + 1 : end) - this.at);
    this.take(1);
    return text;
  }

  protected integer(length: number): number | bigint {
    const { maxIntegerBytes } = this.options.limits;
    if (length > maxIntegerBytes)
      this.fail(`an integer of ${length} bytes; limits.maxIntegerBytes is ${maxIntegerBytes}`);
    let hex = "";
    for (const byte of this.raw(length)) hex = byte.toString(16).padStart(2, "0") + hex;
    if (hex === "") return 0;
    const value = BigInt.asIntN(length * 8, BigInt(`0x${hex}`));
    const number = Number(value);
    return Math.abs(number) <= 2 ** 53 && BigInt(number) === value ? number : value;
  }
}
