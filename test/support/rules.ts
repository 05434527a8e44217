// The forms of the update rule, for tests and benchmarks.

export interface Rule {
  name: string;
  momentum: boolean;
  nesterov: boolean;
  /** with dampening */
  damped: boolean;
  /** with weight decay */
  decay: boolean;
}

/** Plain, momentum, damped momentum, Nesterov, damped Nesterov; and these with weight decay. */
export const RULES: readonly Rule[] = [false, true].flatMap((decay) =>
  ["plain", "momentum", "momentum_damped", "nesterov", "nesterov_damped"].map((rule) => ({
    name: decay ? `${rule}_decay` : rule,
    momentum: rule !== "plain",
    nesterov: rule.startsWith("nesterov"),
    damped: rule.endsWith("damped"),
    decay,
  })),
);
