/// <reference lib="esnext.disposable" preserve="true" />

// A kernel bound to a linear memory.

import { checkKeys, checkOneOf, tagOf, typeName } from "./common/checks.js";
import type { DType } from "./common/dtype.js";
import { present, summaryOf } from "./common/present.js";
import type { WebAssemblyMemory, WebAssemblyModule } from "./common/webassembly.js";
import { type Kernel, ROUNDINGS } from "./kernel/kernel.js";
import { type KernelSource, selectKernel, suppliedKernel } from "./kernel/select.js";
import type { Allocator } from "./memory/allocator.js";
import { Arena, type ArenaOptions, type NewMemory } from "./memory/arena.js";
import { ForeignAllocator, type ForeignOptions } from "./memory/foreign.js";
import type { Room } from "./memory/room.js";
import { type AnyParameter, Parameter } from "./parameter.js";
import type { ParameterOptions } from "./parameter-options.js";

/** Options of `createEngine`: how it rounds, and where its memory comes from. */
export interface EngineOptions extends ArenaOptions, ForeignOptions {
  /**
   * `"fused"` (default): multiply-add rounds once, as PyTorch does on AVX2, AVX-512 and NEON; in hardware where the runtime
   * can, emulated exactly where not. `"separate"`: it rounds twice, as PyTorch does with `ATEN_CPU_CAPABILITY=default`.
   */
  rounding?: "fused" | "separate";
  /** a kernel that you have compiled yourself from `sgd-wasm/kernel.wasm`; by default the built-in one that fits the runtime */
  module?: WebAssemblyModule;
}

/** What an engine says of itself: `engine.info`. */
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

/** Where parameters live. Made by `createEngine` or `createThreadedEngine`. */
export class Engine {
  readonly memory: WebAssemblyMemory;
  /** @internal */
  kernel: Kernel;
  /** @internal */
  readonly allocator: Allocator;
  /** @internal */
  readonly parameters = new Set<AnyParameter>();
  /** Room that is reserved for gradients and for momentum buffers, and has no place yet. @internal */
  readonly waiting = { gradients: new Set<Room>(), buffers: new Set<Room>() };
  /**
   * Counts the changes that a prepared step depends on: which parameters have a gradient or a momentum buffer, and where. So an
   * optimizer need not look at every parameter in every step.
   *
   * @internal
   */
  version = 0;
  #disposed = false;

  /** @param newSharedMemory for an engine of several threads: its kernel needs shared memory @internal */
  static create(source: KernelSource, options?: EngineOptions, newSharedMemory?: NewMemory): Engine {
    return new Engine(source, options, newSharedMemory);
  }

  private constructor(source: KernelSource, options: EngineOptions = {}, newSharedMemory?: NewMemory) {
    if (typeof source !== "function")
      throw new TypeError("an engine is made by createEngine() or createThreadedEngine()");
    if (typeof WebAssembly === "undefined") {
      throw new Error(
        "This runtime has no WebAssembly, as with --jitless (run Node without it) or Lockdown Mode (except the site)",
      );
    }
    checkKeys(options, ENGINE_OPTIONS, "createEngine");
    const { rounding = "fused", memory, allocate, free, module } = options;
    checkOneOf("rounding", rounding, ROUNDINGS);
    if (module !== undefined && tagOf(module) !== "WebAssembly.Module") {
      throw new TypeError(`module must be a WebAssembly.Module, got ${typeName(module)}: compile the bytes first`);
    }
    const shared = newSharedMemory !== undefined || isShared(memory);
    let allocator: Allocator | undefined;
    if (memory !== undefined || allocate || free) allocator = new ForeignAllocator(options);
    const getMemory = () => {
      allocator ??= new Arena(options, newSharedMemory);
      return allocator.memory;
    };
    try {
      this.kernel =
        module === undefined
          ? selectKernel((build) => source(build, shared), rounding, getMemory)
          : suppliedKernel(module, rounding, getMemory());
    } catch (cause) {
      if (!(cause instanceof WebAssembly.LinkError)) throw cause;
      throw new TypeError(
        "memory and kernel do not fit: memory must be 32-bit; an options.module for shared memory, as createThreadedEngine has, " +
          "is kernel-shared.wasm or a sibling, for other memory kernel.wasm",
        { cause },
      );
    }
    this.memory = getMemory();
    this.allocator = allocator as Allocator;
    this.allocator.explain = () => this.#explainMemory();
    present(this, ["kernel", "allocator", "parameters", "waiting", "version"], () =>
      summaryOf("Engine", { ...this.info, parameters: this.parameters.size }),
    );
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
  parameter<D extends DType>(shape: number | readonly number[], options: ParameterOptions & { dtype: D }): Parameter<D>;
  parameter(shape: number | readonly number[], options?: ParameterOptions): AnyParameter;
  parameter(shape: number | readonly number[], options: ParameterOptions = {}): AnyParameter {
    if (this.#disposed) throw new Error("the engine was disposed");
    const parameter = Parameter.create(this, shape, options);
    this.parameters.add(parameter);
    return parameter;
  }

  /** What holds the memory, and what would free some. */
  #explainMemory(): string {
    const total = { parameters: 0, optimizers: 0, outdated: 0 };
    for (const parameter of this.parameters) {
      const { own, buffers } = parameter.heldBytes();
      total.parameters += own;
      for (const bytes of buffers) total.optimizers += bytes;
      // All but the latest belong to optimizers that another one on the same parameter has followed.
      for (const bytes of buffers.slice(0, -1)) total.outdated += bytes;
    }
    const outdated =
      total.outdated > 0 ? ` (${total.outdated} of them by optimizers before the latest on their parameters)` : "";
    return (
      `: parameters and gradients hold ${total.parameters} bytes, optimizers ${total.optimizers}${outdated}. ` +
      "What helps is parameter.dispose(), optimizer.dispose()"
    );
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

function isShared(memory: WebAssembly.Memory | undefined): boolean {
  return tagOf(memory?.buffer) === "SharedArrayBuffer";
}
