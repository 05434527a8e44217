// An `authorize` that does what the test's header `kind` says.

import { createHandler, type Grant } from "sgd-wasm/durable";

export { ParameterCoordinator, ParameterShard } from "sgd-wasm/durable";

const ANSWERS: Record<string, () => unknown> = {
  null: () => null,
  undefined: () => undefined,
  throws: () => {
    throw new Error("no");
  },
  rejects: () => Promise.reject(new Error("no")),
  true: () => true,
  "no role": () => ({ run: "r", role: "king" }),
  reader: () => ({ run: "r", role: "reader" }),
};

export default createHandler({
  authorize: (request) => ANSWERS[request.headers.get("kind") ?? "null"]() as Grant | null,
});
