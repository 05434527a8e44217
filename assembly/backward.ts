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

import { DECAY, FIRST, MAXIMIZE, MOMENTUM, NESTEROV } from "../src/kernel/flags";

/**
 * n float64, with room for an even number: p, g and b as the step read them, cp and cb the cotangents of p' and b'. Overwrites
 * cp by c(p), cb by c(b) and g by c(g), and writes the four sums (lr, momentum, dampening, weightDecay) to the f64 at `sums`.
 */
export function backward(
  flags: i32, p: usize, g: usize, b: usize, cp: usize, cb: usize, n: usize,
  lr: f64, weightDecay: f64, momentum: f64, undamped: f64, sums: usize,
): void {
  const minusLr = f64x2.splat(-lr);
  const decay = f64x2.splat(weightDecay);
  const mu = f64x2.splat(momentum);
  const u = f64x2.splat(undamped);
  const sign = f64x2.splat(flags & MAXIMIZE ? -0.0 : 0);
  let counted = i64x2.splat(-1);
  let sumLr = f64x2.splat(0);
  let sumMomentum = sumLr;
  let sumDampening = sumLr;
  let sumDecay = sumLr;
  for (let i: usize = 0; i < n; i += 2) {
    const at = i * 8;
    // What lies beyond the last element is left out: zero times an infinite option would be NaN there.
    if (n - i == 1) counted = i64x2.replace_lane(counted, 1, 0);
    const parameter = v128.load(p + at);
    const cParameter = v128.load(cp + at);
    let d1 = v128.xor(v128.load(g + at), sign);
    if (flags & DECAY) d1 = f64x2.add(d1, f64x2.mul(decay, parameter));
    let d2 = d1;
    const c2 = f64x2.mul(minusLr, cParameter);
    let c1 = c2;
    if (flags & MOMENTUM) {
      const buffer = v128.load(b + at);
      let written = d1;
      if (!(flags & FIRST)) written = f64x2.add(f64x2.mul(mu, buffer), f64x2.mul(u, d1));
      let cWritten = v128.load(cb + at);
      if (flags & NESTEROV) {
        d2 = f64x2.add(d1, f64x2.mul(mu, written));
        cWritten = f64x2.add(cWritten, f64x2.mul(mu, c2));
        sumMomentum = add(sumMomentum, c2, written, counted);
      } else {
        d2 = written;
        cWritten = f64x2.add(cWritten, c2);
        c1 = f64x2.splat(0);
      }
      if (flags & FIRST) {
        c1 = f64x2.add(c1, cWritten);
      } else {
        c1 = f64x2.add(c1, f64x2.mul(u, cWritten));
        sumMomentum = add(sumMomentum, cWritten, buffer, counted);
        sumDampening = add(sumDampening, cWritten, d1, counted);
        v128.store(cb + at, f64x2.mul(mu, cWritten));
      }
    }
    sumLr = add(sumLr, cParameter, d2, counted);
    if (flags & DECAY) {
      sumDecay = add(sumDecay, c1, parameter, counted);
      v128.store(cp + at, f64x2.add(cParameter, f64x2.mul(decay, c1)));
    }
    v128.store(g + at, v128.xor(c1, sign));
  }
  storeSums(sums, f64x2.neg(sumLr), sumMomentum);
  storeSums(sums + 16, f64x2.neg(sumDampening), sumDecay);
}

// @ts-ignore: decorator
@inline
function add(sum: v128, a: v128, b: v128, counted: v128): v128 {
  return f64x2.add(sum, v128.and(f64x2.mul(a, b), counted));
}

/** The sums of both lanes of each. */
// @ts-ignore: decorator
@inline
function storeSums(address: usize, a: v128, b: v128): void {
  v128.store(address, f64x2.add(v128.shuffle<i64>(a, b, 0, 2), v128.shuffle<i64>(a, b, 1, 3)));
}
