// The public surface of sgd-wasm.

import { Engine, type EngineOptions } from "./engine.js";

export type { DType } from "./common/dtype.js";
export type { StateDict, StateDictGroup, TensorData } from "./common/tensor-data.js";
export { Engine, type EngineInfo, type EngineOptions } from "./engine.js";
export { type ClipGradNormOptions, clipGradNorm, clipGradValue } from "./gradient/clip.js";
export type { SparseGradient } from "./gradient/sparse.js";
export { type GroupRule, groupParameters } from "./optimizer/group-parameters.js";
export type { ParamGroup, ParamGroupInit, Params } from "./optimizer/groups.js";
export type { HookHandle, HookOptions } from "./optimizer/hooks.js";
export type { LoadOptions } from "./optimizer/load.js";
export type { GroupOptions, SGDOptions } from "./optimizer/options.js";
export type { StepOptions, StepReport, ZeroGradOptions } from "./optimizer/step-arguments.js";
export type { StepCotangents, StepGradients } from "./optimizer/tape.js";
export { type AnyParameter, Parameter, type ParameterAddresses } from "./parameter.js";
export type { Parameters, ParametersByName } from "./parameter-list.js";
export type { ParameterOptions } from "./parameter-options.js";
export { SGD } from "./sgd.js";

// Last, so that the kernels' text comes after all code in a bundle: side by side with it, it compresses 0.7 kB worse.
import { kernelSource } from "./entry/embedded.js";

/** Makes an engine: a kernel, the best that this runtime can run, bound to a linear memory. Synchronous. */
export function createEngine(options?: EngineOptions): Engine {
  return Engine.create(kernelSource, options);
}
