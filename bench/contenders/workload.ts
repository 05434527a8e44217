// What is timed, and the interface to those who are timed.

/** One step of SGD over tensors of these sizes, again and again with the same gradients. */
export interface Workload {
  sizes: readonly number[];
  dtype: "float32" | "float64";
  lr: number;
  momentum: number;
  dampening: number;
  weightDecay: number;
  nesterov: boolean;
}

/** Someone who can do SGD: this package, another library, another language. */
export interface Contender {
  name: string;
  version: string;
  /** It multiplies and adds with one rounding, in PyTorch's order: all that do have the same bits. */
  exact?: boolean;
  /** null: it has nothing of this kind */
  prepare(workload: Workload): Promise<Prepared | null>;
  /** ends what it has started */
  close?(): void;
}

export interface Prepared {
  /** Makes so many steps and gives the nanoseconds they took, by its own clock. */
  run(steps: number): Promise<number> | number;
  /** the values of the parameters at `samplePoints` */
  sample(): Promise<number[]> | number[];
  dispose(): Promise<void> | void;
}

/**
 * Momentum with weight decay, as image classifiers are trained. The learning rate is so small that in all the steps of a
 * benchmark no parameter settles: numbers that vanish would be timed otherwise than those of a training.
 */
export const MOMENTUM: Workload = {
  sizes: [],
  dtype: "float32",
  lr: 1e-4,
  momentum: 0.9,
  dampening: 0,
  weightDecay: 1e-4,
  nesterov: false,
};

export function elements({ sizes }: Workload): number {
  return sizes.reduce((sum, n) => sum + n, 0);
}

/** Bytes that a step has to read and write: parameter twice, gradient once, buffer twice. */
export function traffic(workload: Workload): number {
  const passes = workload.momentum === 0 ? 3 : 5;
  return elements(workload) * passes * (workload.dtype === "float32" ? 4 : 8);
}

/** Bytes that a step has to do with: parameter, gradient and buffer. */
export function footprint(workload: Workload): number {
  const arrays = workload.momentum === 0 ? 2 : 3;
  return elements(workload) * arrays * (workload.dtype === "float32" ? 4 : 8);
}

/** Element i of an array: exact in float32, in (-1, 1), by integers that every language has. */
export function seeded(array: number, i: number): number {
  const hash = (Math.imul(i + 1, 2654435761) ^ Math.imul(array + 1, 2246822519)) >>> 0;
  return ((hash >>> 8) * 2 + 1) / 2 ** 24 - 1;
}

/** The parameters of tensor t are array 2t, its gradients array 2t + 1. */
export function fill(target: Float32Array | Float64Array, array: number): void {
  for (let i = 0; i < target.length; i++) target[i] = seeded(array, i);
}

const SAMPLES = 100;

/** Where results are looked at: so many elements, from the first to the last, of up to 16 tensors. */
export function samplePoints(sizes: readonly number[]): { tensor: number; index: number }[] {
  const stride = Math.ceil(sizes.length / 16);
  const points: { tensor: number; index: number }[] = [];
  for (let tensor = 0; tensor < sizes.length; tensor += stride) {
    for (let i = 0; i < SAMPLES; i++) {
      points.push({ tensor, index: Math.floor((i * (sizes[tensor] - 1)) / (SAMPLES - 1)) });
    }
  }
  return points;
}

/** The values there; `valuesOf` is called once for a tensor. */
export function sampleOf(sizes: readonly number[], valuesOf: (tensor: number) => ArrayLike<number>): number[] {
  const values = new Map<number, ArrayLike<number>>();
  return samplePoints(sizes).map(({ tensor, index }) => {
    const all = values.get(tensor) ?? valuesOf(tensor);
    values.set(tensor, all);
    return all[index];
  });
}
