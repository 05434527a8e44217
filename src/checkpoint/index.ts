export type { StateDict, TensorData } from "../state-dict.js";
export type { AnyTensorData, DType, IntegerTensorData } from "./dtype.js";
export { CheckpointError } from "./error.js";
export { type JsonValue, stateDictFromJSON, stateDictToJSON } from "./json.js";
export type { CheckpointLimits } from "./limits.js";
export type { ParameterTree } from "./parameter-tree.js";
export {
  type LoadParametersOptions,
  loadParameters,
  type NamedParameters,
  restoreParameters,
  type SaveParametersOptions,
  saveParameters,
} from "./parameters.js";
export { decodeSafetensors, decodeSafetensorsFrom, type Safetensors } from "./safetensors-read.js";
export { encodeSafetensors, encodeSafetensorsStream } from "./safetensors-write.js";
export type { RandomAccess } from "./source.js";
export { type DecodeOptions, decodeTorch, decodeTorchFrom } from "./torch-decode.js";
export { encodeTorch, encodeTorchStream } from "./torch-encode.js";
