// The Worker of examples/worker, and at /memory what its engines hold.

import { Engine } from "sgd-wasm";
import worker from "../../../examples/worker/worker.js";

export { UserModel } from "../../../examples/worker/worker.js";

const engines = new Set<Engine>();
const { parameter } = Engine.prototype;
Engine.prototype.parameter = function (this: Engine, ...args: Parameters<typeof parameter>) {
  engines.add(this);
  return parameter.apply(this, args);
} as typeof parameter;

export default {
  async fetch(request: Request, env: Parameters<typeof worker.fetch>[1]): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname !== "/memory") return worker.fetch(request, env);
    const held = Array.from(engines, ({ info, memory }) => [info.allocatedBytes, memory.buffer.byteLength]);
    return Response.json(held);
  },
};
