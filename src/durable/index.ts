// The public surface of sgd-wasm/durable outside of Workers: the client's. Nothing here imports `cloudflare:` or `node:`.

export { ParameterClient, type PushOptions } from "./client.js";
export type { ParameterClientOptions } from "./client-options.js";
export type { ServedDType, TensorInfo } from "./config.js";
export type { LearningRate, RunGroup, RunOptions, RunParams } from "./describe.js";
export { ParameterServerError } from "./error.js";
export { type Grant, issueToken, type Role } from "./grant.js";
export type { JoinResult, PushResult, RunStatus } from "./status.js";
export type { Answer, Fetch } from "./transport.js";
