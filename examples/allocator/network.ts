// A WebAssembly program with weights and gradients of its own: a network that learns which points lie in a circle. It is in
// AssemblyScript, and exports the allocator that programs in Rust have, where freeing wants size and alignment again.

const HIDDEN: i32 = 16;
const POINTS: i32 = 400;

/** w1 of shape [2, 16], b1 and w2 of shape [16], one after the other; and their gradients. */
const weights = new StaticArray<f32>(4 * HIDDEN);
const gradients = new StaticArray<f32>(4 * HIDDEN);
const hidden = new StaticArray<f64>(HIDDEN);

export function alloc(size: usize, align: usize): usize {
  // A block begins with its size, in as many bytes as keep the alignment.
  const block = heap.alloc(size + align);
  store<usize>(block, size);
  return block + align;
}

export function dealloc(address: usize, size: usize, align: usize): void {
  assert(load<usize>(address - align) === size, "freed with another size");
  heap.free(address - align);
}

export function weightsAddress(): usize {
  return changetype<usize>(weights);
}

export function gradientsAddress(): usize {
  return changetype<usize>(gradients);
}

function x(i: i32): f64 {
  return ((0.7549 * i) % 1) * 2 - 1;
}

function y(i: i32): f64 {
  return ((0.5698 * i) % 1) * 2 - 1;
}

function isInside(i: i32): f64 {
  return x(i) * x(i) + y(i) * y(i) < 0.5 ? 1 : 0;
}

/** The logit of point i. */
function forward(i: i32): f64 {
  let logit: f64 = 0;
  for (let j = 0; j < HIDDEN; j++) {
    const sum = x(i) * weights[j] + y(i) * weights[HIDDEN + j] + weights[2 * HIDDEN + j];
    hidden[j] = NativeMath.tanh(sum);
    logit += hidden[j] * weights[3 * HIDDEN + j];
  }
  return logit;
}

function add(index: i32, value: f64): void {
  gradients[index] += <f32>value;
}

/** Writes the gradients of the mean cross entropy, and returns the mean. */
export function backward(): f64 {
  memory.fill(changetype<usize>(gradients), 0, 4 * HIDDEN * sizeof<f32>());
  let loss: f64 = 0;
  for (let i = 0; i < POINTS; i++) {
    const logit = forward(i);
    loss += (NativeMath.log(1 + NativeMath.exp(logit)) - isInside(i) * logit) / POINTS;
    const dLogit = (1 / (1 + NativeMath.exp(-logit)) - isInside(i)) / POINTS;
    for (let j = 0; j < HIDDEN; j++) {
      const dSum = dLogit * weights[3 * HIDDEN + j] * (1 - hidden[j] * hidden[j]); // tanh' = 1 - tanh²
      add(j, dSum * x(i));
      add(HIDDEN + j, dSum * y(i));
      add(2 * HIDDEN + j, dSum);
      add(3 * HIDDEN + j, dLogit * hidden[j]);
    }
  }
  return loss;
}

/** How many of the points it tells right. */
export function countRight(): i32 {
  let right = 0;
  for (let i = 0; i < POINTS; i++) if (forward(i) > 0 === (isInside(i) === 1)) right++;
  return right;
}
