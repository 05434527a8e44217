// Gradients of which only some rows are there, as embeddings have them.

import { variantIndex } from "./kernel/variants.js";
import { ARRAY_TYPE, ELEMENT_BYTES, type FloatArray, lasting, Region } from "./memory/region.js";
import { checkElementType, checkNumbers, type NumberArray } from "./numbers.js";
import { describe, type Parameter } from "./parameter.js";

/**
 * Rows of a gradient: `values` holds one row of the parameter's first dimension (`size / shape[0]` numbers) for each of
 * `indices`, in their order. A row may come more than once: its values are summed. Rows that do not come have gradient 0.
 */
export interface SparseGradient {
  indices: Int32Array | Uint32Array;
  values: NumberArray;
}

/**
 * Rows with their indices on the JavaScript heap and their values in linear memory: what a sparse tensor of PyTorch is, with
 * its arithmetic. Entries are kept in order, and nothing is summed before it has to be, because that decides the bits.
 */
export class SparseRows {
  readonly parameter: Parameter;
  indices: Uint32Array;
  /** room for the values of all rows; after `clear` more than there are */
  readonly values: Region;
  isCoalesced: boolean;
  /** elements per row */
  readonly width: number;

  /**
   * `coalesced`: known to be sorted and without duplicates, which PyTorch knows of fewer than two entries, and of sums of such
   */
  constructor(parameter: Parameter, indices: ArrayLike<number>, coalesced = indices.length < 2) {
    this.parameter = parameter;
    this.indices = Uint32Array.from(indices);
    this.isCoalesced = coalesced;
    this.width = parameter.size / Math.max(parameter.shape[0], 1);
    this.values = new Region(parameter.engine.allocator, parameter.dtype, indices.length * this.width);
    parameter.attached.add(this.values);
  }

  static from(parameter: Parameter, { indices, values }: SparseGradient): SparseRows {
    const source = lasting(values, parameter.engine.memory);
    const rows = new SparseRows(parameter, indices);
    rows.values.view.set(source);
    return rows;
  }

  free(): void {
    this.parameter.attached.delete(this.values);
    this.values.free();
  }

  /** The number of values. */
  get size(): number {
    return this.indices.length * this.width;
  }

  /** No rows any more. Needs no memory, so that it cannot fail. */
  clear(): void {
    this.indices = new Uint32Array(0);
    this.isCoalesced = true;
  }

  /** A copy, its values multiplied by one factor, then by another. */
  scaled(first = 1, second = 1): SparseRows {
    const copy = new SparseRows(this.parameter, this.indices);
    const { engine, dtype } = this.parameter;
    engine.kernel[dtype].multiply(copy.values.address, this.values.address, this.size, first, second);
    return copy;
  }

  /**
   * this + alpha·other, as PyTorch adds sparse tensors: one pass over both lists as if they were sorted, in which equal
   * indices that meet become one entry.
   */
  plus(other: SparseRows, alpha: number): SparseRows {
    if (other.indices.length === 0) return this.scaled();
    if (this.indices.length === 0) return other.scaled(alpha);
    const { indices, left, right } = mergeIndices(this.indices, other.indices);
    const sum = zeroRows(this.parameter, indices, this.isCoalesced && other.isCoalesced);
    for (let k = 0; k < indices.length; k++) {
      if (left[k] >= 0) this.#addRow(left[k], sum.values, k, 1);
      if (right[k] >= 0) other.#addRow(right[k], sum.values, k, alpha);
    }
    return sum;
  }

  /** target = target + alpha·this, entry by entry; the target is a dense array like the parameter's. */
  addTo(target: { address: number }, alpha: number): void {
    if (this.parameter.shape.length === 1 && this.isCoalesced) {
      this.#addElements(target, alpha);
      return;
    }
    for (let k = 0; k < this.indices.length; k++) this.#addRow(k, target, this.indices[k], alpha);
  }

  /** A dense array like the parameter's, on the JavaScript heap. */
  toDense(): FloatArray {
    const { dtype, size } = this.parameter;
    const dense = new ARRAY_TYPE[dtype](size);
    const values = this.values.view;
    for (let k = 0; k < this.size; k++) {
      dense[this.indices[Math.floor(k / this.width)] * this.width + (k % this.width)] += values[k];
    }
    return dense;
  }

  /** The same with one entry for each row. */
  coalesced(): SparseRows {
    const order = new Map<number, number>();
    for (const row of this.indices) if (!order.has(row)) order.set(row, order.size);
    const sums = zeroRows(this.parameter, [...order.keys()]);
    for (const [k, row] of this.indices.entries()) this.#addRow(k, sums.values, order.get(row) as number, 1);
    return sums;
  }

  /** PyTorch adds the elements of a coalesced tensor without its vector routine, and rounds twice. */
  #addElements(target: { address: number }, alpha: number): void {
    const { dtype, engine, size } = this.parameter;
    const round = dtype === "float32" ? Math.fround : (x: number) => x;
    const elements = new ARRAY_TYPE[dtype](engine.memory.buffer, target.address, size);
    const values = this.values.view;
    for (let k = 0; k < this.indices.length; k++) elements[this.indices[k]] += round(round(alpha) * values[k]);
  }

  /** Row `at` of target += alpha·(row k of this). */
  #addRow(k: number, target: { address: number }, at: number, alpha: number): void {
    const bytes = this.width * ELEMENT_BYTES[this.parameter.dtype];
    addRow(this.parameter, this.values.address + k * bytes, target.address + at * bytes, this.width, alpha);
  }
}

/** to = to + alpha·from over n elements: the plain update with -lr = alpha. */
function addRow({ engine, dtype }: Parameter, from: number, to: number, n: number, alpha: number): void {
  engine.kernel[dtype].sgd(PLAIN, to, from, 0, n, alpha, 0, 0, 0, 0, 1, 1);
}

/** The variant without momentum and weight decay. */
export const PLAIN = variantIndex(false, false, false, false);

function zeroRows(parameter: Parameter, indices: ArrayLike<number>, coalesced?: boolean): SparseRows {
  const rows = new SparseRows(parameter, indices, coalesced);
  parameter.engine.kernel.zero(rows.values.address, rows.values.size * ELEMENT_BYTES[parameter.dtype]);
  return rows;
}

/** The indices of a sum, and which entries of both sides (-1 for none) go into each. */
function mergeIndices(left: ArrayLike<number>, right: ArrayLike<number>) {
  const merged = { indices: [] as number[], left: [] as number[], right: [] as number[] };
  for (let i = 0, j = 0; i < left.length || j < right.length; ) {
    const takeLeft = j === right.length || (i < left.length && left[i] <= right[j]);
    const takeRight = i === left.length || (j < right.length && right[j] <= left[i]);
    merged.indices.push(takeLeft ? left[i] : right[j]);
    merged.left.push(takeLeft ? i++ : -1);
    merged.right.push(takeRight ? j++ : -1);
  }
  return merged;
}

/** @throws Error when indices and values do not fit the parameter */
export function checkSparse(parameter: Parameter, { indices, values }: SparseGradient): void {
  if (!(indices instanceof Int32Array || indices instanceof Uint32Array)) {
    throw new TypeError("indices of a sparse gradient must be an Int32Array or a Uint32Array");
  }
  if (parameter.shape.length === 0) throw new Error("a scalar parameter has no rows: its gradient cannot be sparse");
  const rows = parameter.shape[0];
  const expected = rows === 0 ? 0 : indices.length * (parameter.size / rows);
  if (values.length !== expected) {
    throw new Error(
      `assigned grad has data of a different size: ${indices.length} rows of ${describe(parameter)} are ${expected} ` +
        `elements, got ${values.length}`,
    );
  }
  const wrong = indices.findIndex((row) => row < 0 || row >= rows);
  if (wrong >= 0) {
    throw new RangeError(
      `index ${indices[wrong]} of a sparse gradient is out of range: ${describe(parameter)} has ${rows} rows`,
    );
  }
  checkElementType(values, parameter.dtype);
  checkNumbers(values, "values");
}
