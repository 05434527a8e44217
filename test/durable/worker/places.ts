// The parameter server for pages of other origins, as the documentation has it; and a client within a Worker.

import { createHandler, type Fetch, tokens } from "sgd-wasm/durable";
import { trainAlone } from "../alone.js";

export { ParameterCoordinator, ParameterShard } from "sgd-wasm/durable";

interface Env {
  TRAINING_SECRET: string;
}

const server = createHandler<Env>({ authorize: tokens((env) => env.TRAINING_SECRET) });
const CORS = {
  "access-control-allow-origin": "*",
  "access-control-allow-methods": "GET, POST, PUT, DELETE",
  "access-control-allow-headers": "authorization, content-type, layout",
};

async function serve(request: Request, env: Env): Promise<Response> {
  if (request.method === "OPTIONS") return new Response(null, { headers: CORS });
  const { status, headers, body } = await server.fetch(request, env);
  return new Response(body, { status, headers: { ...Object.fromEntries(headers), ...CORS } });
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname !== "/train") return serve(request, env);
    const fetch: Fetch = (url, init) => serve(new Request(url, init), env);
    const token = searchParams.get("token")!;
    return Response.json(await trainAlone({ url: "http://server", run: "worker", token, fetch }));
  },
};
