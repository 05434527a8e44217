// Options of SGD and of its groups: defaults and checks. Conditions, order and classes of errors are PyTorch's.

import { checkKeys, typeName } from "../common/checks.js";

/** The hyper-parameters of a group, or of all groups when they are given to `new SGD`. */
export interface GroupOptions {
  /** learning rate η. Required here or in every group. */
  lr?: number;
  /** momentum factor μ; default 0 */
  momentum?: number;
  /** dampening τ of the momentum; default 0. Without effect on a parameter's first step. */
  dampening?: number;
  /** weight decay λ (an L2 penalty); default 0 */
  weightDecay?: number;
  /** Nesterov momentum; default false */
  nesterov?: boolean;
  /** maximize the objective instead of minimizing it; default false */
  maximize?: boolean;
  /** false: one kernel call per parameter; true and null (default): one per run of adjacent ones. The results are the same. */
  foreach?: boolean | null;
  /** record every step, so that `backward` can take it back; default false. Read from the constructor's options only. */
  differentiable?: boolean;
  /** PyTorch 2's, kept and without effect; default null */
  fused?: boolean | null;
}

/** Options of `new SGD`: the defaults of all groups. */
export type SGDOptions = GroupOptions;

export type Defaults = Required<Omit<GroupOptions, "lr" | "fused">> &
  Pick<GroupOptions, "fused"> & { lr: number | undefined };

/** In PyTorch's order, which is the order of a group's keys. `fused` is there only if it was given. */
export const DEFAULTS: Readonly<Defaults> = {
  lr: undefined,
  momentum: 0,
  dampening: 0,
  weightDecay: 0,
  nesterov: false,
  maximize: false,
  foreach: null,
  differentiable: false,
};

export const OPTION_NAMES: readonly string[] = [...Object.keys(DEFAULTS), "fused"];

/** What must not be negative, and what messages call it, in the order of PyTorch's checks. */
const NOT_NEGATIVE = { lr: "learning rate", momentum: "momentum value", weightDecay: "weightDecay value" };

/** Defaults with the constructor's options, checked. */
export function checkedDefaults(options: SGDOptions): Defaults {
  checkKeys(options, OPTION_NAMES, "SGD");
  // Keys keep the order of DEFAULTS; an option given as undefined gets its default.
  const defaults = { ...DEFAULTS, ...options };
  fillIn(defaults, DEFAULTS);
  for (const [key, name] of Object.entries(NOT_NEGATIVE)) {
    const value = defaults[key as keyof typeof NOT_NEGATIVE];
    if (value === undefined) continue; // lr may come with the groups
    if (!isNumber(value)) throw new TypeError(`${key} must be a number, got ${typeName(value)}${remedy(value)}`);
    if (value < 0) throw new RangeError(`Invalid ${name}: ${value}`);
  }
  const isDamped = !isNumber(defaults.dampening) || Number(defaults.dampening) !== 0;
  if (defaults.nesterov && (defaults.momentum <= 0 || isDamped)) {
    throw new RangeError("Nesterov momentum requires a momentum and zero dampening");
  }
  return defaults;
}

/** Gives a group the options that it leaves out. */
export function fillIn(group: object, defaults: object): void {
  const options = group as Record<string, unknown>;
  for (const [key, value] of Object.entries(defaults)) if (options[key] === undefined) options[key] = value;
}

/** Whether a value counts as a number: booleans do, as 0 and 1. */
export function isNumber(value: unknown): value is number | boolean {
  return typeof value === "number" || typeof value === "boolean";
}

function remedy(value: unknown): string {
  if (typeof value === "function") return ": for a schedule, set it in optimizer.paramGroups before each step";
  return typeof value === "string" ? ": convert it with Number()" : "";
}
