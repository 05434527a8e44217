/// <reference lib="esnext.disposable" preserve="true" />

// A tensor that is trained: elements and gradient in linear memory.

import { checkElementType, checkInteger, checkNumbers, type NumberArray } from "./common/checks.js";
import type { DType } from "./common/dtype.js";
import { ELEMENT_BYTES, type FloatArrayOf } from "./common/dtype.js";
import type { Engine } from "./engine.js";
import { checkSparse, type SparseGradient, SparseRows } from "./gradient/sparse.js";
import { ADDRESS_SPACE } from "./memory/allocator.js";
import { lasting, Region } from "./memory/region.js";
import { structure } from "./optimizer/structure.js";

export interface ParameterOptions {
  /** element type; default `"float32"` */
  dtype?: DType;
  /** `size` initial values in row-major order, copied in; zeros when absent */
  data?: ArrayLike<number>;
  /** carried into `stateDict()`, where parameters can be matched by it */
  name?: string;
  /** only with a foreign memory: byte address of elements that already live there; they are used in place */
  address?: number;
}

/**
 * A dense array of float32 or float64 in an engine's linear memory, with room for its gradient.
 * Made by `engine.parameter(shape, options)`.
 */
export class Parameter<D extends DType = DType> {
  /** dimensions, outermost first; `[]` for a scalar */
  readonly shape: readonly number[];
  /** number of elements: the product of `shape` */
  readonly size: number;
  readonly dtype: D;
  readonly name: string | undefined;
  /** byte address of the first element */
  readonly address: number;

  /** @internal */
  readonly engine: Engine;
  /** The dense gradient's place, kept while the gradient is null. @internal */
  gradient: Region | null = null;
  /** Whether there is a dense gradient. @internal */
  hasGrad = false;
  /** The gradient while it is sparse. @internal */
  sparse: SparseRows | null = null;
  /** What is freed with the parameter: its own regions, and what optimizers keep for it. @internal */
  readonly attached = new Set<Region>();
  /** @internal */
  disposed = false;
  readonly #elements: Region;

  /** @internal */
  static create(engine: Engine, shape: number | readonly number[], options: ParameterOptions): Parameter {
    return new Parameter(engine, shape, options);
  }

  private constructor(
    engine: Engine,
    shape: number | readonly number[],
    { dtype = "float32", data, name, address }: ParameterOptions,
  ) {
    if (dtype !== "float32" && dtype !== "float64") {
      throw new TypeError(`dtype must be "float32" or "float64", got ${String(dtype)}`);
    }
    this.engine = engine;
    this.shape = Object.freeze(Array.isArray(shape) ? [...shape] : [shape]);
    this.size = sizeOf(this.shape, ELEMENT_BYTES[dtype]);
    this.dtype = dtype as D;
    this.name = name;
    if (data !== undefined) {
      checkNumbers(data, "data");
      if (data.length !== this.size) {
        throw new RangeError(`data has ${data.length} elements, but the shape has ${this.size}`);
      }
    }
    const source = data && lasting(data, engine.memory);
    this.#elements = this.#newRegion(address);
    this.address = this.#elements.address;
    if (source?.length) this.data.set(source);
    else if (address === undefined) this.#zero(this.#elements);
  }

  /**
   * The elements, live: a view of linear memory, `size` long, row-major. Read it anew after anything that may allocate,
   * because a view that you keep dies when the memory grows; what this property returns is always valid.
   */
  get data(): FloatArrayOf<D> {
    return this.#elements.view as FloatArrayOf<D>;
  }

  /** The gradient, live, as `data` is; null until there is one, and while it is sparse (see `sparseGrad`). */
  get grad(): FloatArrayOf<D> | null {
    this.checkAlive();
    return this.hasGrad ? (this.gradient!.view as FloatArrayOf<D>) : null;
  }

  /**
   * Copies a gradient in: `size` numbers as an array, an array of integers or a typed array of this parameter's element
   * type; or rows of it (`SparseGradient`); or null for no gradient.
   *
   * @throws Error when the length or the element type is another
   */
  set grad(values: NumberArray | SparseGradient | null) {
    this.checkAlive();
    if (values === null || values === undefined) {
      this.#setGrad(false);
    } else if (typeof values === "object" && "indices" in values) {
      checkSparse(this, values);
      this.#setGrad(false, SparseRows.from(this, values));
    } else {
      this.#setDense(values);
    }
  }

  /** The sparse gradient as it was assigned, live values included; null when there is none. */
  get sparseGrad(): SparseGradient | null {
    this.checkAlive();
    const { sparse } = this;
    return sparse && { indices: sparse.indices, values: sparse.values.view.subarray(0, sparse.size) };
  }

  /** The live gradient view, created as zeros if there was no dense gradient. */
  ensureGrad(): FloatArrayOf<D> {
    this.checkAlive();
    this.gradient ??= this.#newRegion();
    if (!this.hasGrad) {
      this.#zero(this.gradient);
      this.#setGrad(true);
    }
    return this.gradient.view as FloatArrayOf<D>;
  }

  /** Sets the gradient to zero, in place; null stays null, and a sparse gradient loses its rows. */
  zeroGrad(): void {
    this.checkAlive();
    if (this.hasGrad) this.#zero(this.gradient!);
    else this.sparse?.clear();
  }

  /** Frees elements, gradient and momentum buffers. The parameter cannot be used afterwards; a second call does nothing. */
  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.#setGrad(false);
    structure.version++;
    for (const region of this.attached) region.free();
    this.attached.clear();
    this.engine.parameters.delete(this);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #setDense(values: NumberArray): void {
    checkNumbers(values, "grad");
    if (values.length !== this.size) {
      throw new Error(
        `assigned grad has data of a different size: expected ${this.size} elements (shape [${this.shape}]), got ${values.length}`,
      );
    }
    checkElementType(values, this.dtype);
    const source = this.gradient ? values : lasting(values, this.engine.memory);
    this.gradient ??= this.#newRegion();
    this.gradient.view.set(source);
    this.#setGrad(true);
  }

  /** From now on there is a dense gradient, in its place, or a sparse one, or none. */
  #setGrad(dense: boolean, sparse: SparseRows | null = null): void {
    if (dense !== this.hasGrad || sparse !== this.sparse) structure.version++;
    this.sparse?.free();
    this.hasGrad = dense;
    this.sparse = sparse;
  }

  /** Room for as many elements as the parameter has. */
  #newRegion(address?: number): Region {
    const region = new Region(this.engine.allocator, this.dtype, this.size, address);
    this.attached.add(region);
    return region;
  }

  #zero({ address }: Region): void {
    this.engine.kernel.zero(address, this.size * ELEMENT_BYTES[this.dtype]);
  }

  /** @internal */
  checkAlive(): void {
    if (this.disposed) throw new Error(`${describe(this)} was disposed`);
  }
}

/** How messages call a parameter. */
export function describe({ name, shape }: Parameter): string {
  return `the parameter ${name === undefined ? "" : `"${name}" `}of shape [${shape}]`;
}

/** The number of elements. */
function sizeOf(shape: readonly number[], elementBytes: number): number {
  let size = 1;
  for (const n of shape) {
    checkInteger("a dimension", n, ADDRESS_SPACE);
    size *= n;
  }
  checkInteger("the size in bytes", size * elementBytes, ADDRESS_SPACE);
  return size;
}
