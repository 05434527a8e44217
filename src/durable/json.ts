// JSON that keeps every number: NaN, infinities and -0 are `{ "$number": "NaN" }` and so on.

export function toJson(value: unknown): string {
  return JSON.stringify(value, (_, item) => (isOrdinary(item) ? item : { $number: textOf(item) }));
}

/** @throws SyntaxError on anything but JSON */
export function fromJson(text: string): unknown {
  return JSON.parse(text, (_, item) => (typeof item?.$number === "string" ? Number(item.$number) : item));
}

function isOrdinary(item: unknown): boolean {
  return typeof item !== "number" || (Number.isFinite(item) && !Object.is(item, -0));
}

function textOf(item: number): string {
  return item === 0 ? "-0" : String(item);
}
