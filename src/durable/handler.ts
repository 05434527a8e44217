// The Worker in front of the objects: who asks, what for, and which object answers.

import { checkKeys } from "../common/checks.js";
import { BodyReader } from "./body.js";
import { ParameterServerError, refusal } from "./error.js";
import { type AnyEnv, type Grant, isGrant, ROLES } from "./grant.js";
import { fromJson } from "./json.js";
import { checkRunName, shardName } from "./names.js";
import { errorResponse, jsonResponse, type Outcome, unwrap } from "./outcome.js";
import type { Bindings } from "./platform.js";
import { integerOf, type Route, routeOf, runOf } from "./routes.js";
import type { ShardRequest } from "./shard.js";

/** Options of `createHandler`. */
export interface HandlerOptions<Env> {
  /** Asked first, for every request and path. Null, and an exception, is 401. */
  authorize: (request: Request, env: Env) => Grant | null | Promise<Grant | null>;
}

/** A Worker, as its module exports it. */
export interface Handler<Env> {
  /** Answers a request; never throws, unless the request breaks off. */
  fetch(request: Request, env: Env, context?: unknown): Promise<Response>;
}

/**
 * What a Worker exports as its default: the HTTP interface of the parameter server. CORS and mounting under another path are done by
 * wrapping `fetch`.
 *
 * @throws TypeError without `authorize`, so that no Worker starts that serves everybody
 */
export function createHandler<Env = AnyEnv>(options: HandlerOptions<Env>): Handler<Env> {
  checkKeys(options ?? {}, ["authorize"], "createHandler");
  const authorize = options?.authorize;
  if (typeof authorize !== "function") {
    throw new TypeError(
      "createHandler needs authorize: (request, env) => Grant | null, such as tokens((env) => env.TRAINING_SECRET)",
    );
  }
  return {
    async fetch(request, env) {
      try {
        const grant = await grantOf(authorize, request, env);
        return await serve(request, bindingsOf(env), grant);
      } catch (error) {
        // Unless an object has been given the body.
        if (!request.bodyUsed) await drain(request);
        return error instanceof ParameterServerError ? errorResponse(error) : failureResponse(error);
      }
    },
  };
}

async function grantOf<Env>(authorize: HandlerOptions<Env>["authorize"], request: Request, env: Env): Promise<Grant> {
  let grant: Grant | null = null;
  try {
    grant = await authorize(request, env);
  } catch {
    // An exception refuses, as null does.
  }
  if (!isGrant(grant)) throw refusal("unauthorized", "the request needs a token that is valid now");
  return grant;
}

/** The bindings, which a project without its wrangler.jsonc lacks. @throws ParameterServerError `unknown` */
function bindingsOf(env: unknown): Bindings {
  for (const name of ["PARAMETER_COORDINATOR", "PARAMETER_SHARD"] as const) {
    if (typeof (env as Partial<Bindings> | null)?.[name]?.getByName === "function") continue;
    throw refusal("unknown", `the Worker has no binding ${name} to a Durable Object: see its wrangler.jsonc`);
  }
  return env as Bindings;
}

async function serve(request: Request, env: Bindings, grant: Grant): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url);
  const { run, rest } = runOf(pathname);
  checkRunName(run);
  if (run !== grant.run) throw refusal("forbidden", `this token is not for the run ${run}`);
  const { route, parts } = routeOf(request.method, rest);
  checkRole(route, grant);
  const coordinator = env.PARAMETER_COORDINATOR.getByName(run);
  switch (route.what) {
    case "create":
      return control(coordinator.create(run, await jsonOf(request)));
    case "status":
      return control(coordinator.status());
    case "delete":
      await drain(request);
      return control(coordinator.remove());
    case "join":
      await drain(request);
      return control(coordinator.join(grant.worker!));
    case "step":
      await drain(request);
      return control(coordinator.takeStep(integerOf("the step", parts.step)));
    default: {
      const asked = { run, what: route.what, index: String(Number(parts.index)), ...numbersOf(route, searchParams) };
      const layout = request.headers.get("layout") ?? "";
      return bulk(env, request, { ...asked, layout, worker: grant.worker ?? "" });
    }
  }
}

function checkRole({ role, named }: Route, grant: Grant): void {
  if (ROLES.indexOf(grant.role) < ROLES.indexOf(role)) {
    throw refusal("forbidden", `this needs the role ${role}, the token is for a ${grant.role}`);
  }
  if (named && grant.worker === undefined) throw refusal("forbidden", "this needs a token with the name of a worker");
}

/** What a shard is asked besides: the step, where one is given or needed, and the rank. */
function numbersOf({ what }: Route, query: URLSearchParams): { step?: string; rank?: string } {
  if (what === "values") return {};
  const numbers: { step?: string; rank?: string } = {};
  const names = what === "gradients" ? (["step", "rank"] as const) : query.has("step") ? (["step"] as const) : [];
  for (const name of names) numbers[name] = String(integerOf(name, query.get(name)));
  return numbers;
}

/** Calls to the coordinator carry data. */
async function control(answer: Promise<Outcome<unknown>>): Promise<Response> {
  return jsonResponse(unwrap(await answer));
}

/** Calls to a shard carry streams. */
function bulk(env: Bindings, { method, body }: Request, asked: ShardRequest): Promise<Response> {
  const shard = env.PARAMETER_SHARD.getByName(shardName(asked.run, Number(asked.index)));
  return shard.fetch(new Request(`https://shard/?${new URLSearchParams({ ...asked })}`, { method, body }));
}

async function jsonOf(request: Request): Promise<unknown> {
  try {
    return fromJson(await request.text());
  } catch (error) {
    throw refusal("invalid", `the body is no JSON: ${(error as Error).message}`);
  }
}

async function drain(request: Request): Promise<void> {
  await new BodyReader(request).drain();
}

/** An object that was stopped answers when it is asked again, at once; one that has too much to do must not be. */
function failureResponse(error: unknown): Response {
  const { message, overloaded } = error as Error & { overloaded?: boolean };
  if (!overloaded) console.error(error);
  const refused = refusal("overloaded", `an object of the run does not answer (${message}): ask again`);
  return errorResponse(refused, overloaded);
}
