import { ByteWriter } from "../io/byte-writer.js";
import { decodeLatin1, encodeText } from "../io/text.js";
import * as op from "./opcodes.js";

/**
 * Writes a pickle of protocol 2 with those opcodes alone that torch.load(weights_only=True) reads. Strings, globals and
 * whatever the caller names are written once and referred to afterwards.
 */
export class PickleWriter {
  private readonly out = new ByteWriter().uint8(op.PROTO).uint8(2);
  private readonly memo = new Map<unknown, number>();

  op(code: number): this {
    this.out.uint8(code);
    return this;
  }

  /** Refers to what was memorised under this key; false if nothing was. */
  recall(key: unknown): boolean {
    const index = this.memo.get(key);
    if (index === undefined) return false;
    if (index < 256) this.out.uint8(op.BINGET).uint8(index);
    else this.out.uint8(op.LONG_BINGET).uint32(index);
    return true;
  }

  /** Memorises what was written last. */
  memorise(key: unknown): this {
    const index = this.memo.size;
    this.memo.set(key, index);
    if (index < 256) this.out.uint8(op.BINPUT).uint8(index);
    else this.out.uint8(op.LONG_BINPUT).uint32(index);
    return this;
  }

  string(text: string): this {
    if (this.recall(text)) return this;
    return this.text(text).memorise(text);
  }

  private text(text: string): this {
    const bytes = encodeText(text);
    this.out.uint8(op.BINUNICODE).uint32(bytes.length).bytes(bytes);
    return this;
  }

  /** As protocol 2 spells them: `_codecs.encode(text, "latin1")`. Its opcodes for bytes came later. */
  bytes(bytes: Uint8Array): this {
    this.global("_codecs", "encode").text(decodeLatin1(bytes)).string("latin1");
    return this.op(op.TUPLE2).op(op.REDUCE);
  }

  complex(re: number, im: number): this {
    return this.global("__builtin__", "complex").float(re).float(im).op(op.TUPLE2).op(op.REDUCE);
  }

  float(value: number): this {
    this.out.uint8(op.BINFLOAT).float64(value);
    return this;
  }

  integer(value: bigint): this {
    if (value >= 0n && value < 0x100n) this.out.uint8(op.BININT1).uint8(Number(value));
    else if (value >= 0n && value < 0x10000n) this.out.uint8(op.BININT2).uint16(Number(value));
    else if (BigInt.asIntN(32, value) === value) this.out.uint8(op.BININT).uint32(Number(BigInt.asUintN(32, value)));
    else this.long(value);
    return this;
  }

  // Two's complement, little-endian, in as many bytes as it takes.
  private long(value: bigint): void {
    const magnitude = (value < 0n ? -value : value).toString(16);
    const length = Math.floor(magnitude.length / 2) + 1;
    if (length > 255) throw new RangeError("an integer of more than 2032 bits");
    this.out.uint8(op.LONG1).uint8(length);
    const hex = BigInt.asUintN(8 * length, value)
      .toString(16)
      .padStart(2 * length, "0");
    for (let i = length - 1; i >= 0; i--) this.out.uint8(Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16));
  }

  global(module: string, name: string): this {
    // A symbol, so that no string of the value is mistaken for it.
    const key = Symbol.for(`${module}.${name}`);
    if (this.recall(key)) return this;
    this.out.uint8(op.GLOBAL).bytes(encodeText(`${module}\n${name}\n`));
    return this.memorise(key);
  }

  integers(values: readonly number[]): this {
    if (values.length === 0) return this.op(op.EMPTY_TUPLE);
    this.op(op.MARK);
    for (const value of values) this.integer(BigInt(value));
    return this.op(op.TUPLE);
  }

  finish(): Uint8Array<ArrayBuffer> {
    return this.out.uint8(op.STOP).finish();
  }
}
