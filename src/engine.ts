// A kernel bound to a linear memory.

import type { Kernel } from "./kernel/kernel.js";
import { type KernelSource, selectKernel, suppliedKernel } from "./kernel/select.js";
import type { Allocator } from "./memory/allocator.js";
import { Arena } from "./memory/arena.js";
import { ForeignAllocator } from "./memory/foreign.js";
import { ELEMENT_BYTES } from "./memory/region.js";
import { BLOCK_BYTES } from "./optimizer/run.js";
import { Parameter, type ParameterOptions } from "./parameter.js";

export interface EngineOptions {
  /**
   * `"fused"` (default): multiply-add rounds once, as PyTorch does on AVX2, AVX-512 and NEON; in hardware where the runtime
   * can, emulated exactly where not. `"separate"`: it rounds twice, as PyTorch does with `ATEN_CPU_CAPABILITY=default`.
   */
  rounding?: "fused" | "separate";
  /** run inside this memory; then `allocate` and `free` are required */
  memory?: WebAssembly.Memory;
  /** `byteLength` to a byte address aligned to 16, in `memory` */
  allocate?: (byteLength: number) => number;
  free?: (address: number) => void;
  /** bytes to reserve at once: the memory does not grow below this; default 0 */
  initialBytes?: number;
  /** bytes that the memory never exceeds, in pages of 64 KiB; default 4 GiB */
  maximumBytes?: number;
  /** a kernel that you have compiled yourself from `sgd-wasm/kernel.wasm`; by default the built-in one that fits the runtime */
  module?: WebAssembly.Module;
}

export interface EngineInfo {
  readonly rounding: "fused" | "separate";
  /** how multiply-add rounds once: by an instruction, by emulation, or not at all */
  readonly fma: "hardware" | "emulated" | "none";
  readonly threads: number;
  /** bytes of linear memory in use: parameters, gradients, optimizer state */
  readonly allocatedBytes: number;
}

const PAGE = 65536;
const ADDRESS_SPACE = 65536 * PAGE;
const FMA = { hardware: "hardware", emulated: "emulated", separate: "none" } as const;

/** Where parameters live. Made by `createEngine`. */
export class Engine {
  readonly memory: WebAssembly.Memory;
  /** @internal */
  readonly kernel: Kernel;
  /** @internal */
  readonly allocator: Allocator;
  /** @internal */
  readonly parameters = new Set<Parameter>();
  /** Byte address of room for a block of gradients, once `reserveScratch` was called. @internal */
  scratch = 0;
  readonly #foreign: boolean;
  #disposed = false;

  /** @internal */
  static create(source: KernelSource, options?: EngineOptions): Engine {
    return new Engine(source, options);
  }

  private constructor(source: KernelSource, options: EngineOptions = {}) {
    checkOptions(options);
    const { rounding = "fused", memory = ownMemory(options), module, allocate, free } = options;
    this.memory = memory;
    this.#foreign = options.memory !== undefined;
    this.allocator =
      allocate && free ? new ForeignAllocator(memory, allocate, free) : new Arena(memory, options.maximumBytes);
    this.kernel = module ? suppliedKernel(module, rounding, memory) : selectKernel(source, rounding, memory);
  }

  get info(): EngineInfo {
    return {
      rounding: this.kernel.build === "separate" ? "separate" : "fused",
      fma: FMA[this.kernel.build],
      threads: 1,
      allocatedBytes: this.allocator.allocatedBytes,
    };
  }

  /**
   * A parameter of the given shape (a number stands for one dimension).
   *
   * @throws RangeError when there is no memory for it, or data has another length; nothing has changed then
   */
  parameter(
    shape: number | readonly number[],
    options?: ParameterOptions & { dtype?: "float32" },
  ): Parameter<"float32">;
  parameter(shape: number | readonly number[], options: ParameterOptions & { dtype: "float64" }): Parameter<"float64">;
  parameter(shape: number | readonly number[], options?: ParameterOptions): Parameter;
  parameter(shape: number | readonly number[], options: ParameterOptions = {}): Parameter {
    if (this.#disposed) throw new Error("the engine was disposed");
    const dimensions = typeof shape === "number" ? [shape] : shape;
    checkShape(dimensions, options.dtype);
    if (options.address !== undefined) this.#checkAddress(options.address, dimensions, options);
    const parameter = Parameter.create(this, dimensions, options);
    this.parameters.add(parameter);
    return parameter;
  }

  /** @internal */
  reserveScratch(): void {
    if (this.scratch === 0) this.scratch = this.allocator.allocate(BLOCK_BYTES);
  }

  /** Frees all parameters, their gradients and optimizer state. Nothing made by this engine can be used afterwards. */
  dispose(): void {
    this.#disposed = true;
    for (const parameter of this.parameters) parameter.dispose();
    if (this.scratch !== 0) this.allocator.free(this.scratch);
    this.scratch = 0;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #checkAddress(address: number, shape: readonly number[], { dtype = "float32" }: ParameterOptions): void {
    if (!this.#foreign) {
      throw new TypeError("address is for engines in a memory of yours: createEngine({ memory, allocate, free })");
    }
    const alignment = ELEMENT_BYTES[dtype];
    const end = address + byteLength(shape, dtype);
    if (!Number.isInteger(address) || address < 0 || address % alignment !== 0) {
      throw new RangeError(`address must be a multiple of ${alignment} for ${dtype}, got ${address}`);
    }
    if (end > this.memory.buffer.byteLength) {
      throw new RangeError(
        `a parameter of shape [${shape}] at address ${address} would end at ${end}, but the memory ends at ${this.memory.buffer.byteLength}`,
      );
    }
  }
}

function ownMemory({ initialBytes = 0, maximumBytes = ADDRESS_SPACE }: EngineOptions): WebAssembly.Memory {
  if (initialBytes > maximumBytes) {
    throw new RangeError(`initialBytes ${initialBytes} do not fit into maximumBytes ${maximumBytes}`);
  }
  // The first 64 bytes are never handed out.
  const initial = Math.min(Math.ceil((initialBytes + 64) / PAGE), Math.floor(maximumBytes / PAGE));
  try {
    return new WebAssembly.Memory({ initial });
  } catch (cause) {
    throw new RangeError(`out of memory: ${initialBytes} bytes cannot be reserved`, { cause });
  }
}

const KNOWN_OPTIONS = ["rounding", "memory", "allocate", "free", "initialBytes", "maximumBytes", "module"];

function checkOptions(options: EngineOptions): void {
  const unknown = Object.keys(options).find((key) => !KNOWN_OPTIONS.includes(key));
  if (unknown !== undefined)
    throw new TypeError(`createEngine has no option ${unknown}: it knows ${KNOWN_OPTIONS.join(", ")}`);
  const { rounding, memory, allocate, free, initialBytes = 0, maximumBytes = ADDRESS_SPACE, module } = options;
  if (memory !== undefined && (options.initialBytes !== undefined || options.maximumBytes !== undefined)) {
    throw new TypeError(
      "initialBytes and maximumBytes are for engines with a memory of their own: leave them out with options.memory",
    );
  }
  if (rounding !== undefined && rounding !== "fused" && rounding !== "separate") {
    throw new TypeError(`rounding must be "fused" or "separate", got ${String(rounding)}`);
  }
  for (const [name, bytes] of Object.entries({ initialBytes, maximumBytes })) {
    if (!(Number.isInteger(bytes) && bytes >= 0 && bytes <= ADDRESS_SPACE)) {
      throw new RangeError(`${name} must be an integer from 0 to ${ADDRESS_SPACE}, got ${bytes}`);
    }
  }
  if (module !== undefined && !(module instanceof WebAssembly.Module)) {
    throw new TypeError("module must be a WebAssembly.Module: compile the bytes first");
  }
  if (memory !== undefined) checkForeign(memory, allocate, free);
  else if (allocate || free) throw new TypeError("allocate and free come with a memory: pass options.memory as well");
}

function checkForeign(memory: unknown, allocate: unknown, free: unknown): void {
  if (!(memory instanceof WebAssembly.Memory)) throw new TypeError("memory must be a WebAssembly.Memory");
  if (typeof allocate !== "function" || typeof free !== "function") {
    throw new TypeError(
      "a memory of yours needs options.allocate and options.free, so that nothing of it is overwritten",
    );
  }
  if (typeof SharedArrayBuffer !== "undefined" && memory.buffer instanceof SharedArrayBuffer) {
    throw new TypeError("memory is shared: createEngine needs an unshared one, createThreadedEngine takes shared ones");
  }
}

function checkShape(shape: readonly number[], dtype: string | undefined): void {
  if (dtype !== undefined && !Object.hasOwn(ELEMENT_BYTES, dtype)) {
    throw new TypeError(`dtype must be "float32" or "float64", got ${dtype}`);
  }
  if (!Array.isArray(shape) || !shape.every((n) => Number.isSafeInteger(n) && n >= 0)) {
    throw new RangeError(`a shape is a number or a list of integers from 0 on, got ${String(shape)}`);
  }
  const bytes = byteLength(shape, dtype as "float32" | undefined);
  if (!(bytes <= ADDRESS_SPACE)) {
    throw new RangeError(`a parameter of shape [${shape}] has ${bytes} bytes; WebAssembly addresses ${ADDRESS_SPACE}`);
  }
}

function byteLength(shape: readonly number[], dtype: "float32" | "float64" = "float32"): number {
  return shape.reduce((product, n) => product * n, ELEMENT_BYTES[dtype]);
}
