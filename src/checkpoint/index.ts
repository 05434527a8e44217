export type { StateDict, TensorData } from "../common/tensor-data.js";
export { CheckpointError } from "./io/error.js";
export type { CheckpointLimits } from "./io/limits.js";
export type { RandomAccess } from "./io/source.js";
export type { AnyTensorData, IntegerTensorData, RawTensorData, TensorDType } from "./io/tensor.js";
export { type JsonValue, stateDictFromJSON, stateDictToJSON } from "./parameters/json.js";
export {
  type LoadParametersOptions,
  loadParameters,
  type NamedParameters,
  restoreParameters,
  type SaveParametersOptions,
  saveParameters,
} from "./parameters/parameters.js";
export type { ParameterTree } from "./parameters/tree.js";
export type { Encoding } from "./pickle/machine.js";
export { decodeSafetensors, decodeSafetensorsFrom, type Safetensors } from "./safetensors/read.js";
export { encodeSafetensors, encodeSafetensorsStream, type NamedTensors } from "./safetensors/write.js";
export { type DecodeOptions, decodeTorch, decodeTorchFrom } from "./torch/decode.js";
export { encodeTorch, encodeTorchStream } from "./torch/encode.js";
