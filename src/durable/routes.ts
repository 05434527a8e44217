// The HTTP interface: methods and paths under /runs/{run}, and who may use them.

import { refusal } from "./error.js";
import type { Role } from "./grant.js";

export interface Route {
  what: "create" | "status" | "delete" | "join" | "step" | "values" | "gradients" | "parameters" | "momentum";
  method: string;
  pattern: RegExp;
  role: Role;
  /** the grant needs the name of a worker */
  named?: true;
}

const ROUTES: readonly Route[] = [
  { what: "create", method: "PUT", pattern: /^$/, role: "admin" },
  { what: "status", method: "GET", pattern: /^$/, role: "reader" },
  { what: "delete", method: "DELETE", pattern: /^$/, role: "admin" },
  { what: "join", method: "POST", pattern: /^\/members$/, role: "worker", named: true },
  { what: "step", method: "POST", pattern: /^\/steps\/(?<step>[^/]*)$/, role: "reader" },
  { what: "values", method: "PUT", pattern: /^\/shards\/(?<index>\d+)\/parameters$/, role: "admin" },
  { what: "parameters", method: "GET", pattern: /^\/shards\/(?<index>\d+)\/parameters$/, role: "reader" },
  { what: "momentum", method: "GET", pattern: /^\/shards\/(?<index>\d+)\/momentum$/, role: "reader" },
  { what: "gradients", method: "PUT", pattern: /^\/shards\/(?<index>\d+)\/gradients$/, role: "worker", named: true },
];

/** What a route takes from its path. */
interface Parts {
  step?: string;
  index?: string;
}

/** The run that a path is about. @throws unknown, invalid */
export function runOf(path: string): { run: string; rest: string } {
  const [, segment, rest = ""] = /^\/runs\/([^/]+)(\/.*)?$/.exec(path) ?? [];
  if (segment === undefined) throw refusal("unknown", `there is no path ${path}: they begin with /runs/{run}`);
  try {
    return { run: decodeURIComponent(segment), rest };
  } catch {
    throw refusal("invalid", `the name of the run is no text: ${segment}`);
  }
}

/** @throws unknown */
export function routeOf(method: string, rest: string): { route: Route; parts: Parts } {
  for (const route of ROUTES) {
    const match = route.method === method && route.pattern.exec(rest);
    if (match) return { route, parts: match.groups ?? {} };
  }
  throw refusal("unknown", `there is no ${method} /runs/{run}${rest}`);
}

/** An integer from 0 on, as text. @throws invalid */
export function integerOf(what: string, text: string | null | undefined): number {
  if (typeof text === "string" && /^\d+$/.test(text)) return Number(text);
  const got = text === null || text === undefined ? "nothing" : JSON.stringify(text);
  throw refusal("invalid", `${what} must be an integer from 0 on, got ${got}`);
}
