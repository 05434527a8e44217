/// <reference lib="esnext.disposable" preserve="true" />

// A tensor that is trained: elements and gradient in linear memory.

import type { Engine } from "./engine.js";
import type { DType } from "./kernel/variants.js";
import { ELEMENT_BYTES, type FloatArrayOf, lasting, Region } from "./memory/region.js";
import { checkElementType, checkNumbers, type NumberArray } from "./numbers.js";
import { checkSparse, type SparseGradient, SparseRows } from "./sparse-gradient.js";
import { structure } from "./structure.js";

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
  #hasGrad = false;
  #sparse: SparseRows | null = null;
  /** What optimizers keep for this parameter, freed with it. @internal */
  readonly attached = new Set<Region>();
  /** @internal */
  disposed = false;
  readonly #elements: Region;

  /** @internal */
  static create(engine: Engine, shape: readonly number[], options: ParameterOptions): Parameter {
    return new Parameter(engine, shape, options);
  }

  private constructor(engine: Engine, shape: readonly number[], options: ParameterOptions) {
    this.engine = engine;
    this.shape = Object.freeze([...shape]);
    this.size = shape.reduce((product, n) => product * n, 1);
    this.dtype = (options.dtype ?? "float32") as D;
    this.name = options.name;
    if (options.data !== undefined) checkData(options.data, this.size);
    const data = options.data && lasting(options.data, engine.memory);
    this.#elements = new Region(engine.allocator, this.dtype, this.size, options.address);
    this.address = this.#elements.address;
    if (data !== undefined) this.data.set(data);
    else if (options.address === undefined) engine.kernel.zero(this.address, this.size * ELEMENT_BYTES[this.dtype]);
  }

  /** Whether there is a dense gradient. @internal */
  get hasGrad(): boolean {
    return this.#hasGrad;
  }

  /** @internal */
  get sparse(): SparseRows | null {
    return this.#sparse;
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
    return this.#hasGrad && this.gradient ? (this.gradient.view as FloatArrayOf<D>) : null;
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
      this.#setKind(false, null);
    } else if (typeof values !== "object") {
      throw new TypeError(
        `a gradient is an array of numbers, rows of them with indices, or null, got ${typeof values}`,
      );
    } else if ("indices" in values) {
      checkSparse(this, values);
      this.#setKind(false, SparseRows.from(this, values));
    } else {
      this.#setDense(values);
    }
  }

  /** The sparse gradient as it was assigned, live values included; null when there is none. */
  get sparseGrad(): SparseGradient | null {
    this.checkAlive();
    return (
      this.#sparse && { indices: this.#sparse.indices, values: this.#sparse.values.view.subarray(0, this.#sparse.size) }
    );
  }

  /** The live gradient view, created as zeros if there was no dense gradient. */
  ensureGrad(): FloatArrayOf<D> {
    this.checkAlive();
    if (!this.#hasGrad) {
      const region = this.#gradientRegion();
      this.engine.kernel.zero(region.address, this.size * ELEMENT_BYTES[this.dtype]);
      this.#setKind(true, null);
    }
    return this.#gradientRegion().view as FloatArrayOf<D>;
  }

  /** Sets the gradient to zero, in place; null stays null, and a sparse gradient loses its rows. */
  zeroGrad(): void {
    this.checkAlive();
    if (this.#hasGrad && this.gradient) {
      this.engine.kernel.zero(this.gradient.address, this.size * ELEMENT_BYTES[this.dtype]);
    } else {
      this.#sparse?.clear();
    }
  }

  /** Frees elements, gradient and momentum buffers. The parameter cannot be used afterwards; a second call does nothing. */
  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.#setKind(false, null);
    structure.version++;
    for (const region of this.attached) region.free();
    this.attached.clear();
    this.gradient?.free();
    this.#elements.free();
    this.engine.parameters.delete(this);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #setDense(values: NumberArray): void {
    if (values.length !== this.size) {
      throw new Error(
        `assigned grad has data of a different size: expected ${this.size} elements (shape [${this.shape}]), got ${values.length}`,
      );
    }
    checkElementType(values, this.dtype);
    checkNumbers(values, "grad");
    const source = this.gradient ? values : lasting(values, this.engine.memory);
    this.#gradientRegion().view.set(source);
    this.#setKind(true, null);
  }

  #gradientRegion(): Region {
    if (this.gradient === null) {
      this.gradient = new Region(this.engine.allocator, this.dtype, this.size);
      structure.version++;
    }
    return this.gradient;
  }

  #setKind(dense: boolean, sparse: SparseRows | null): void {
    if (dense !== this.#hasGrad || sparse !== this.#sparse) structure.version++;
    this.#sparse?.free();
    this.#hasGrad = dense;
    this.#sparse = sparse;
  }

  /** @internal */
  checkAlive(): void {
    if (this.disposed) throw new Error(`${describe(this)} was disposed`);
  }
}

/** How messages call a parameter. */
export function describe(parameter: Parameter): string {
  return parameter.name === undefined
    ? `the parameter of shape [${parameter.shape}]`
    : `the parameter "${parameter.name}" of shape [${parameter.shape}]`;
}

function checkData(data: ArrayLike<number>, size: number): void {
  if (typeof data !== "object" || data === null || typeof data.length !== "number") {
    throw new TypeError(`data must be an array of numbers, got ${data === null ? "null" : typeof data}`);
  }
  if (data.length !== size) throw new RangeError(`data has ${data.length} elements, but the shape has ${size}`);
  checkNumbers(data, "data");
}
