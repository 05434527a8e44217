// Parameters by name: as state dicts list them, and as they are matched when one is loaded.

import type { AnyParameter } from "../parameter.js";

/** The names that parameters were given with, which win over their own. */
export type GivenNames = ReadonlyMap<AnyParameter, string>;

/** The names of parameters, as newer versions of PyTorch save them; none unless all have one. */
export function namesOf(params: Iterable<AnyParameter>, given: GivenNames): string[] {
  const names = [...params].map((parameter) => given.get(parameter) ?? parameter.name);
  return names.includes(undefined) ? [] : (names as string[]);
}

/** How parameters of a loaded state dict are matched with those of the optimizer. */
export type Match = "auto" | "name" | "position";

/**
 * For each saved name the index of the parameter with the same name; null where they are matched by position.
 *
 * @param count of the saved parameters
 * @throws RangeError when the names are not the same, in any order
 */
export function matchNames(
  match: Match,
  names: readonly string[],
  savedNames: readonly string[],
  count: number,
): number[] | null {
  if (match === "position") return null;
  const missing = whatIsMissing(names, savedNames, count);
  if (missing === null) {
    checkSame(names, savedNames);
    return savedNames.map((name) => names.indexOf(name));
  }
  if (match === "name") throw new RangeError(`match: "name" needs a name of its own for every parameter: ${missing}`);
  return null;
}

/** Why names do not tell the parameters apart; null where they do. */
function whatIsMissing(names: readonly string[], savedNames: readonly string[], count: number): string | null {
  if (names.length === 0) return "parameters of the optimizer have none";
  if (savedNames.length !== count) return "the loaded state dict has none (param_names) for some";
  if (new Set(names).size < names.length) return "parameters of the optimizer have the same one";
  return new Set(savedNames).size < savedNames.length ? "the loaded state dict has the same one twice" : null;
}

function checkSame(names: readonly string[], savedNames: readonly string[]): void {
  const missing = names.filter((name) => !savedNames.includes(name));
  const leftOver = savedNames.filter((name) => !names.includes(name));
  if (missing.length + leftOver.length === 0) return;
  const lists = `missing ${JSON.stringify(missing)}, left over ${JSON.stringify(leftOver)}`;
  throw new RangeError(`loaded state dict has other parameters: ${lists}; ${remedy(names, savedNames)}`);
}

/** What torch.compile and DataParallel put in front of every name. */
const PREFIX = /^(module\.|_orig_mod\.)+/;

function remedy(names: readonly string[], savedNames: readonly string[]): string {
  const plain = (list: readonly string[]) => list.map((name) => name.replace(PREFIX, "")).sort();
  const isPrefix = JSON.stringify(plain(names)) === JSON.stringify(plain(savedNames));
  const [prefix] = [...names, ...savedNames].flatMap((name) => PREFIX.exec(name)?.[0] ?? []);
  return isPrefix
    ? `only "${prefix}" in front of the names differs: match: "position" ignores them`
    : 'match: "position" ignores names';
}
