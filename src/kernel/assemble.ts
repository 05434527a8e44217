// Makes a build of the kernel of the template that assembly/template/text.mjs writes: fills in its places, once for each variant and
// dtype. What a variant does not do is not in its loop.

import { BUILDS, type Build } from "./kernel.js";
import { inlined, template } from "./template.generated.js";
import { COUNT, flagsOf } from "./variants.js";

type Bytes = Uint8Array<ArrayBuffer>;

/** Begins a mark: the letter t. */
const MARK = 116;
/** Between segments of a function: below this the number of a flag, with which a choice begins; above it the choice's end. */
const OTHER_BRANCH = 8;

const encoder = new TextEncoder();

/** @param memory the section of imports: `unshared` or `shared` of the template */
export function assemble(build: Build, memory: string): Bytes {
  const index = BUILDS.indexOf(build);
  const emulated = build === "emulated";
  const flags = Array.from({ length: COUNT }, (_, copy) => Object.values(flagsOf(copy, emulated)));
  const [start, middle, ...functions] = template
    .replace(/[w-z]/g, (place) => inlined[index][place.charCodeAt(0) - 119] ?? String.fromCharCode(index + 32))
    .split("~");
  const types: Bytes[] = [];
  const bodies: Bytes[] = [];
  for (const text of functions) {
    const [kind, type] = decode(text.slice(0, 2));
    const { segments, marks } = parse(text.slice(2));
    // How often a function is there: once, for each variant, for each dtype, only where multiply-add is emulated, or once.
    const copies = [1, COUNT, 2, Number(emulated), 1][kind];
    for (let copy = 0; copy < copies; copy++) {
      const chosen = concat(choose(segments, marks, flags[copy]));
      const body = kind === DISPATCH ? dispatch(chosen) : chosen;
      types.push(Uint8Array.of(type));
      bodies.push(number(body.length), body);
    }
  }
  const count = number(types.length);
  return concat([
    decode(start),
    decode(memory),
    section(3, [count, ...types]),
    decode(middle),
    section(10, [count, ...bodies]),
  ]);
}

/** The kind of functions that call a variant. */
const DISPATCH = 4;

/** From a function that calls the first variant, one that calls the variant that is its first parameter: a `switch`. */
function dispatch(body: Bytes): Bytes {
  const variants = Array.from({ length: COUNT }, (_, variant) => variant);
  const call = body.subarray(1, -2); // behind the count of locals; at the end stand the first variant's index and `end`
  const first = body[body.length - 2];
  const blocks = variants.flatMap(() => [0x02, 0x40]);
  const cases = variants.flatMap((variant) => [0x0b, ...call, first + variant, 0x0f]); // end, call, return
  return Uint8Array.of(0, ...blocks, 0x20, 0, 0x0e, COUNT - 1, ...variants, ...cases, 0x0b); // local.get 0, br_table
}

/** One branch of every choice. */
function choose(segments: readonly Bytes[], marks: readonly number[], flags: readonly boolean[]): Bytes[] {
  const chosen: Bytes[] = [];
  let skipped = 0; // open choices from the first of which this is not the branch
  for (let i = 0; i < segments.length; i++) {
    if (skipped === 0) chosen.push(segments[i]);
    const mark = marks[i];
    if (mark < OTHER_BRANCH) {
      if (skipped > 0 || !flags[mark]) skipped++;
    } else if (mark === OTHER_BRANCH) {
      if (skipped < 2) skipped = 1 - skipped;
    } else if (skipped > 0) skipped--;
  }
  return chosen;
}

function section(id: number, parts: readonly Bytes[]): Bytes {
  const content = concat(parts);
  return concat([Uint8Array.of(id), number(content.length), content]);
}

/** An unsigned LEB128 of three bytes, for numbers below 2^21. */
function number(value: number): Bytes {
  return Uint8Array.of(value | 128, (value >> 7) | 128, value >> 14);
}

function concat(parts: readonly Bytes[]): Bytes {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function decode(text: string): Bytes {
  return parse(text).segments[0];
}

/**
 * The inverse of `encode` in assembly/template/text.mjs: segments of bytes, and the marks between them. In place, in bytes that the
 * runtime makes of the text: code that runs once is slow.
 */
function parse(text: string): { segments: Bytes[]; marks: number[] } {
  const bytes = encoder.encode(text) as Bytes;
  const segments: Bytes[] = [];
  const marks: number[] = [];
  let start = 0;
  let end = 0;
  for (let i = 0; i < bytes.length; ) {
    const code = bytes[i++];
    if (code === MARK) {
      segments.push(bytes.subarray(start, end));
      marks.push(bytes[i++] - 32);
      start = end;
    } else bytes[end++] = code < 112 ? code - 32 : ((code - 112) << 6) | (bytes[i++] - 32);
  }
  segments.push(bytes.subarray(start, end));
  return { segments, marks };
}
