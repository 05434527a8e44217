// Options of `sgd(tf, options)`, and their checks.

import { checkKeys, checkOneOf, typeName } from "../common/checks.js";
import type { EngineOptions } from "../engine.js";
import { ROUNDINGS } from "../kernel/kernel.js";
import { checkRule, type GroupRule } from "../optimizer/group-parameters.js";
import type { GroupOptions } from "../optimizer/options.js";
import { checkStepOptions, type StepOptions } from "../optimizer/step-arguments.js";

const HYPERPARAMETERS = ["lr", "momentum", "dampening", "weightDecay", "nesterov", "maximize"] as const;

type Hyperparameters = Pick<GroupOptions, (typeof HYPERPARAMETERS)[number]>;

/** Options of `sgd(tf, options)`. */
export interface TfjsOptions extends Hyperparameters, Pick<StepOptions, "gradScale" | "maxGradNorm"> {
  /** learning rate η */
  lr: number;
  /** `"fused"` (default): PyTorch's bits. `"separate"`: those of `tf.train.momentum`, and fast on every runtime. */
  rounding?: EngineOptions["rounding"];
  /**
   * rules for some of the variables, by name, as for `groupParameters`: the first that matches decides; what none matches has
   * the options above
   */
  groups?: readonly GroupRule[];
}

const OPTIONS = [...HYPERPARAMETERS, "maxGradNorm", "gradScale", "rounding", "groups"];

export function checkOptions(options: TfjsOptions): void {
  checkKeys(options, OPTIONS, "sgd");
  const { groups = [], rounding = "fused", maxGradNorm, gradScale } = options;
  checkStepOptions({ maxGradNorm, gradScale }, false);
  checkOneOf("rounding", rounding, ROUNDINGS);
  if (!Array.isArray(groups)) throw new TypeError(`groups of sgd must be an array, got ${typeName(groups)}`);
  groups.forEach(checkRule);
}

/** The options of SGD among those of a group or of `sgd`. */
export function hyperparametersOf(options: Hyperparameters): Hyperparameters {
  return Object.fromEntries(HYPERPARAMETERS.map((key) => [key, options[key]]));
}
