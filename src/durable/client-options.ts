// The options of a client, checked.

import { checkKeys, checkNumber, typeName } from "../common/checks.js";
import type { Fetch, TransportOptions } from "./transport.js";

/** Options of a `ParameterClient`. */
export interface ParameterClientOptions {
  /** where the Worker answers, without `/runs` */
  url: string;
  /** the name of the run: letters, digits, `.`, `_` and `-`, at most 128 */
  run: string;
  /** a token of `issueToken`, or a function that gives one before every request */
  token: string | (() => string | Promise<string>);
  /** in the place of the global `fetch`; called with a URL and `{ method, headers, body, signal }` */
  fetch?: Fetch;
  /** ends everything, with its reason */
  signal?: AbortSignal;
  /** how long to go on asking while nothing answers, in milliseconds; default 60,000 */
  retryMs?: number;
}

const OPTIONS = ["url", "run", "token", "fetch", "signal", "retryMs"];

/** @throws TypeError, RangeError */
export function checkedOptions(options: ParameterClientOptions): TransportOptions & { run: string } {
  checkKeys(options, OPTIONS, "ParameterClient");
  const { url, run, token, signal, retryMs = 60_000, fetch = (url, init) => globalThis.fetch(url, init) } = options;
  for (const [name, value] of Object.entries({ url, run })) {
    if (typeof value !== "string") throw new TypeError(`${name} must be a string, got ${typeName(value)}`);
  }
  if (typeof token !== "string" && typeof token !== "function") {
    throw new TypeError(`token must be a string or a function that gives one, got ${typeName(token)}`);
  }
  if (options.fetch === undefined && !isHttp(url)) {
    throw new TypeError(`url must be a URL such as "https://train.example", got ${JSON.stringify(url)}`);
  }
  if (typeof fetch !== "function") throw new TypeError(`fetch must be a function, got ${typeName(fetch)}`);
  if (signal !== undefined && typeof signal?.throwIfAborted !== "function") {
    throw new TypeError(`signal must be an AbortSignal, got ${typeName(signal)}`);
  }
  checkNumber("retryMs", retryMs);
  if (!(retryMs >= 0)) throw new RangeError(`retryMs must be a number from 0 on, got ${retryMs}`);
  return { url: url.replace(/\/+$/, ""), run, token, fetch, signal, retryMs };
}

/** Whether fetch can ask it; in a browser also a path of the page's server. */
function isHttp(url: string): boolean {
  const base = (globalThis as { location?: { href: string } }).location?.href;
  try {
    return /^https?:$/.test(new URL(url, base).protocol);
  } catch {
    return false;
  }
}
