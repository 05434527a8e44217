// The variants, counted as in src/kernel/variants.ts, of the one rule of sgd.ts.
//
// Without dampening undamped is 1, and multiplying by it changes nothing. Loops of their own without it make steps in the first
// cache 5 to 10 % faster, and emulated ones twice as fast. Only where a pass through memory is what costs, as with scaling, and
// the processor does the multiply-add, the damped loops serve both.

import { isEmulated } from "./multiply-add";
import { Momentum, update } from "./sgd";

// @ts-ignore: decorator
@inline
export function dispatch<T extends number>(
  scaled: bool, variant: u32,
  p: usize, g: usize, b: usize, n: usize, lr: T, wd: T, r: T, u: T, l: T, f: T, c: T, z: usize, mask: usize,
): void {
  switch (variant) {
    case 0: update<T>(Momentum.None, false, false, scaled, p, g, b, n, lr, wd, r, u, l, f, c, z, mask); break; // plain
    case 1: // momentum
      if (isEmulated || !scaled) {
        update<T>(Momentum.Heavy, false, false, scaled, p, g, b, n, lr, wd, r, u, l, f, c, z, mask);
        break;
      }
    case 2: update<T>(Momentum.Heavy, false, true, scaled, p, g, b, n, lr, wd, r, u, l, f, c, z, mask); break; // momentum_damped
    case 3: // nesterov
      if (isEmulated || !scaled) {
        update<T>(Momentum.Nesterov, false, false, scaled, p, g, b, n, lr, wd, r, u, l, f, c, z, mask);
        break;
      }
    case 4: update<T>(Momentum.Nesterov, false, true, scaled, p, g, b, n, lr, wd, r, u, l, f, c, z, mask); break; // nesterov_damped
    case 5: update<T>(Momentum.None, true, false, scaled, p, g, b, n, lr, wd, r, u, l, f, c, z, mask); break; // plain_decay
    case 6: // momentum_decay
      if (isEmulated || !scaled) {
        update<T>(Momentum.Heavy, true, false, scaled, p, g, b, n, lr, wd, r, u, l, f, c, z, mask);
        break;
      }
    case 7: update<T>(Momentum.Heavy, true, true, scaled, p, g, b, n, lr, wd, r, u, l, f, c, z, mask); break; // momentum_damped_decay
    case 8: // nesterov_decay
      if (isEmulated || !scaled) {
        update<T>(Momentum.Nesterov, true, false, scaled, p, g, b, n, lr, wd, r, u, l, f, c, z, mask);
        break;
      }
    case 9: update<T>(Momentum.Nesterov, true, true, scaled, p, g, b, n, lr, wd, r, u, l, f, c, z, mask); break; // nesterov_damped_decay
  }
}
