export type { StateDict, TensorData } from "../common/tensor-data.js";
export type { AnyTensorData, DType, IntegerTensorData } from "./dtype.js";
export { CheckpointError } from "./error.js";
export type { RandomAccess } from "./io/source.js";
export type { CheckpointLimits } from "./limits.js";
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
export { decodeSafetensors, decodeSafetensorsFrom, type Safetensors } from "./safetensors/read.js";
export { encodeSafetensors, encodeSafetensorsStream } from "./safetensors/write.js";
export { type DecodeOptions, decodeTorch, decodeTorchFrom } from "./torch/decode.js";
export { encodeTorch, encodeTorchStream } from "./torch/encode.js";
