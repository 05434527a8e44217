// Values of another realm: of an iframe in a page, of a vm context on Node, Deno and Bun. Elsewhere, and where a page's content
// security policy lets no text be run, there is none.

import { suite } from "uvu";

/** Runs the text of a program in the other realm, and gives the value of its last expression. */
type Run = (text: string) => unknown;

const run = inFrame() ?? inContext();

function inFrame(): Run | null {
  if (typeof document === "undefined") return null;
  const frame = document.createElement("iframe");
  document.documentElement.append(frame);
  const window = frame.contentWindow as unknown as { eval: Run };
  try {
    window.eval("0");
    return (text) => window.eval(text);
  } catch {
    return null;
  }
}

function inContext(): Run | null {
  const vm = (globalThis as { process?: NodeJS.Process }).process?.getBuiltinModule?.("node:vm");
  if (!vm) return null;
  const context = vm.createContext({});
  return (text) => vm.runInContext(text, context);
}

/** A suite of tests that need another realm. */
export function realmSuite(name: string) {
  const test = suite(name);
  const needing = (title: string, handler: () => unknown) =>
    run ? test(title, handler as () => void) : test.skip(title);
  return Object.assign(needing, { run: () => test.run() });
}

/** The value of an expression in the other realm; `given` are its variables. */
export function foreign<T>(expression: string, given: Record<string, unknown> = {}): T {
  const evaluate = run!(`(function (${Object.keys(given).join(", ")}) { return (${expression}); })`);
  return (evaluate as (...values: unknown[]) => T)(...Object.values(given));
}

/** A deep copy whose objects, arrays, Maps and typed arrays are of the other realm. */
export function carried<T>(value: T): T {
  return foreign(
    `(function copy(x) {
      if (typeof x !== "object" || x === null) return x;
      const tag = Object.prototype.toString.call(x).slice(8, -1);
      if (tag.endsWith("Array") && tag !== "Array") return globalThis[tag].from(x);
      if (tag === "Array") return Array.from(x, copy);
      if (tag === "Map") return new Map(Array.from(x, copy));
      return Object.fromEntries(Object.entries(x).map(([key, item]) => [key, copy(item)]));
    })(value)`,
    { value },
  );
}
