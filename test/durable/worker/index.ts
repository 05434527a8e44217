// The Worker of the documentation, as users write it.

import { createHandler, tokens } from "sgd-wasm/durable";

export { ParameterCoordinator, ParameterShard } from "sgd-wasm/durable";
export default createHandler<{ TRAINING_SECRET: string }>({ authorize: tokens((env) => env.TRAINING_SECRET) });
