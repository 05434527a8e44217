// Options of the optimizer as a model's file holds them.

import type { GroupRule } from "../optimizer/group-parameters.js";
import type { ParamGroup } from "../optimizer/groups.js";
import { hyperparametersOf, type TfjsOptions } from "./options.js";

/** Options in JSON: a rule's expression is given by its source and flags. */
export interface Config extends Omit<TfjsOptions, "groups"> {
  groups: (Omit<GroupRule, "match"> & { match: string[] })[];
}

/** `options` with the groups' values as they are now. */
export function toConfig(options: TfjsOptions, groups: readonly ParamGroup[]): Config {
  const rules = options.groups ?? [];
  return {
    ...options,
    ...hyperparametersOf(groups[rules.length]),
    groups: rules.map(({ match }, i) => ({ ...hyperparametersOf(groups[i]), match: toTexts(match) })),
  };
}

/** @param config as tfjs hands it over, with its own key `customObjects` */
export function fromConfig({ groups, customObjects: _, ...options }: Config & { customObjects?: object }): TfjsOptions {
  return {
    ...options,
    // JSON makes null of Infinity, which clips nothing.
    maxGradNorm: options.maxGradNorm ?? undefined,
    groups: groups.map(({ match, ...overrides }) => ({ ...overrides, match: toExpression(match) })),
  };
}

/** Without "_", which tfjs takes for snake_case when it reads a model, and removes. */
function toTexts(match: GroupRule["match"]): string[] {
  if (typeof match === "function") {
    throw new TypeError("a group whose match is a function cannot be saved with a model: match by a RegExp");
  }
  return [match.source, match.flags].map((text) => encodeURIComponent(text).replaceAll("_", "%5F"));
}

function toExpression(texts: string[]): RegExp {
  const [source, flags] = texts.map(decodeURIComponent);
  return new RegExp(source, flags);
}
