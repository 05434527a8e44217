// Grants, which say who may do what, and tokens that carry them.

import { typeName } from "../common/checks.js";
import { fromJson, toJson } from "./json.js";

/** In order: each may do what those before it may. */
export const ROLES = ["reader", "worker", "admin"] as const;
/** What a token allows: `reader`, `worker` or `admin`. */
export type Role = (typeof ROLES)[number];

/** What a request is allowed. */
export interface Grant {
  /** the run that may be read, worked on or created */
  run: string;
  /** `reader` pulls, `worker` joins and pushes as well, `admin` creates as well */
  role: Role;
  /** the name of the worker: joining and pushing need one */
  worker?: string;
}

/** What a Worker is given, where it does not say. */
// biome-ignore lint/suspicious/noExplicitAny: bindings of any names and kinds
export type AnyEnv = any;

const SHORTEST_SECRET = 16;
const ALGORITHM = { name: "HMAC", hash: "SHA-256" };

interface Payload extends Grant {
  /** milliseconds since 1970 */
  exp: number;
}

/**
 * A token for `Authorization: Bearer …` that `tokens(secret)` accepts until it expires.
 *
 * @param secret at least 16 characters, the same as the Worker's
 * @throws RangeError when the secret is shorter or `expires` is no date; TypeError when the grant is none
 */
export async function issueToken(secret: string, grant: Grant & { expires: Date }): Promise<string> {
  if (!isSecret(secret)) {
    throw new RangeError(`the secret ${whatIsWrong(secret)}`);
  }
  if (!isGrant(grant)) {
    throw new TypeError(
      `a grant needs a run, a role ("${ROLES.join('", "')}") and a worker's name or none, got ${toJson(grant) ?? typeName(grant)}`,
    );
  }
  const { run, role, worker, expires } = grant;
  const exp = Number(expires);
  if (typeof expires !== "object" || !Number.isFinite(exp)) throw new RangeError("expires must be a date");
  const payload = new TextEncoder().encode(toJson({ run, role, worker, exp } satisfies Payload));
  const signature = await crypto.subtle.sign(ALGORITHM.name, await keyOf(secret, "sign"), payload);
  return `${toBase64(payload)}.${toBase64(new Uint8Array(signature))}`;
}

/**
 * For `createHandler`: grants what a token of `issueToken` says, in `Authorization: Bearer …`. Nothing to a token that is missing, forged or
 * expired, and nothing at all, with a warning, while the secret is missing or has fewer than 16 characters.
 *
 * @throws TypeError when `secret` is no function
 */
export function tokens<Env = AnyEnv>(
  secret: (env: Env) => string,
): (request: { headers: Headers }, env: Env) => Promise<Grant | null> {
  if (typeof secret !== "function") {
    throw new TypeError(`tokens needs (env) => secret, such as (env) => env.TRAINING_SECRET, got ${typeName(secret)}`);
  }
  let warned = false;
  return async ({ headers }, env) => {
    const [, payload, signature] = /^Bearer +([\w-]+)\.([\w-]+)$/i.exec(headers.get("authorization") ?? "") ?? [];
    const known = secret(env);
    if (!isSecret(known)) {
      if (!warned) console.warn(`nobody is let in: the secret ${whatIsWrong(known)}`);
      warned = true;
      return null;
    }
    return payload === undefined ? null : readToken(known, payload, signature);
  };
}

async function readToken(secret: string, payload: string, signature: string): Promise<Grant | null> {
  const [bytes, sent] = [fromBase64(payload), fromBase64(signature)];
  if (!bytes || !sent) return null;
  if (!(await crypto.subtle.verify(ALGORITHM.name, await keyOf(secret, "verify"), sent, bytes))) return null;
  const { run, role, worker, exp } = fromJson(new TextDecoder().decode(bytes)) as Payload;
  if (!(exp > Date.now())) return null;
  return { run, role, worker };
}

/** Whether this is a grant, whatever it is. */
export function isGrant(grant: unknown): grant is Grant {
  if (typeof grant !== "object" || grant === null) return false;
  const { run, role, worker } = grant as Grant;
  const named = worker === undefined || (typeof worker === "string" && worker !== "");
  return typeof run === "string" && ROLES.includes(role) && named;
}

function isSecret(secret: unknown): secret is string {
  return typeof secret === "string" && secret.length >= SHORTEST_SECRET;
}

function whatIsWrong(secret: unknown): string {
  const got = typeof secret === "string" ? String(secret.length) : typeName(secret);
  return `needs at least ${SHORTEST_SECRET} characters, got ${got}`;
}

function keyOf(secret: string, usage: "sign" | "verify"): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", new TextEncoder().encode(secret), ALGORITHM, false, [usage]);
}

/** Base64 with the alphabet for URLs, without padding. */
function toBase64(bytes: Uint8Array): string {
  const text = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Null for anything but base64. */
function fromBase64(text: string): Uint8Array<ArrayBuffer> | null {
  try {
    const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    return Uint8Array.from(binary, (character) => character.charCodeAt(0));
  } catch {
    return null;
  }
}
