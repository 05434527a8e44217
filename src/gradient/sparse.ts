// Gradients of which only some rows are there, as embeddings have them.

import { type NumberArray, tagOf, typeName } from "../common/checks.js";
import { ARRAY_TYPE, ELEMENT_BYTES, type ElementArray, isHalf, ROUND } from "../common/dtype.js";
import { checkElements, checkFloatType } from "../common/elements.js";
import { lasting, Region } from "../memory/region.js";
import type { AnyParameter } from "../parameter.js";

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
  readonly parameter: AnyParameter;
  indices: Uint32Array;
  /** room for the values of all rows; after `clear` more than there are */
  readonly values: Region;
  isCoalesced: boolean;
  /** elements per row */
  readonly width: number;

  /**
   * Values are not set yet. `coalesced`: known to be sorted and without duplicates, which PyTorch knows of fewer than two
   * entries, and of sums of such.
   */
  constructor(parameter: AnyParameter, indices: ArrayLike<number>, coalesced = indices.length < 2) {
    this.parameter = parameter;
    this.indices = Uint32Array.from(indices);
    this.isCoalesced = coalesced;
    this.width = rowWidth(parameter);
    this.values = Region.create(parameter.engine.allocator, parameter.dtype, this.size);
    parameter.attached.add(this.values);
  }

  static from(parameter: AnyParameter, { indices, values }: SparseGradient): SparseRows {
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
    const indices: number[] = [];
    // The entries of the sum to which those of either side go.
    const left: number[] = [];
    const right: number[] = [];
    for (;;) {
      const nextLeft = this.indices[left.length] ?? Infinity;
      const nextRight = other.indices[right.length] ?? Infinity;
      const next = Math.min(nextLeft, nextRight);
      if (next === Infinity) break;
      if (next === nextLeft) left.push(indices.length);
      if (next === nextRight) right.push(indices.length);
      indices.push(next);
    }
    const sum = new SparseRows(this.parameter, indices, this.isCoalesced && other.isCoalesced);
    sum.values.view.fill(0);
    this.#addRows(sum.values.view, left, 1);
    other.#addRows(sum.values.view, right, alpha);
    return sum;
  }

  /** target = target + alpha·this, entry by entry; the target is a view of a dense array like the parameter's. */
  addTo(target: ElementArray, alpha: number): void {
    // PyTorch adds single elements of a coalesced tensor without its vector routine.
    if (this.parameter.shape.length === 1 && this.isCoalesced) this.#addElements(target, alpha);
    else this.#addRows(target, this.indices, alpha);
  }

  /** A dense array like the parameter's, on the JavaScript heap. */
  toDense(): ElementArray {
    const { dtype, size } = this.parameter;
    const dense = new ARRAY_TYPE[dtype](size);
    this.#addElements(dense, 1);
    return dense;
  }

  /** A copy with one entry for each row, its values multiplied by a factor before they are summed. */
  coalesced(factor: number): SparseRows {
    const places = new Map<number, number>();
    for (const row of this.indices) if (!places.has(row)) places.set(row, places.size);
    const scaled = this.scaled(factor);
    try {
      const sums = new SparseRows(this.parameter, [...places.keys()]);
      sums.values.view.fill(0);
      scaled.#addRows(
        sums.values.view,
        this.indices.map((row) => places.get(row) as number),
        1,
      );
      return sums;
    } finally {
      scaled.free();
    }
  }

  /** Row `places[k]` of a target in linear memory += alpha·(row k of this), rounded as in the updates. */
  #addRows(target: ElementArray, places: ArrayLike<number>, alpha: number): void {
    const { parameter, width } = this;
    const bytes = width * ELEMENT_BYTES[parameter.dtype];
    const to = target.byteOffset;
    let from = this.values.address;
    for (let k = 0; k < this.indices.length; k++, from += bytes)
      add(parameter, to + places[k] * bytes, from, width, alpha);
  }

  /** Each row to its place in any target, with products rounded before they are added. */
  #addElements(target: ElementArray, alpha: number): void {
    const { parameter, width, indices } = this;
    const round = ROUND[parameter.dtype];
    const values = this.values.view;
    for (let k = 0; k < this.size; k++) {
      target[indices[Math.floor(k / width)] * width + (k % width)] += round(round(alpha) * values[k]);
    }
  }
}

/** to = to + alpha·from over n elements at byte addresses: the update without momentum and weight decay, with -lr = alpha. */
export function add(parameter: AnyParameter, to: number, from: number, n: number, alpha: number): void {
  const { engine, dtype } = parameter;
  engine.kernel[dtype].sgd(0, to, from, 0, n, { ...NO_SCALARS, negativeLr: alpha });
}

const NO_SCALARS = { weightDecay: 0, momentum: 0, undamped: 1, factor: 1, clip: 1 };

/** Elements per row; 0 without rows. */
function rowWidth({ size, shape }: AnyParameter): number {
  return size / Math.max(shape[0], 1);
}

/**
 * @returns the rows, with values as `checkNumbers` returns them
 * @throws Error when indices and values do not fit the parameter
 */
export function checkSparse(parameter: AnyParameter, { indices, values: given }: SparseGradient): SparseGradient {
  if (isHalf(parameter.dtype)) {
    throw new Error(`${parameter.label} is ${parameter.dtype}: sparse gradients are for float32 and float64`);
  }
  if (!ArrayBuffer.isView(indices) || !["Int32Array", "Uint32Array"].includes(tagOf(indices))) {
    throw new TypeError(`indices must be an Int32Array or a Uint32Array, got ${typeName(indices)}`);
  }
  const values = checkElements(given, parameter.dtype, "values");
  const rows = parameter.shape[0];
  if (rows === undefined) throw new Error("a scalar parameter has no rows for a sparse gradient");
  const expected = indices.length * rowWidth(parameter);
  if (values.length !== expected) {
    throw new Error(
      `assigned grad has data of a different size: expected ${expected} elements (${indices.length} rows), got ${values.length}`,
    );
  }
  const wrong = indices.find((row) => row < 0 || row >= rows);
  if (wrong !== undefined) throw new RangeError(`index ${wrong} is out of range: ${parameter.label} has ${rows} rows`);
  checkFloatType(values, parameter.dtype);
  return { indices, values };
}
