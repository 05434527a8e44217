// How values get from tfjs's variables and gradients to the parameters of an engine, and back.

import { Engine, type EngineOptions } from "../engine.js";
import { kernelSource } from "../entry/embedded.js";
import type { Parameter } from "../parameter.js";
import type { Tensor, Tf, Variable } from "./types.js";

export interface Storage {
  readonly backend: object;
  readonly engine: Engine;
  /** A parameter for the variable. */
  add(variable: Variable): Parameter<"float32">;
  /** Gives the parameter the value of its variable, and a gradient. */
  read(variable: Variable, parameter: Parameter<"float32">, gradient: Tensor): void;
  /** Gives the variable what a step has made of its parameter. */
  write(variable: Variable, parameter: Parameter<"float32">): void;
}

type Rounding = EngineOptions["rounding"];

/** In place where the backend's internals are as they are known, else by copies. */
export function storageFor(tf: Tf, rounding: Rounding): Storage {
  const backend = tf.backend();
  return isWasm(backend) ? inPlace(tf, backend, rounding) : copies(tf, backend, rounding);
}

/** The internals of the wasm backend that are used (backend_wasm.ts of tfjs 4). */
interface WasmBackend {
  readonly wasm: {
    /** of the build with threads, and of the others */
    readonly wasmMemory?: WebAssembly.Memory;
    readonly asm?: { readonly memory?: WebAssembly.Memory };
    _malloc(byteLength: number): number;
    _free(address: number): void;
    readonly tfjs: {
      registerTensor(id: number, size: number, address: number): void;
      disposeData(id: number): void;
    };
  };
  readonly dataIdMap: { get(dataId: object): { id: number; memoryOffset: number } };
  refCount(dataId: object): number;
}

function isWasm(backend: object): backend is WasmBackend {
  const { wasm, dataIdMap, refCount } = backend as Partial<WasmBackend>;
  const { registerTensor, disposeData } = wasm?.tfjs ?? {};
  const used = [memoryOf(wasm), refCount, dataIdMap?.get, wasm?._malloc, wasm?._free, registerTensor, disposeData];
  return used.every(Boolean);
}

function memoryOf(wasm?: Partial<WasmBackend["wasm"]>): WebAssembly.Memory | undefined {
  return wasm?.wasmMemory ?? wasm?.asm?.memory;
}

/** Parameters are the variables' own elements in the backend's memory; a gradient is used where it lies. */
function inPlace(tf: Tf, backend: WasmBackend, rounding: Rounding): Storage {
  const { wasm, dataIdMap } = backend;
  const engine = Engine.create(kernelSource, {
    rounding,
    memory: memoryOf(wasm),
    allocate: (byteLength) => wasm._malloc(byteLength),
    free: (address) => wasm._free(address),
  });
  const addressOf = ({ dataId }: Tensor) => dataIdMap.get(dataId).memoryOffset;
  return {
    backend,
    engine,
    add: (variable) => engine.parameter(variable.shape, { name: variable.name, address: addressOf(variable) }),
    read(variable, parameter, gradient) {
      // Clones and reshaped tensors share their elements, and must not change. Times 1, unlike plus 0, keeps every bit.
      if (backend.refCount(variable.dataId) > 1) variable.assign(tf.mul(variable, 1));
      // `assign` moves a variable, and gradients come anew with every step.
      parameter.rebind({ address: addressOf(variable), gradAddress: addressOf(gradient) });
    },
    write(variable) {
      // XNNPACK's operators keep packed copies of weights by the tensor's id until its data is disposed: as long as they
      // do, layers go on with the old values.
      const { id, memoryOffset } = dataIdMap.get(variable.dataId);
      wasm.tfjs.disposeData(id);
      wasm.tfjs.registerTensor(id, variable.size, memoryOffset);
    },
  };
}

/** Parameters are copies in a memory of their own. */
function copies(tf: Tf, backend: object, rounding: Rounding): Storage {
  const engine = Engine.create(kernelSource, { rounding });
  /** what the latest step wrote; a variable whose data is another one has been assigned to since */
  const written = new WeakMap<Variable, object>();
  return {
    backend,
    engine,
    add: (variable) => engine.parameter(variable.shape, { name: variable.name }),
    read(variable, parameter, gradient) {
      if (written.get(variable) !== variable.dataId) parameter.data.set(variable.dataSync());
      parameter.grad = gradient.dataSync();
    },
    write(variable, parameter) {
      // The cpu backend keeps the array that it is given.
      variable.assign(tf.tensor(parameter.data.slice(), variable.shape, "float32"));
      written.set(variable, variable.dataId);
    },
  };
}
