/// <reference lib="esnext.disposable" preserve="true" />

// A kernel bound to a linear memory.

import type { Kernel } from "./kernel/kernel.js";
import { type KernelSource, selectKernel, suppliedKernel } from "./kernel/select.js";
import type { Allocator } from "./memory/allocator.js";
import { Arena } from "./memory/arena.js";
import { ForeignAllocator } from "./memory/foreign.js";
import { ELEMENT_BYTES } from "./memory/region.js";
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
/** An engine's own shared memory may grow to this, or where a runtime reserves no such stretch, to a half or a quarter. */
const SHARED_LIMITS = [65536, 32768, 16384];
const NO_WEBASSEMBLY =
  "This runtime has no WebAssembly, which sgd-wasm needs: run Node without --jitless; browsers leave it out in modes of " +
  "heightened security, such as Lockdown Mode, from which a site can be excepted";
const FMA = { hardware: "hardware", emulated: "emulated", separate: "none" } as const;

/** What runs an engine's kernel on several threads. @internal */
export interface Threads {
  readonly count: number;
  readonly kernel: Kernel;
  stop(): void;
}

/** Where parameters live. Made by `createEngine` or `createThreadedEngine`. */
export class Engine {
  readonly memory: WebAssembly.Memory;
  /** @internal */
  kernel: Kernel;
  /** @internal */
  readonly allocator: Allocator;
  /** @internal */
  readonly parameters = new Set<Parameter>();
  readonly #foreign: boolean;
  #threads: Threads | null = null;
  #disposed = false;

  /** @internal */
  static create(source: KernelSource, options?: EngineOptions, shared = false): Engine {
    return new Engine(source, options, shared);
  }

  private constructor(source: KernelSource, options: EngineOptions = {}, shared = false) {
    if (typeof WebAssembly === "undefined") throw new Error(NO_WEBASSEMBLY);
    checkOptions(options, shared);
    const { rounding = "fused", module, allocate, free } = options;
    let { memory } = options;
    const getMemory = () => {
      memory ??= ownMemory(options, shared);
      return memory;
    };
    this.kernel = module ? suppliedKernel(module, rounding, getMemory()) : selectKernel(source, rounding, getMemory);
    this.memory = getMemory();
    this.#foreign = options.memory !== undefined;
    this.allocator =
      allocate && free
        ? new ForeignAllocator(this.memory, allocate, free)
        : new Arena(this.memory, options.maximumBytes);
  }

  /** From now on `threads` run the kernel. @internal */
  share(threads: Threads): void {
    this.#threads = threads;
    this.kernel = threads.kernel;
  }

  get info(): EngineInfo {
    return {
      rounding: this.kernel.build === "separate" ? "separate" : "fused",
      fma: FMA[this.kernel.build],
      threads: this.#threads?.count ?? 1,
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
    checkKeys(options, PARAMETER_OPTIONS, "a parameter");
    const dimensions = typeof shape === "number" ? [shape] : shape;
    checkShape(dimensions, options.dtype);
    if (options.address !== undefined) this.#checkAddress(options.address, dimensions, options);
    const parameter = Parameter.create(this, dimensions, options);
    this.parameters.add(parameter);
    return parameter;
  }

  /** Frees all parameters, their gradients and optimizer state. Nothing made by this engine can be used afterwards. */
  dispose(): void {
    this.#disposed = true;
    for (const parameter of this.parameters) parameter.dispose();
    this.#threads?.stop();
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
      const hint =
        address < 0 ? " (WebAssembly returns addresses from 2 GiB on as negative numbers: pass address >>> 0)" : "";
      throw new RangeError(`address must be a multiple of ${alignment} for ${dtype}, got ${address}${hint}`);
    }
    if (end > this.memory.buffer.byteLength) {
      throw new RangeError(
        `a parameter of shape [${shape}] at address ${address} would end at ${end}, but the memory ends at ${this.memory.buffer.byteLength}`,
      );
    }
  }
}

function ownMemory(options: EngineOptions, shared: boolean): WebAssembly.Memory {
  const { initialBytes = 0, maximumBytes = ADDRESS_SPACE } = options;
  if (initialBytes > maximumBytes) {
    throw new RangeError(`initialBytes ${initialBytes} do not fit into maximumBytes ${maximumBytes}`);
  }
  // The first 64 bytes are never handed out.
  const initial = Math.min(Math.ceil((initialBytes + 64) / PAGE), Math.floor(maximumBytes / PAGE));
  try {
    return shared ? sharedMemory(initial, maximumBytes) : new WebAssembly.Memory({ initial });
  } catch (cause) {
    throw new RangeError(`out of memory: ${initialBytes} bytes cannot be reserved`, { cause });
  }
}

/** A shared memory needs a maximum, and runtimes reserve addresses for all of it. */
function sharedMemory(initial: number, maximumBytes: number): WebAssembly.Memory {
  let failure: unknown;
  for (const limit of SHARED_LIMITS) {
    const maximum = Math.max(Math.min(limit, Math.floor(maximumBytes / PAGE)), initial);
    try {
      return new WebAssembly.Memory({ initial, maximum, shared: true });
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure;
}

const KNOWN_OPTIONS = ["rounding", "memory", "allocate", "free", "initialBytes", "maximumBytes", "module"];

function checkOptions(options: EngineOptions, shared: boolean): void {
  checkKeys(options, shared ? [...KNOWN_OPTIONS, "threads"] : KNOWN_OPTIONS, nameOf(shared));
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
  if (memory !== undefined) checkForeign(memory, allocate, free, shared);
  else if (allocate || free) throw new TypeError("allocate and free come with a memory: pass options.memory as well");
}

const PARAMETER_OPTIONS = ["dtype", "data", "name", "address"];

function checkKeys(options: object, known: readonly string[], who: string): void {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`${who} takes options as an object, got ${options === null ? "null" : typeof options}`);
  }
  const unknown = Object.keys(options).find((key) => !known.includes(key));
  if (unknown !== undefined) throw new TypeError(`${who} has no option ${unknown}: it knows ${known.join(", ")}`);
}

function nameOf(shared: boolean): string {
  return shared ? "createThreadedEngine" : "createEngine";
}

/** Whether a memory counts in BigInts. Asked for more pages than there can be, so that nothing grows and no view dies. */
function isWide(memory: WebAssembly.Memory): boolean {
  try {
    memory.grow(2 ** 32 - 1);
  } catch (error) {
    return error instanceof TypeError;
  }
  return false;
}

function checkForeign(memory: unknown, allocate: unknown, free: unknown, shared: boolean): void {
  if (!(memory instanceof WebAssembly.Memory)) throw new TypeError("memory must be a WebAssembly.Memory");
  if (typeof allocate !== "function" || typeof free !== "function") {
    throw new TypeError(
      "a memory of yours needs options.allocate and options.free, so that nothing of it is overwritten",
    );
  }
  if (isWide(memory)) {
    throw new TypeError(
      "memory is a 64-bit one: sgd-wasm needs 32-bit addresses, as of new WebAssembly.Memory({ initial })",
    );
  }
  const isShared = typeof SharedArrayBuffer !== "undefined" && memory.buffer instanceof SharedArrayBuffer;
  if (isShared && !shared) {
    throw new TypeError("memory is shared: createEngine needs an unshared one, createThreadedEngine takes shared ones");
  }
  if (shared && !isShared) {
    throw new TypeError(
      "memory is not shared: createThreadedEngine needs new WebAssembly.Memory({ initial, maximum, shared: true })",
    );
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
