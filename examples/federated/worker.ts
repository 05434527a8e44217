// The whole Worker: the parameter server, for those who have a token.

import { createHandler, tokens } from "sgd-wasm/durable";

export { ParameterCoordinator, ParameterShard } from "sgd-wasm/durable";
export default createHandler<{ TRAINING_SECRET: string }>({ authorize: tokens((env) => env.TRAINING_SECRET) });
