// The public surface of sgd-wasm.

import { Engine, type EngineOptions } from "./engine.js";

export type { DType } from "./common/dtype.js";
export type { StateDict, StateDictGroup, TensorData } from "./common/tensor-data.js";
export { Engine, type EngineInfo, type EngineOptions } from "./engine.js";
export { type ClipGradNormOptions, clipGradNorm, clipGradValue } from "./gradient/clip.js";
export type { SparseGradient } from "./gradient/sparse.js";
export type { GroupOptions, ParamGroup, ParamGroupInit, Params, SGDOptions } from "./optimizer/options.js";
export type { StepCotangents, StepGradients } from "./optimizer/tape.js";
export { Parameter, type ParameterAddresses, type ParameterOptions } from "./parameter.js";
export { SGD, type StepOptions, type StepReport } from "./sgd.js";

// Last, so that the kernels' text comes after all code in a bundle: side by side with it, it compresses 0.7 kB worse.
import { kernelSource } from "./entry/embedded.js";

/** Makes an engine: a kernel, the best that this runtime can run, bound to a linear memory. Synchronous. */
export function createEngine(options?: EngineOptions): Engine {
  return Engine.create(kernelSource, options);
}
