// How OneCycleLR and SWALR go from one value to another.

/** along half a cosine, or along a line */
export type AnnealStrategy = "cos" | "linear";

/** @throws RangeError for what is neither */
export function checkStrategy(strategy: unknown): AnnealStrategy {
  if (strategy === "cos" || strategy === "linear") return strategy;
  throw new RangeError(`annealStrategy must be one of 'cos' or 'linear', instead got ${String(strategy)}`);
}
