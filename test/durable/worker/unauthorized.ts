// What must not start.

import { createHandler } from "sgd-wasm/durable";

export { ParameterCoordinator, ParameterShard } from "sgd-wasm/durable";
export default createHandler({} as never);
