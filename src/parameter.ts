/// <reference lib="esnext.disposable" preserve="true" />

// A tensor that is trained: elements and gradient in linear memory.

import { checkKeys, type NumberArray } from "./common/checks.js";
import { type DType, ELEMENT_BYTES, type ElementArrayOf, toNumbers, writeNumbers } from "./common/dtype.js";
import { checkElements, checkFloatType, checkTensor, isTensor, writeElements, writeTensor } from "./common/elements.js";
import { present, summaryOf } from "./common/present.js";
import type { TensorData } from "./common/tensor-data.js";
import type { Engine } from "./engine.js";
import { checkSparse, type SparseGradient, SparseRows } from "./gradient/sparse.js";
import { lasting, Region } from "./memory/region.js";
import { Room } from "./memory/room.js";
import { checkData, checkedSize, checkOptions, dimensionsOf, type ParameterOptions } from "./parameter-options.js";

/** Where the tensor of a program has moved to: byte addresses. What is left out stays where it is. */
export interface ParameterAddresses {
  address?: number;
  gradAddress?: number;
}

/** A parameter of any element type. */
export type AnyParameter = Parameter<DType>;

/**
 * A dense array in an engine's linear memory, with room for its gradient. Made by `engine.parameter(shape, options)`.
 *
 * Elements are float32 or float64, or of 16 bits: those are bit patterns in a `Uint16Array` on every runtime, `toFloat32()` copies
 * them out as numbers, and a gradient assigned as numbers is rounded once. In TypeScript `Parameter` alone is one of numbers,
 * `Parameter<"bfloat16">` or `AnyParameter` may be one of bit patterns.
 */
export class Parameter<D extends DType = "float32" | "float64"> {
  /** dimensions, outermost first; `[]` for a scalar */
  readonly shape: readonly number[];
  /** number of elements: the product of `shape` */
  readonly size: number;
  readonly dtype: D;
  readonly name: string | undefined;

  /** @internal */
  readonly engine: Engine;
  /** The dense gradient's place, kept while the gradient is null. @internal */
  gradient: Region | null = null;
  /** Whether there is a dense gradient. @internal */
  hasGrad = false;
  /** The gradient while it is sparse. @internal */
  sparse: SparseRows | null = null;
  /** What is freed with the parameter: rows of its gradient, and what optimizers keep for it. @internal */
  readonly attached = new Set<Region>();
  /** @internal */
  disposed = false;
  #elements: Region;
  readonly #gradientRoom: Room;
  readonly #bufferRoom: Room;

  /** @internal */
  static create(engine: Engine, shape: number | readonly number[], options: ParameterOptions): AnyParameter {
    return new Parameter(engine, shape, options, engine.waiting);
  }

  /** Whether a value is a parameter. @internal */
  static is(value: unknown): value is AnyParameter {
    return typeof value === "object" && value !== null && #elements in value;
  }

  /** @param waiting where its rooms for a gradient and a momentum buffer wait for their places; null reserves none */
  private constructor(
    engine: Engine,
    shape: number | readonly number[],
    options: ParameterOptions,
    waiting: Engine["waiting"] | null,
  ) {
    // JavaScript knows no private constructors.
    if (waiting === undefined) {
      throw new TypeError("a parameter is made by engine.parameter(shape)");
    }
    const { dtype = "float32", data, name, address, gradAddress } = checkOptions(options);
    this.engine = engine;
    this.shape = Object.freeze(dimensionsOf(shape));
    this.size = checkedSize(this.shape, ELEMENT_BYTES[dtype]);
    this.dtype = dtype as D;
    this.name = name;
    const source = data === undefined ? undefined : lasting(checkData(data, dtype, this.size), engine.memory);
    const { allocator } = engine;
    this.gradient = this.#regionAt("gradAddress", gradAddress);
    this.hasGrad = this.gradient !== null;
    this.#elements = this.#regionAt("address", address) ?? Region.create(allocator, dtype, this.size);
    this.#gradientRoom = new Room(allocator, dtype, this.size, waiting?.gradients);
    this.#bufferRoom = new Room(allocator, dtype, this.size, waiting?.buffers);
    if (source?.length) writeNumbers(this.#elements.view, dtype, source);
    else if (address === undefined) this.#zero(this.#elements);
    present(this, INTERNAL, () => this.#summary());
    // Assigned, they would let the kernel write beyond the elements.
    for (const name of ["shape", "size", "dtype"]) Object.defineProperty(this, name, { writable: false });
  }

  /** byte address of the first element */
  get address(): number {
    return this.#elements.address;
  }

  /** byte address of the gradient's first element; null until there was a dense gradient */
  get gradAddress(): number | null {
    return this.gradient?.address ?? null;
  }

  /**
   * The elements, live: a view of linear memory, `size` long, row-major. What this property returns is always valid; a view that
   * you keep is so until the memory grows, which in an engine's own memory no gradient and no step makes it do, but making
   * another parameter may, and a second optimizer with momentum on the same parameters (see `SGD.dispose`).
   */
  get data(): ElementArrayOf<D> {
    this.checkAlive();
    return this.#elements.view as ElementArrayOf<D>;
  }

  /** Not assignable: write `parameter.data.set(values)`. */
  set data(_: never) {
    throw new TypeError("data cannot be assigned, it is a live view: copy values in with parameter.data.set(values)");
  }

  /**
   * The gradient, live: a view that is valid as long as one of `data` is. Null until there is a gradient, and while it is sparse
   * (see `sparseGrad`).
   */
  get grad(): ElementArrayOf<D> | null {
    this.checkAlive();
    return this.hasGrad ? (this.gradient!.view as ElementArrayOf<D>) : null;
  }

  /**
   * Copies a gradient in: `size` numbers as an array, an array of integers or a typed array of this parameter's element
   * type; or rows of it (`SparseGradient`); or null for no gradient.
   *
   * @throws Error when the length or the element type is another
   */
  set grad(values: NumberArray | TensorData | SparseGradient | null) {
    this.checkAlive();
    if (values === null || values === undefined) {
      this.#setGrad(false);
    } else if (isTensor(values)) {
      this.#setTensor(values);
    } else if (typeof values === "object" && "indices" in values) {
      this.#setGrad(false, SparseRows.from(this, checkSparse(this, values)));
    } else {
      this.#setDense(values);
    }
  }

  /** A copy of the elements as numbers; float64 is rounded. */
  toFloat32(): Float32Array {
    return Float32Array.from(toNumbers(this.data, this.dtype));
  }

  /** The sparse gradient as it was assigned, live values included; null when there is none. */
  get sparseGrad(): SparseGradient | null {
    this.checkAlive();
    const { sparse } = this;
    return sparse && { indices: sparse.indices, values: sparse.values.view.subarray(0, sparse.size) as NumberArray };
  }

  /**
   * The live gradient view, created as zeros if there was no dense gradient. Room for it was made with the parameter, so that
   * this does not grow an engine's own memory, and views that you keep stay valid.
   */
  ensureGrad(): ElementArrayOf<D> {
    const region = this.#placeOfGradient();
    if (!this.hasGrad) {
      this.#zero(region);
      this.#setGrad(true);
    }
    return region.view as ElementArrayOf<D>;
  }

  /** Sets the gradient to zero, in place; null stays null, and a sparse gradient loses its rows. */
  zeroGrad(): void {
    this.checkAlive();
    if (this.hasGrad) this.#zero(this.gradient!);
    else this.sparse?.clear();
  }

  /**
   * Takes elements or gradient from another place in a memory of yours: the tensor has moved there. Nothing is copied. With
   * `gradAddress` there is a gradient from now on.
   *
   * @throws RangeError for an address that is no multiple of the element's size or beyond the memory's end, TypeError in an
   *   engine's own memory; nothing has changed then
   */
  rebind(addresses: ParameterAddresses): void {
    this.checkAlive();
    checkKeys(addresses, ["address", "gradAddress"], "rebind");
    const elements = this.#regionAt("address", addresses.address);
    const gradient = this.#regionAt("gradAddress", addresses.gradAddress);
    if (elements) {
      this.#elements.free();
      this.#elements = elements;
    }
    if (gradient) {
      this.#gradientRoom.leave();
      this.gradient = gradient;
      this.#setGrad(true);
    }
    this.engine.version++;
  }

  /** Frees elements, gradient and momentum buffers. The parameter cannot be used afterwards; a second call does nothing. */
  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.#setGrad(false);
    this.engine.version++;
    for (const region of this.attached) region.free();
    this.attached.clear();
    this.#elements.free();
    this.gradient?.free();
    this.#gradientRoom.dispose();
    this.#bufferRoom.dispose();
    this.engine.parameters.delete(this);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** A parameter with the same elements, for now, and no room for a gradient and a momentum buffer. @internal */
  copy(name = this.name): Parameter<D> {
    this.checkAlive();
    const { engine, shape, dtype } = this;
    const copy = new Parameter<D>(engine, shape, { dtype, name }, null);
    copy.data.set(this.data as never);
    engine.parameters.add(copy);
    return copy;
  }

  /** Room for a momentum buffer: the parameter's own, unless another optimizer has it. @internal */
  newBuffer(): Region {
    return this.#bufferRoom.region
      ? Region.create(this.engine.allocator, this.dtype, this.size)
      : this.#bufferRoom.take();
  }

  /** Takes back what `newBuffer` gave. @internal */
  freeBuffer(buffer: Region): void {
    if (buffer === this.#bufferRoom.region) this.#bufferRoom.leave();
    else buffer.free();
  }

  /** Memory of the engine that is held: by the parameter and its gradient, and by each momentum buffer, the oldest first. @internal */
  heldBytes(): { own: number; buffers: number[] } {
    const bytesOf = (region: Region | null | undefined) => region?.block?.size ?? 0;
    const rows = this.sparse?.values;
    const own = bytesOf(this.#elements) + bytesOf(this.gradient) + bytesOf(rows);
    return { own, buffers: [...this.attached].filter((region) => region !== rows).map(bytesOf) };
  }

  /** How messages call the parameter. @internal */
  get label(): string {
    return `the parameter ${this.name === undefined ? "" : `"${this.name}" `}of shape [${this.shape}]`;
  }

  /** @internal */
  checkAlive(): void {
    if (this.disposed) throw new Error(`${this.label} was disposed`);
  }

  #summary(): string {
    const { name, shape, dtype, disposed } = this;
    const common = { ...(name !== undefined && { name }), shape, dtype };
    if (disposed) return summaryOf("Parameter", { ...common, disposed });
    const grad = this.hasGrad
      ? toNumbers(this.gradient!.view, dtype)
      : this.sparse && `${this.sparse.indices.length} rows`;
    return summaryOf("Parameter", { ...common, data: toNumbers(this.data, dtype), grad });
  }

  #setDense(values: NumberArray): void {
    const numbers = checkElements(values, this.dtype, "grad");
    if (numbers.length !== this.size) {
      throw new Error(
        `assigned grad has data of a different size: expected ${this.size} elements (shape [${this.shape}]), got ${numbers.length}`,
      );
    }
    checkFloatType(numbers, this.dtype);
    const source = this.gradient ? numbers : lasting(numbers, this.engine.memory);
    writeElements(this.#placeOfGradient().view, this.dtype, source);
    this.#setGrad(true);
  }

  #setTensor(tensor: TensorData): void {
    const { dtype, shape, data } = checkTensor(tensor, this.shape, "assigned grad", this.label);
    const source = this.gradient ? data : lasting(data, this.engine.memory);
    writeTensor(this.#placeOfGradient().view, this.dtype, { dtype, shape, data: source });
    this.#setGrad(true);
  }

  #placeOfGradient(): Region {
    this.checkAlive();
    this.gradient ??= this.#gradientRoom.take();
    return this.gradient;
  }

  /** From now on there is a dense gradient, in its place, or a sparse one, or none. */
  #setGrad(dense: boolean, sparse: SparseRows | null = null): void {
    if (dense !== this.hasGrad || sparse !== this.sparse) this.engine.version++;
    this.sparse?.free();
    this.hasGrad = dense;
    this.sparse = sparse;
  }

  #regionAt(name: string, address: number | undefined): Region | null {
    return address === undefined ? null : Region.at(this.engine.allocator, this.dtype, this.size, address, name);
  }

  #zero({ address }: Region): void {
    this.engine.kernel.zero(address, this.size * ELEMENT_BYTES[this.dtype]);
  }
}

const INTERNAL = ["engine", "gradient", "hasGrad", "sparse", "attached", "disposed"];
