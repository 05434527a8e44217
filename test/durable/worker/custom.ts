// An `authorize` that does what the test's header `kind` says, and an environment without the binding of the header `without`.

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

const handler = createHandler<Record<string, unknown>>({
  authorize: (request) => ANSWERS[request.headers.get("kind") ?? "null"]() as Grant | null,
});

export default {
  fetch(request: Request, env: Record<string, unknown>): Promise<Response> {
    const missing = request.headers.get("without");
    return handler.fetch(request, missing === null ? env : { ...env, [missing]: undefined });
  },
};
