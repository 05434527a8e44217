// How OneCycleLR and SWALR go from one value to another.

import { LRScheduler } from "./scheduler.js";

/** along half a cosine, or along a line */
export type AnnealStrategy = "cos" | "linear";

export abstract class AnnealingScheduler extends LRScheduler {
  annealStrategy!: AnnealStrategy;

  override checkState(dict: unknown): Record<string, unknown> {
    return { ...super.checkState(dict), annealStrategy: loadedStrategy(dict as object, this.annealStrategy) };
  }
}

/** @throws RangeError for what is neither */
export function checkStrategy(strategy: unknown): AnnealStrategy {
  if (strategy === "cos" || strategy === "linear") return strategy;
  throw new RangeError(`annealStrategy must be one of 'cos' or 'linear', instead got ${String(strategy)}`);
}

/** The strategy that a state dict names: of PyTorch 2 by itself, of 1.13 by its function; else the present one. */
function loadedStrategy(dict: object, present: AnnealStrategy): AnnealStrategy {
  const { _anneal_func_type, _anneal_strategy = _anneal_func_type, anneal_func } = dict as Record<string, unknown>;
  if (_anneal_strategy !== undefined) return checkStrategy(_anneal_strategy);
  return typeof anneal_func !== "string" ? present : anneal_func.includes("linear") ? "linear" : "cos";
}
