// What must hold for any file whatever: a value, or an error that says where and what, in time and memory that are in
// proportion to the file.

import type * as Library from "../../src/checkpoint/index.js";
import { mutant } from "./mutate.js";

export interface Hostile {
  library: Pick<
    typeof Library,
    "CheckpointError" | "decodeTorch" | "decodeTorchFrom" | "decodeSafetensors" | "decodeSafetensorsFrom"
  >;
  /** Good files, which are damaged. */
  corpus: readonly Uint8Array[];
}

const MILLISECONDS = 1000;
const BYTES_PER_BYTE = 32;

/** Decodes `count` files that `seed` stands for; throws with the number of the first one that breaks a rule. */
export async function runHostile(
  hostile: Hostile,
  seed: number,
  count: number,
): Promise<{ values: number; errors: number }> {
  const counts = { values: 0, errors: 0 };
  for (let index = 0; index < count; index++) {
    const file = mutant(seed, index, hostile.corpus);
    try {
      for (const value of await decodeEveryWay(hostile.library, file, index)) counts[value ? "values" : "errors"]++;
    } catch (error) {
      throw new Error(`seed ${seed}, file ${index} (${file.length} bytes): ${(error as Error).message}`, {
        cause: error,
      });
    }
  }
  return counts;
}

async function decodeEveryWay(library: Hostile["library"], file: Uint8Array, index: number): Promise<boolean[]> {
  // Without checksums most damage would be noticed before it reaches what is inside.
  const options: Library.DecodeOptions = {
    checkCrc: index % 4 === 0,
    unknown: index % 2 === 0 ? "refuse" : "keep",
    encoding: (["utf-8", "latin1", "bytes"] as const)[index % 3],
  };
  const outcomes = [
    outcomeOf(library, file, () => library.decodeTorch(file, options)),
    outcomeOf(library, file, () => library.decodeSafetensors(file)),
  ];
  if (index % 16 === 0) {
    const source = { size: file.length, read: async (at: number, length: number) => file.slice(at, at + length) };
    const again = await Promise.all([
      settle(() => library.decodeTorchFrom(source, options)),
      settle(() => library.decodeSafetensorsFrom(source)),
    ]);
    again.forEach(({ ok, message }, i) => {
      if (ok !== outcomes[i].ok || message !== outcomes[i].message) {
        throw new Error(`in memory "${outcomes[i].message}", by random access "${message}"`);
      }
    });
  }
  return outcomes.map(({ ok }) => ok);
}

interface Outcome {
  ok: boolean;
  message: string;
}

async function settle(decode: () => Promise<unknown>): Promise<Outcome> {
  return decode().then(
    () => ({ ok: true, message: "" }),
    (error: Error) => ({ ok: false, message: error.message }),
  );
}

function outcomeOf(library: Hostile["library"], file: Uint8Array, decode: () => unknown): Outcome {
  const start = performance.now();
  const outcome: Outcome = { ok: true, message: "" };
  try {
    const bytes = tensorBytes(decode());
    const allowed = Math.max(1 << 20, BYTES_PER_BYTE * file.length);
    if (bytes > allowed) throw new Error(`${bytes} bytes of tensors, ${allowed} are allowed`);
  } catch (error) {
    if (!(error instanceof library.CheckpointError)) throw error;
    if (error.offset === undefined) throw new Error(`no place: ${error.message}`);
    if (!/^.{12,1500}$/su.test(error.message)) throw new Error(`not informative: ${error.message.slice(0, 3000)}`);
    outcome.ok = false;
    outcome.message = error.message;
  }
  const elapsed = performance.now() - start;
  if (elapsed > MILLISECONDS) throw new Error(`${elapsed} ms for ${file.length} bytes`);
  return outcome;
}

/** Bytes of all typed arrays in a value, each counted once. */
function tensorBytes(value: unknown): number {
  const seen = new Set<unknown>();
  const open = [value];
  let bytes = 0;
  while (open.length > 0) {
    const item = open.pop();
    if (typeof item !== "object" || item === null || seen.has(item)) continue;
    seen.add(item);
    if (ArrayBuffer.isView(item)) bytes += item.byteLength;
    else if (item instanceof Map || item instanceof Set) open.push(...item.keys(), ...item.values());
    else open.push(...Object.values(item));
  }
  return bytes;
}
