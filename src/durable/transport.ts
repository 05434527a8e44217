// Requests that are sent again until something answers.

import { typeName } from "../common/checks.js";
import { ParameterServerError, STATUS } from "./error.js";

/** How many requests of a client are open at most. */
const OPEN = 6;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;
/** More than this a timer takes for nothing at all. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** `fetch`, as it is called here: the global one, a service binding's, miniflare's `dispatchFetch`. */
export type Fetch = (
  url: string,
  init: {
    method: string;
    headers: Record<string, string>;
    body?: string | Uint8Array<ArrayBuffer>;
    signal?: AbortSignal;
  },
) => Promise<Answer>;

/** What is read of a response. */
export interface Answer {
  readonly ok: boolean;
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  /** of errors and JSON */
  text(): Promise<string>;
  /** of slices */
  arrayBuffer(): Promise<ArrayBuffer>;
}

export interface TransportOptions {
  url: string;
  token: string | (() => string | Promise<string>);
  fetch: Fetch;
  signal: AbortSignal | undefined;
  retryMs: number;
}

export interface Outgoing {
  method: "GET" | "PUT" | "POST" | "DELETE";
  path: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array<ArrayBuffer>;
}

/** What is to be tried again: why, and how long the server asks to wait. */
class Again {
  readonly cause: unknown;
  readonly after: number;

  constructor(cause: unknown, after = 0) {
    this.cause = cause;
    this.after = after;
  }
}

export class Transport {
  readonly #options: TransportOptions;
  readonly #queue: (() => void)[] = [];
  #open = 0;
  #lastSuccess = Number.NEGATIVE_INFINITY;

  constructor(options: TransportOptions) {
    this.#options = options;
  }

  /** The answer, read by `read`, which may be called again when reading breaks off. @throws ParameterServerError */
  async send<T>(request: Outgoing, read: (response: Answer) => Promise<T>): Promise<T> {
    await this.#enter();
    try {
      return await this.#persist(request, read);
    } finally {
      this.#open--;
      this.#queue.shift()?.();
    }
  }

  async pause(milliseconds: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const elapsed = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, Math.min(milliseconds, LONGEST_TIMER_MS));
    });
    await this.#unlessAborted(() => elapsed).finally(() => clearTimeout(timer));
  }

  async #enter(): Promise<void> {
    while (this.#open >= OPEN) {
      await this.#unlessAborted(() => new Promise<void>((resolve) => this.#queue.push(resolve)));
    }
    this.#open++;
  }

  async #persist<T>(request: Outgoing, read: (response: Answer) => Promise<T>): Promise<T> {
    const { signal, retryMs } = this.#options;
    let firstFailure: number | null = null;
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      // A `fetch` of the user's may know nothing of signals.
      const result = await this.#unlessAborted(() => this.#attempt(request, read));
      if (!(result instanceof Again)) return result;
      signal?.throwIfAborted();
      const now = Date.now();
      firstFailure ??= now;
      const left = Math.max(firstFailure, this.#lastSuccess) + retryMs - now;
      const wait = Math.max(pause * (0.5 + Math.random() / 2), result.after);
      if (left > 0) await this.pause(Math.min(wait, left));
      // The server does not want to be asked before that.
      if (left <= 0 || result.after > left) throw this.#unreachable(request, result.cause);
    }
  }

  async #attempt<T>({ method, path, headers, body }: Outgoing, read: (response: Answer) => Promise<T>) {
    const { url, fetch, signal } = this.#options;
    const authorization = `Bearer ${await this.#token()}`;
    let response: Answer;
    let value: T | undefined;
    let error: ParameterServerError | undefined;
    try {
      response = await fetch(url + path, {
        method,
        headers: { authorization, ...headers },
        body,
        signal,
      });
      if (response.ok) value = await read(response);
      else error = await errorOf(response);
    } catch (cause) {
      return new Again(cause);
    }
    if (error && isForLater(error)) return new Again(error, retryAfter(response));
    this.#lastSuccess = Date.now();
    if (error) throw error;
    return value as T;
  }

  async #token(): Promise<string> {
    const given = this.#options.token;
    const token = typeof given === "function" ? await given() : given;
    if (typeof token !== "string") throw new TypeError(`token must give a string, gave ${typeName(token)}`);
    return token;
  }

  #unreachable({ method, path }: Outgoing, cause: unknown): ParameterServerError {
    const { url, retryMs } = this.#options;
    const message = `${method} ${url}${path} got no answer for ${retryMs} ms: ${(cause as Error)?.message ?? cause}`;
    return new ParameterServerError("unreachable", message, 0, { cause });
  }

  /** @throws the signal's reason as soon as it is aborted */
  async #unlessAborted<T>(run: () => Promise<T>): Promise<T> {
    const { signal } = this.#options;
    if (!signal) return run();
    signal.throwIfAborted();
    let abort = () => {};
    const aborted = new Promise<never>((_, reject) => {
      abort = () => reject(signal.reason);
      signal.addEventListener("abort", abort);
    });
    try {
      return await Promise.race([run(), aborted]);
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }
}

/** What a server refuses, also where something before it answers without JSON. */
async function errorOf(response: Answer): Promise<ParameterServerError> {
  const text = await response.text();
  try {
    const { code, message } = JSON.parse(text) as { code: unknown; message: unknown };
    if (typeof code === "string") return new ParameterServerError(code, String(message), response.status);
  } catch {
    // No JSON.
  }
  return new ParameterServerError(
    codeOf(response),
    `status ${response.status}: ${text.slice(0, 200)}`,
    response.status,
  );
}

function codeOf(response: Answer): string {
  if (isForLater(response)) return "overloaded";
  const [code] = Object.entries(STATUS).find(([, status]) => status === response.status) ?? ["invalid"];
  return code;
}

/** Whether the same request may be answered later. */
function isForLater({ status }: { status: number }): boolean {
  return status === 429 || status >= 500;
}

/** Milliseconds to wait, given as seconds or as a date. */
function retryAfter({ headers }: Answer): number {
  const value = headers.get("retry-after");
  if (value === null) return 0;
  const milliseconds = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return milliseconds > 0 ? milliseconds : 0;
}
