// The formulas of the schedulers that have both a chainable and a closed form, as the specification writes them: L is a
// group's learning rate, B its initial one, e the epoch.

import { cosine, power } from "../../src/schedule/exact.js";

// biome-ignore lint/suspicious/noExplicitAny: each formula has options of its own.
type Options = any;

interface Formula {
  chainable(L: number, B: number, e: number, options: Options): number;
  closed(B: number, e: number, options: Options): number;
}

/** Python's modulo. */
const mod = (a: number, b: number) => a - b * Math.floor(a / b);
const cosineOf = (e: number, T: number) => cosine((Math.PI * e) / T);

export const FORMULAS: Record<string, Formula> = {
  StepLR: {
    chainable: (L, _, e, { stepSize, gamma }) => (e === 0 || mod(e, stepSize) !== 0 ? L : L * gamma),
    closed: (B, e, { stepSize, gamma }) => B * power(gamma, Math.floor(e / stepSize)),
  },
  MultiStepLR: {
    chainable: (L, _, e, { milestones, gamma }) => {
      const count = milestones.filter((m: number) => m === e).length;
      return count === 0 ? L : L * power(gamma, count);
    },
    closed: (B, e, { milestones, gamma }) => B * power(gamma, milestones.filter((m: number) => m <= e).length),
  },
  ConstantLR: {
    chainable: (L, _, e, { factor, totalIters }) => {
      if (e === 0) return L * factor;
      return e === totalIters ? L * (1 / factor) : L;
    },
    closed: (B, e, { factor, totalIters }) => B * (factor + (e >= totalIters ? 1 : 0) * (1 - factor)),
  },
  LinearLR: {
    chainable: (L, _, e, { startFactor: s, endFactor: t, totalIters: n }) => {
      if (e === 0) return L * s;
      return e > n ? L : L * (1 + (t - s) / (n * s + (e - 1) * (t - s)));
    },
    closed: (B, e, { startFactor: s, endFactor: t, totalIters: n }) => B * (s + ((t - s) * Math.min(n, e)) / n),
  },
  ExponentialLR: {
    chainable: (L, _, e, { gamma }) => (e === 0 ? L : L * gamma),
    closed: (B, e, { gamma }) => B * power(gamma, e),
  },
  PolynomialLR: {
    chainable: (L, _, e, { totalIters: n, power: p }) => {
      return e === 0 || e > n ? L : L * power((1 - e / n) / (1 - (e - 1) / n), p);
    },
    closed: (B, e, { totalIters: n, power: p }) => B * power(1 - Math.min(n, e) / n, p),
  },
  CosineAnnealingLR: {
    chainable: (L, B, e, { tMax: T, etaMin: m }) => {
      if (e === 0) return L;
      if (mod(e - 1 - T, 2 * T) === 0) return L + ((B - m) * (1 - cosineOf(1, T))) / 2;
      return ((1 + cosineOf(e, T)) / (1 + cosineOf(e - 1, T))) * (L - m) + m;
    },
    closed: (B, e, { tMax: T, etaMin: m }) => m + ((B - m) * (1 + cosineOf(e, T))) / 2,
  },
};
