// What PyTorch found in the checkpoints, in words, and whether it is what has to be.

interface Comparison {
  elements: number;
  /** how many have other bits than PyTorch's */
  different: number;
  /** the largest difference, as a part of PyTorch's largest value */
  distance: number;
}

interface Checkpoint {
  epoch: number;
  correct: number;
  tested: number;
  parameters: Comparison;
  momentum: Comparison;
  /** the parameters after one step more, of PyTorch, from both checkpoints */
  next: Comparison;
}

export interface Evaluation {
  torch: string;
  "pytorch-600": Checkpoint;
  replayed: Checkpoint;
  trained: Checkpoint;
}

/**
 * How far 300 steps with gradients computed elsewhere may lead away. Sums in another order differ in their last bit, and
 * training carries that on: measured 2e-7 for the parameters and 1.3e-6 for the momentum.
 */
const TOLERANCE = { parameters: 1e-5, momentum: 1e-4, next: 1e-5 };
const PARTS = ["parameters", "momentum", "next"] as const;

export function describe({ torch, replayed, trained, ...reference }: Evaluation): string {
  const { correct, tested } = reference["pytorch-600"];
  return [
    `reference 600 steps of PyTorch ${torch}: ${correct}/${tested} test digits`,
    `replayed  300 steps of PyTorch, then 300 of sgd-wasm with PyTorch's gradients: ${score(replayed)}`,
    ...PARTS.map((part) => `            ${part.padEnd(11)}${bits(replayed[part])}`),
    `trained   300 steps of PyTorch, then 300 of sgd-wasm with gradients of its own: ${score(trained)}`,
    ...PARTS.map((part) => `            ${part.padEnd(11)}${distance(trained[part], TOLERANCE[part])}`),
  ].join("\n");
}

/** What is not as it has to be; empty when all is. */
export function failures({ replayed, trained, ...reference }: Evaluation): string[] {
  const { correct, epoch } = reference["pytorch-600"];
  const faults: string[] = [];
  for (const part of PARTS) {
    if (replayed[part].different > 0) faults.push(`replayed ${part}: ${bits(replayed[part])}`);
    // Written so that NaN fails.
    if (!(trained[part].distance <= TOLERANCE[part])) {
      faults.push(`trained ${part}: ${distance(trained[part], TOLERANCE[part])}`);
    }
  }
  if (replayed.correct !== correct) faults.push(`replayed: ${score(replayed)} instead of ${correct}`);
  if (Math.abs(trained.correct - correct) > 1) faults.push(`trained: ${score(trained)} instead of ${correct}`);
  if (replayed.epoch !== epoch || trained.epoch !== epoch) faults.push("the epoch is another");
  return faults;
}

function score({ correct, tested }: Checkpoint): string {
  return `${correct}/${tested}`;
}

function bits({ elements, different }: Comparison): string {
  return different === 0 ? `all ${elements} elements equal bit by bit` : `${different} of ${elements} elements differ`;
}

function distance({ distance }: Comparison, tolerance: number): string {
  return `within ${distance.toExponential(1)} of the largest (tolerance ${tolerance.toExponential(0)})`;
}
