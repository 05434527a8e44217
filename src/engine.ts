/// <reference lib="esnext.disposable" preserve="true" />

// A kernel bound to a linear memory.

import { checkKeys } from "./common/checks.js";
import type { Kernel } from "./kernel/kernel.js";
import { type KernelSource, selectKernel, suppliedKernel } from "./kernel/select.js";
import type { Allocator } from "./memory/allocator.js";
import { Arena, type NewMemory } from "./memory/arena.js";
import { ForeignAllocator } from "./memory/foreign.js";
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

/** @internal */
export const ENGINE_OPTIONS = ["rounding", "memory", "allocate", "free", "initialBytes", "maximumBytes", "module"];
const PARAMETER_OPTIONS = ["dtype", "data", "name", "address"];

/** What a kernel has besides where several threads run it. */
interface Team {
  threads?: number;
  stop?(): void;
}

/** Where parameters live. Made by `createEngine` or `createThreadedEngine`. */
export class Engine {
  readonly memory: WebAssembly.Memory;
  /** @internal */
  kernel: Kernel & Team;
  /** @internal */
  readonly allocator: Allocator;
  /** @internal */
  readonly parameters = new Set<Parameter>();
  #disposed = false;

  /** @param newSharedMemory for an engine of several threads: its kernel needs shared memory @internal */
  static create(source: KernelSource, options?: EngineOptions, newSharedMemory?: NewMemory): Engine {
    return new Engine(source, options, newSharedMemory);
  }

  private constructor(source: KernelSource, options: EngineOptions = {}, newSharedMemory?: NewMemory) {
    if (typeof WebAssembly === "undefined") {
      throw new Error(
        "This runtime has no WebAssembly, as with --jitless (run Node without it) or Lockdown Mode (except the site)",
      );
    }
    checkKeys(options, ENGINE_OPTIONS, "createEngine");
    const { rounding = "fused", memory, allocate, free, module } = options;
    if (rounding !== "fused" && rounding !== "separate") {
      throw new TypeError(`rounding must be "fused" or "separate", got ${String(rounding)}`);
    }
    if (module !== undefined && !(module instanceof WebAssembly.Module)) {
      throw new TypeError("module must be a WebAssembly.Module: compile the bytes first");
    }
    let allocator: Allocator | undefined;
    if (memory !== undefined || allocate || free) allocator = new ForeignAllocator(options);
    const getMemory = () => {
      allocator ??= new Arena(options, newSharedMemory);
      return allocator.memory;
    };
    try {
      this.kernel =
        module === undefined
          ? selectKernel(source, rounding, getMemory)
          : suppliedKernel(module, rounding, getMemory());
    } catch (cause) {
      if (!(cause instanceof WebAssembly.LinkError)) throw cause;
      throw new TypeError(
        "memory and kernel do not fit: memory must be 32-bit; shared for createThreadedEngine, with kernel-shared.wasm or a " +
          "sibling as options.module; unshared for createEngine, with kernel.wasm",
        { cause },
      );
    }
    this.memory = getMemory();
    this.allocator = allocator as Allocator;
  }

  get info(): EngineInfo {
    const { build } = this.kernel;
    return {
      rounding: build === "separate" ? build : "fused",
      fma: build === "separate" ? "none" : build,
      threads: this.kernel.threads ?? 1,
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
    const parameter = Parameter.create(this, shape, options);
    this.parameters.add(parameter);
    return parameter;
  }

  /** Frees all parameters, their gradients and optimizer state. Nothing made by this engine can be used afterwards. */
  dispose(): void {
    this.#disposed = true;
    for (const parameter of this.parameters) parameter.dispose();
    this.kernel.stop?.();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
