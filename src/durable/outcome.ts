// Refusals on their way: calls between objects lose the class of an error, and HTTP has statuses.

import { type Code, ParameterServerError, refusal } from "./error.js";
import { toJson } from "./json.js";

export type Outcome<T> = { value: T } | { code: Code; message: string };

/** What `call` gives, or its refusal. */
export async function outcomeOf<T>(call: () => T | Promise<T>): Promise<Outcome<T>> {
  try {
    return { value: await call() };
  } catch (error) {
    if (!(error instanceof ParameterServerError)) throw error;
    return { code: error.code as Code, message: error.message };
  }
}

/** @throws ParameterServerError where it was a refusal */
export function unwrap<T>(outcome: Outcome<T>): T {
  if ("value" in outcome) return outcome.value;
  throw refusal(outcome.code, outcome.message);
}

export function jsonResponse(value: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(toJson(value), { status, headers: { "content-type": "application/json", ...headers } });
}

const RETRY_AFTER = { "retry-after": "1" };

/**
 * The answer to a refused request.
 *
 * @param later whether what is overloaded is to be asked again only after a while
 * @throws anything but a refusal
 */
export function errorResponse(error: unknown, later = true): Response {
  if (!(error instanceof ParameterServerError)) throw error;
  const { code, message, status } = error;
  return jsonResponse({ code, message }, status, status === 503 && later ? RETRY_AFTER : {});
}
