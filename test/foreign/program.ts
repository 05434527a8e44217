// Somebody else's program, in AssemblyScript: linear regression with a heap, a garbage collector and a forward and backward
// pass of its own. It knows nothing of sgd-wasm.

const SAMPLES: i32 = 48;
const FEATURES: i32 = 9;

/** Roots of the garbage collector: what they hold stays, and stays where it is. */
const inputs = new StaticArray<f32>(SAMPLES * FEATURES);
const targets = new StaticArray<f32>(SAMPLES);
const errors = new StaticArray<f32>(SAMPLES);
const weights = new StaticArray<f32>(FEATURES);
const bias = new StaticArray<f32>(1);
const weightGradients = new StaticArray<f32>(FEATURES);
const biasGradient = new StaticArray<f32>(1);
let garbage = new StaticArray<u8>(0);

let seed: u32 = 7;
let blocks: i32 = 0;

/** Multiples of 2^-8 from -1 to 1. */
function next(): f32 {
  seed = seed * 1664525 + 1013904223;
  return <f32>(<i32>(seed >> 23) - 256) / 256;
}

/** What the targets were made with, and training has to find. */
export function truth(feature: i32): f32 {
  return <f32>(feature - 4) / 4;
}

export function setUp(): void {
  for (let i = 0; i < SAMPLES; i++) {
    let sum = truth(FEATURES);
    for (let j = 0; j < FEATURES; j++) {
      const x = next();
      inputs[i * FEATURES + j] = x;
      sum += x * truth(j);
    }
    targets[i] = sum;
  }
}

export function features(): i32 {
  return FEATURES;
}

export function weightsAddress(): usize {
  return changetype<usize>(weights);
}

export function biasAddress(): usize {
  return changetype<usize>(bias);
}

/** Where the program keeps its gradients, if `backward` is told to write them there. */
export function weightGradientsAddress(): usize {
  return changetype<usize>(weightGradients);
}

export function biasGradientAddress(): usize {
  return changetype<usize>(biasGradient);
}

/** The mean of squared errors. */
export function forward(): f32 {
  let loss: f32 = 0;
  for (let i = 0; i < SAMPLES; i++) {
    let sum = bias[0] - targets[i];
    for (let j = 0; j < FEATURES; j++) sum += inputs[i * FEATURES + j] * weights[j];
    errors[i] = sum;
    loss += sum * sum;
  }
  return loss / <f32>SAMPLES;
}

/** Writes the gradients of what `forward` last returned to two addresses. */
export function backward(ofWeights: usize, ofBias: usize): void {
  const scale = <f32>2 / <f32>SAMPLES;
  let total: f32 = 0;
  for (let i = 0; i < SAMPLES; i++) total += errors[i];
  store<f32>(ofBias, total * scale);
  for (let j = 0; j < FEATURES; j++) {
    let sum: f32 = 0;
    for (let i = 0; i < SAMPLES; i++) sum += errors[i] * inputs[i * FEATURES + j];
    store<f32>(ofWeights + ((<usize>j) << 2), sum * scale);
  }
}

export function allocate(byteLength: usize): usize {
  blocks++;
  return heap.alloc(byteLength);
}

export function release(address: usize): void {
  blocks--;
  heap.free(address);
}

/** How many blocks are allocated and not released. */
export function liveBlocks(): i32 {
  return blocks;
}

/** Keeps the program's heap busy: the array before becomes garbage. */
export function churn(byteLength: i32): void {
  garbage = new StaticArray<u8>(byteLength);
  garbage.fill(0xff);
}
