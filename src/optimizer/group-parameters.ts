// Parameter groups by name.

import { isRecord, tagOf, typeName } from "../common/checks.js";
import type { AnyParameter } from "../parameter.js";
import { type ListedParameter, listParameters, type Parameters } from "../parameter-list.js";
import type { ParamGroupInit } from "./groups.js";
import type { GroupOptions } from "./options.js";

/** A rule of `groupParameters`: which parameters it takes, and the options of their group. */
export interface GroupRule extends GroupOptions {
  /** a pattern somewhere in the name, or a function of name (empty where there is none) and parameter */
  match: RegExp | ((name: string, parameter: AnyParameter) => boolean);
  [extra: string]: unknown;
}

/**
 * Makes groups by name: one for each rule, in their order, of the parameters that it is the first to match, and a last one of those
 * that no rule matches, if there are any. A name given with a parameter (a pair, a key) wins over `parameter.name`.
 *
 * @example
 * ```ts
 * const groups = groupParameters(model, [{ match: /bias|norm/, weightDecay: 0 }]);
 * const optimizer = new SGD(groups, { lr: 0.1, weightDecay: 5e-4 });
 * ```
 * @throws Error for a rule that matches nothing, and for a parameter without a name where a pattern asks for one; TypeError for what
 *   is no rule or no parameter
 */
export function groupParameters(params: AnyParameter | Parameters, rules: Iterable<GroupRule>): ParamGroupInit[] {
  if (typeof rules !== "object" || rules === null || !(Symbol.iterator in rules)) {
    throw new TypeError(`rules must be a list, got ${typeName(rules)}: write [{ match, … }, …]`);
  }
  const list = [...rules].map(checkRule);
  const [taken, rest] = sortByRule(listParameters(params), list);
  checkUsed(list, taken);
  const groups = list.map(({ match, ...options }, i) => ({ ...options, params: collected(taken[i]) }));
  return rest.length > 0 ? [...groups, { params: collected(rest) }] : groups;
}

/** What each rule takes, and what is left. @internal */
export function sortByRule(
  list: readonly ListedParameter[],
  rules: readonly GroupRule[],
): [taken: ListedParameter[][], rest: ListedParameter[]] {
  const taken: ListedParameter[][] = rules.map(() => []);
  const rest: ListedParameter[] = [];
  for (const listed of list) {
    const rule = rules.findIndex(({ match }) => matches(match, listed));
    (taken[rule] ?? rest).push(listed);
  }
  return [taken, rest];
}

/** @throws Error for a rule that takes nothing @internal */
export function checkUsed(rules: readonly GroupRule[], taken: readonly ListedParameter[][]): void {
  const unused = taken.findIndex((group) => group.length === 0);
  if (unused >= 0) {
    throw new Error(`${labelOf(rules[unused], unused)} matches no parameter that no rule before it takes`);
  }
}

/** @throws TypeError for anything but a rule @internal */
export function checkRule(rule: GroupRule, index: number): GroupRule {
  if (!isRecord(rule)) throw new TypeError(`rule ${index} must be an object { match, … }, got ${typeName(rule)}`);
  if (typeof rule.match !== "function" && tagOf(rule.match) !== "RegExp") {
    throw new TypeError(`match of rule ${index} must be a RegExp or a function, got ${typeName(rule.match)}`);
  }
  if ("params" in rule) throw new TypeError(`rule ${index} cannot have params: they are what it matches`);
  return rule;
}

function matches(match: GroupRule["match"], { parameter, name = parameter.name }: ListedParameter): boolean {
  if (typeof match === "function") return Boolean(match(name ?? "", parameter));
  if (name !== undefined) return name.search(match) >= 0;
  throw new Error(
    `${parameter.label} has no name for ${match} to match: give names, as in { weight, bias } or [name, parameter]`,
  );
}

function labelOf({ match }: GroupRule, index: number): string {
  return typeof match === "function" ? `rule ${index}` : `rule ${index} (${match})`;
}

/** With their names, if all were given with one. */
function collected(listed: readonly ListedParameter[]): AnyParameter[] | [string, AnyParameter][] {
  return listed.every(({ name }) => name !== undefined)
    ? listed.map(({ parameter, name }): [string, AnyParameter] => [name as string, parameter])
    : listed.map(({ parameter }) => parameter);
}
