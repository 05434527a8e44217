// The derivative of the update rule: from the cotangents of what a step wrote to the cotangents of what it read.
//
// With c(x) for the cotangent of x, d1 for the gradient after maximize and decay, and d2 for what is multiplied by -lr:
//
//   c(d2) = -lr·c(p')                        c(lr)          = -Σ c(p')·d2
//   c(b') = c(b') + c(d2)                    c(momentum)    = Σ c(b')·b          + Σ c(d2)·b' with Nesterov
//           c(b') + momentum·c(d2), Nesterov
//   c(b)  = momentum·c(b')                   c(dampening)   = -Σ c(b')·d1
//   c(d1) = (1 - dampening)·c(b')            c(weightDecay) = Σ c(d1)·p
//           + c(d2) with Nesterov
//   c(p)  = c(p') + weightDecay·c(d1)
//   c(g)  = c(d1), or -c(d1) with maximize
//
// A first step has b' = d1 instead: c(d1) gets c(b'), and there is no c(b). Everything is computed in float64, two elements at
// a time, with two roundings in every build, so that the bits are the same on every runtime.

import { single } from "./holes";

/** A step's options; the names are those of src/optimizer/tape.ts. */
export const enum Flag {
  Maximize = 1,
  Decay = 2,
  Momentum = 4,
  First = 8,
  Nesterov = 16,
}

/**
 * n elements of T: p, g and b as the step read them, cp and cb the cotangents of p' and b'. Overwrites cp by c(p), cb by c(b)
 * and g by c(g), and adds the four sums (lr, momentum, dampening, weightDecay) to the f64 at `sums`.
 */
export function backward(
  flags: u32, p: usize, g: usize, b: usize, cp: usize, cb: usize, n: usize,
  lr: f64, weightDecay: f64, momentum: f64, undamped: f64, sums: usize,
): void {
  const minusLr = f64x2.splat(-lr);
  const decay = f64x2.splat(weightDecay);
  const mu = f64x2.splat(momentum);
  const u = f64x2.splat(undamped);
  let sumLr = f64x2.splat(0);
  let sumMomentum = sumLr;
  let sumDampening = sumLr;
  let sumDecay = sumLr;
  for (let i: usize = 0; i < n; i += 2) {
    const at = i << (single ? 2 : 3);
    const pair = n - i > 1;
    const parameter = loadPair(p + at, pair);
    const cParameter = loadPair(cp + at, pair);
    let d1 = loadPair(g + at, pair);
    if (flags & Flag.Maximize) d1 = f64x2.neg(d1);
    if (flags & Flag.Decay) d1 = f64x2.add(d1, f64x2.mul(decay, parameter));
    let d2 = d1;
    const c2 = f64x2.mul(minusLr, cParameter);
    let c1 = c2;
    if (flags & Flag.Momentum) {
      const buffer = loadPair(b + at, pair);
      let written = d1;
      if (!(flags & Flag.First)) written = f64x2.add(f64x2.mul(mu, buffer), f64x2.mul(u, d1));
      let cWritten = loadPair(cb + at, pair);
      if (flags & Flag.Nesterov) {
        d2 = f64x2.add(d1, f64x2.mul(mu, written));
        cWritten = f64x2.add(cWritten, f64x2.mul(mu, c2));
        sumMomentum = add(sumMomentum, f64x2.mul(c2, written), pair);
      } else {
        d2 = written;
        cWritten = f64x2.add(cWritten, c2);
        c1 = f64x2.splat(0);
      }
      if (flags & Flag.First) {
        c1 = f64x2.add(c1, cWritten);
      } else {
        c1 = f64x2.add(c1, f64x2.mul(u, cWritten));
        sumMomentum = add(sumMomentum, f64x2.mul(cWritten, buffer), pair);
        sumDampening = add(sumDampening, f64x2.neg(f64x2.mul(cWritten, d1)), pair);
        storePair(cb + at, f64x2.mul(mu, cWritten), pair);
      }
    }
    sumLr = add(sumLr, f64x2.neg(f64x2.mul(cParameter, d2)), pair);
    if (flags & Flag.Decay) {
      sumDecay = add(sumDecay, f64x2.mul(c1, parameter), pair);
      storePair(cp + at, f64x2.add(cParameter, f64x2.mul(decay, c1)), pair);
    }
    storePair(g + at, flags & Flag.Maximize ? f64x2.neg(c1) : c1, pair);
  }
  addSum(sums, sumLr);
  addSum(sums + 8, sumMomentum);
  addSum(sums + 16, sumDampening);
  addSum(sums + 24, sumDecay);
}

/** Two elements as f64, or one and a zero. */
// @ts-ignore: decorator
@inline
function loadPair(address: usize, pair: bool): v128 {
  return single
    ? f64x2.promote_low_f32x4(pair ? v128.load64_zero(address) : v128.load32_zero(address))
    : pair ? v128.load(address) : v128.load64_zero(address);
}

// @ts-ignore: decorator
@inline
function storePair(address: usize, value: v128, pair: bool): void {
  if (single) {
    const narrow = f32x4.demote_f64x2_zero(value);
    if (pair) v128.store64_lane(address, narrow, 0);
    else v128.store32_lane(address, narrow, 0);
  } else {
    if (pair) v128.store(address, value);
    else v128.store64_lane(address, value, 0);
  }
}

/** Without a second element its lane is left out: zero times an infinite option would be NaN there. */
// @ts-ignore: decorator
@inline
function add(sum: v128, value: v128, pair: bool): v128 {
  return f64x2.add(sum, pair ? value : f64x2.replace_lane(f64x2.splat(0), 0, f64x2.extract_lane(value, 0)));
}

// @ts-ignore: decorator
@inline
function addSum(address: usize, sum: v128): void {
  store<f64>(address, load<f64>(address) + f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1));
}
