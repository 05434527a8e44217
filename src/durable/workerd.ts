/**
 * A parameter server on Durable Objects: many workers push gradients, and the parameters are, bit for bit, those of one machine with one
 * `SGD`. `createHandler`, `tokens`, `ParameterCoordinator` and `ParameterShard` are there under the condition `workerd` only, in Cloudflare's
 * Workers; the others everywhere. docs/parameter-server.md tells how to deploy it.
 *
 * @module
 */

export { ParameterCoordinator } from "./coordinator.js";
export { tokens } from "./grant.js";
export { createHandler, type Handler, type HandlerOptions } from "./handler.js";
export * from "./index.js";
export { ParameterShard } from "./shard.js";
