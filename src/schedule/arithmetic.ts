// Python's arithmetic on floats where JavaScript's differs: division by zero is an error, remainders have the sign of the
// divisor, powers are correctly rounded and do not overflow silently. `what` names the divisor or base in messages.

import { power as positivePower } from "./exact.js";

/** `a / b` @throws RangeError when b is 0 */
export function divide(a: number, b: number, what: string): number {
  if (b === 0) throw new RangeError(`division by zero: ${what} does not allow this step`);
  return a / b;
}

/** `a % b` @throws RangeError when b is 0 */
export function modulo(a: number, b: number, what: string): number {
  divide(a, b, what);
  const remainder = a % b;
  return remainder !== 0 && remainder < 0 !== b < 0 ? remainder + b : remainder;
}

/** `a // b` @throws RangeError when b is 0 */
export function floorDivide(a: number, b: number, what: string): number {
  return Math.round((a - modulo(a, b, what)) / b);
}

/** `x ** p` @throws RangeError where the result is no float64 */
export function power(x: number, p: number, what: string): number {
  const size = positivePower(Math.abs(x), p);
  if ((size === Number.POSITIVE_INFINITY && Number.isFinite(x + p)) || (x < 0 && !Number.isInteger(p))) {
    throw new RangeError(`${what} ${x} to the power of ${p} is no finite real number`);
  }
  return x < 0 && p % 2 !== 0 ? -size : size;
}
