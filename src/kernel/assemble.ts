// Makes a build of the kernel of the template that assembly/template.mjs writes: fills in its places, once for each variant and
// dtype. What a variant does not do is not in its loop.

import { BUILDS, type Build } from "./kernel.js";
import { inlined, template } from "./template.generated.js";
import { COUNT, variantAt } from "./variants.js";

/** @param memory the section of imports: `unshared` or `shared` of the template */
export function assemble(build: Build, memory: string): Uint8Array<ArrayBuffer> {
  const index = BUILDS.indexOf(build);
  const emulated = build === "emulated";
  const [start, middle, ...functions] = template
    .replace(/[w-z]/g, (place) => inlined[index][place.charCodeAt(0) - 119] ?? byte(index))
    .split("~");
  const types: string[] = [];
  const bodies: string[] = [];
  for (const text of functions) {
    // How often a function is there: once, for each variant, for each dtype, or only where multiply-add is emulated.
    const copies = [1, COUNT, 2, Number(emulated)][text.charCodeAt(0) - 32];
    for (let copy = 0; copy < copies; copy++) {
      const body = choose(text.slice(2), [...Object.values(variantAt(copy)), !emulated, copy === 0]);
      types.push(text[1]);
      bodies.push(number(size(body)) + body);
    }
  }
  return decode(start + memory + section(3, types) + middle + section(10, bodies));
}

/** Leaves one branch of every choice. Inner ones first: a match has none in it. */
function choose(text: string, flags: readonly boolean[]): string {
  const chosen = text.replace(/t(.)([^t-v]*)u([^t-v]*)v/g, (_, flag, yes, no) =>
    flags[flag.charCodeAt(0) - 32] ? yes : no,
  );
  return chosen === text ? text : choose(chosen, flags);
}

function section(id: number, entries: readonly string[]): string {
  const content = number(entries.length) + entries.join("");
  return byte(id) + number(size(content)) + content;
}

/** How many bytes a text stands for. */
function size(text: string): number {
  return text.replace(/[p-s]/g, "").length;
}

/** An unsigned LEB128 of three bytes, for numbers below 2^21. */
function number(value: number): string {
  return byte((value & 127) | 128) + byte(((value >> 7) & 127) | 128) + byte(value >> 14);
}

/** A byte as `encodeBytes` of assembly/template.mjs writes it. */
function byte(value: number): string {
  return value < 80 ? String.fromCharCode(value + 32) : String.fromCharCode(112 + (value >> 6), 32 + (value & 63));
}

/** In place, in bytes that the runtime makes of the text: code that runs once is slow. */
function decode(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new TextEncoder().encode(text);
  let length = 0;
  for (let i = 0; i < bytes.length; length++) {
    const code = bytes[i++];
    bytes[length] = code < 112 ? code - 32 : ((code - 112) << 6) | (bytes[i++] - 32);
  }
  return bytes.subarray(0, length);
}
