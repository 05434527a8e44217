// What `import { suite } from "uvu"` gives inside a bundle: uvu's own, with an account of every test kept beside it. uvu
// counts neither tests of a suite whose run() was forgotten nor those that a failing before() kept from running, and
// reports a failure as coloured text only.

import { type Callback, suite as original } from "uvu";

export * from "uvu";

export interface TestResult {
  file: string;
  suite: string;
  test: string;
  status: "not run" | "running" | "passed" | "failed" | "skipped";
  milliseconds: number;
  error?: string;
}

/** Every test that was written down, run or not, in order. */
export const results: TestResult[] = [];
/** How many tests each file registered. */
export const files = new Map<string, number>();
let file = "";

/** The runner calls this before each file of suites. */
export function beginFile(name: string): void {
  file = name;
  files.set(name, 0);
}

export function suite<T = Record<string, unknown>>(name = "", state?: T): ReturnType<typeof original<T>> {
  const inner = original(name, state);
  const counted = (title: string, handler: Callback<T>) => inner(title, account(newResult(name, title), handler));
  const before = (hook: Callback<T>) => inner.before(reported({ file, suite: name, test: "before()" }, hook));
  return Object.assign(counted, inner, {
    before: Object.assign(before, inner.before),
    only: () => {
      throw new Error("test.only would keep the others from running: name the file, npm run test:node -- FILE");
    },
    skip: (title = "", _handler?: Callback<T>) => {
      newResult(name, title).status = "skipped";
    },
  }) as ReturnType<typeof original<T>>;
}

export const test = suite("");

function newResult(name: string, title: string): TestResult {
  const result: TestResult = { file, suite: name, test: title, status: "not run", milliseconds: 0 };
  results.push(result);
  files.set(file, (files.get(file) ?? 0) + 1);
  return result;
}

function account<T>(result: TestResult, handler: Callback<T>): Callback<T> {
  return async (context) => {
    const start = Date.now();
    result.status = "running";
    try {
      await handler(context);
      result.status = "passed";
    } catch (error) {
      result.status = "failed";
      result.error = explain(error);
      throw error instanceof Error ? error : new Error(result.error);
    } finally {
      result.milliseconds = Date.now() - start;
      await nextTurn();
    }
  };
}

/** A turn of the event loop, in which a runtime collects the memories that a test has left behind. */
async function nextTurn(): Promise<void> {
  try {
    await new Promise((resolve) => setTimeout(resolve));
  } catch {
    // workerd has no timers at module scope.
  }
}

/** uvu loses what a hook throws. */
function reported<T>(where: Pick<TestResult, "file" | "suite" | "test">, hook: Callback<T>): Callback<T> {
  return async (context) => {
    try {
      await hook(context);
    } catch (error) {
      results.push({ ...where, status: "failed", milliseconds: 0, error: explain(error) });
      throw error;
    }
  };
}

/** Message, uvu's picture of the difference, and where. */
export function explain(error: unknown): string {
  if (!(error instanceof Error)) return `thrown: ${String(error)}`;
  const { message, stack = "" } = error;
  const details = (error as { details?: string | false }).details || "";
  const frames = stack.split("\n").filter((line) => /^\s*at |@/.test(line) && !line.includes("node_modules/uvu/"));
  const cause = error.cause === undefined ? "" : `\ncaused by ${explain(error.cause)}`;
  return [`${error.name}: ${message}`.slice(0, 4000), details.slice(0, 4000), ...frames.slice(0, 6)]
    .filter(Boolean)
    .join("\n")
    .concat(cause);
}
