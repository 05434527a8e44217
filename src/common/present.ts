// What `console.log` shows of an object.

/** Methods that Node and Bun, and Deno, call for it. */
const INSPECTORS = [Symbol.for("nodejs.util.inspect.custom"), Symbol.for("Deno.customInspect")];
const SHOWN = 6;

/** Hides properties that are not for users, and lets runtimes print `summary`. */
export function present(object: object, internal: readonly string[], summary: () => string): void {
  for (const name of internal) Object.defineProperty(object, name, { enumerable: false });
  for (const key of INSPECTORS) Object.defineProperty(object, key, { value: summary });
}

/** `Name { key: value, … }`. */
export function summaryOf(name: string, properties: Readonly<Record<string, unknown>>): string {
  const texts = Object.entries(properties).map(([key, value]) => `${key}: ${textOf(value)}`);
  return `${name} { ${texts.join(", ")} }`;
}

function textOf(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (!Array.isArray(value) && !ArrayBuffer.isView(value)) return String(value);
  const list = value as unknown as ArrayLike<unknown>;
  const first = Array.from({ length: Math.min(list.length, SHOWN) }, (_, i) => String(list[i]));
  if (list.length > SHOWN) first.push(`… ${list.length - SHOWN} more`);
  return `[${first.join(", ")}]`;
}
