// Operands x, k, z on which a multiply-add is hard to round once: each kind is built so that a shortcut fails on it.

import type { DType } from "./exact.js";

type Next = () => number;
export type Operands = [x: number, k: number, z: number];

/** What differs between the two formats: bits of a significand, and the exponents of the smallest and largest numbers. */
const FORMAT = {
  float32: { precision: 24, smallest: -149, normal: -126, largest: 127, round: Math.fround },
  float64: { precision: 53, smallest: -1074, normal: -1022, largest: 1023, round: (x: number) => x },
} as const;

type Format = (typeof FORMAT)[DType];

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);

/** 2^exponent; exponents out of range go to the ends of it. */
function power(exponent: number): number {
  if (exponent < -1022) return exponent < -1074 ? power(-1074) : power(exponent + 60) * 2 ** -60;
  words[0] = 0;
  words[1] = (Math.min(exponent, 1023) + 1023) << 20;
  return double[0];
}

const between = (next: Next, low: number, high: number) => low + (next() % (high - low + 1));
const sign = (next: Next) => (next() & 1 ? -1 : 1);

/** An integer of exactly `bits` bits, up to 53. */
function integer(next: Next, bits: number): number {
  if (bits <= 32) return bits === 0 ? 0 : ((next() >>> (32 - bits)) | (1 << (bits - 1))) >>> 0;
  return ((next() >>> (64 - bits)) | (1 << (bits - 33))) * 2 ** 32 + next();
}

const odd = (n: number) => (n % 2 === 0 ? n + 1 : n);

/** A number of full precision with the given exponent. */
function significand(next: Next, { precision }: Format, exponent: number): number {
  return integer(next, precision) * power(exponent - precision + 1);
}

/** An odd x·k with one bit more than a significand holds: a midpoint, and a z that is a hair beside it. */
function midpointAndHair(next: Next, f: Format): Operands {
  const bits = between(next, 2, f.precision - 2);
  const room = Math.floor((f.largest - f.precision) / 2) - 2;
  const e = between(next, -Math.min(room, 40), Math.min(room, 40));
  const x = odd(integer(next, bits));
  const k = odd(integer(next, f.precision - bits + 1));
  // From beside the midpoint to far below what float64 keeps of such a sum.
  const down = between(next, 1, 100);
  const z = sign(next) * power(e - down) * (next() & 1 ? 1 : 1 + 2 ** (1 - f.precision));
  return [x * power(e), sign(next) * k, f.round(z)];
}

/** A product just beside half the last bit of z, which may be a subnormal number: (1 + i·ε)(1 - j·ε), mostly i = j. */
function halfOfLastBit(next: Next, f: Format): Operands {
  const epsilon = 2 ** (1 - f.precision);
  const i = integer(next, between(next, 1, 9));
  const j = next() & 7 ? i : next() % 512;
  const unit = next() & 1 ? f.smallest : between(next, -30, 30);
  const z = sign(next) * integer(next, next() & 1 ? f.precision : between(next, 1, f.precision)) * power(unit);
  const part = Math.floor(unit / 2);
  return [(1 + i * epsilon) * power(part), sign(next) * (1 - j * epsilon) * power(unit - 1 - part), z];
}

/** z takes the lower half of the product to a midpoint, or next to it. */
function tieWithLowerHalf(next: Next, f: Format): Operands {
  const h = Math.floor(f.precision / 2);
  const x = integer(next, h) * power(f.precision - h) + odd(integer(next, h - 1));
  const k = odd(integer(next, f.precision));
  // The lower `precision` bits of x·k, in BigInt: neither factor's product fits a number.
  const low = Number(BigInt.asUintN(f.precision, BigInt(x) * BigInt(k)));
  const z = power(f.precision - 1) - low + between(next, -1, 1);
  const e = between(next, -20, 20) - f.precision;
  return [x * power(e), k * power(e), z * power(2 * e)];
}

/** z takes away all of the product but its last bits. */
function cancellation(next: Next, f: Format): Operands {
  const e = between(next, -40, 40);
  const x = sign(next) * significand(next, f, e);
  const k = significand(next, f, between(next, -40, 40));
  const product = f.round(x * k);
  const ulps = next() & 1 ? 0 : between(next, -4, 4);
  return [x, k, f.round(-product * (1 + ulps * 2 ** (1 - f.precision)))];
}

/** z takes away so much of a small product that what is left is subnormal, and half of its bits lie below the smallest number. */
function cancellationToSubnormal(next: Next, f: Format): Operands {
  const e = between(next, f.normal, f.smallest + 2 * f.precision);
  const part = between(next, Math.max(f.normal, e - f.largest), Math.min(f.largest, e - f.normal));
  const x = sign(next) * significand(next, f, part);
  const k = significand(next, f, e - part);
  const lastBit = power(Math.max(e - f.precision + 1, f.smallest));
  return [x, k, f.round(between(next, -4, 4) * lastBit - f.round(x * k))];
}

/** Results among the subnormal numbers, with bits of the product far below the smallest of them. */
function subnormal(next: Next, f: Format): Operands {
  const e = between(next, f.smallest - 4, f.normal + 2);
  const part = between(next, Math.max(e - f.largest + 8, f.normal), Math.min(f.largest - 8, e - f.normal));
  const bits = between(next, 1, f.precision);
  const x = odd(integer(next, bits)) * power(part - bits + 1);
  const k = sign(next) * odd(integer(next, f.precision - bits + 1)) * power(e - part - f.precision + bits);
  const z = sign(next) * (next() % 16) * power(f.smallest + (next() % f.precision));
  return [f.round(x), f.round(k), f.round(z)];
}

/** z next to the smallest normal number, and a product beside half of the smallest number of all: which side of the border? */
function borderOfSubnormals(next: Next, f: Format): Operands {
  const epsilon = 2 ** (1 - f.precision);
  const i = integer(next, between(next, 1, 5)) * sign(next);
  const j = next() & 7 ? -i : i;
  const part = Math.floor((f.smallest - 1) / 2);
  const z = power(f.normal) + between(next, -3, 3) * power(f.smallest);
  return [
    (1 + i * epsilon) * power(part),
    sign(next) * (1 + j * epsilon) * power(f.smallest - 1 - part),
    sign(next) * z,
  ];
}

/** Products and sums about the largest number, or beyond it and back. */
function large(next: Next, f: Format): Operands {
  const e = between(next, f.largest - 2, f.largest + 1);
  const part = between(next, e - f.largest, f.largest);
  const x = significand(next, f, part);
  const k = significand(next, f, e - part);
  const z = significand(next, f, between(next, f.largest - 2, f.largest));
  return [x, k, next() & 3 ? -z : z];
}

/** Exponents from anywhere, z with a say in the result. */
function anyExponent(next: Next, f: Format): Operands {
  const e = between(next, f.smallest, f.largest);
  const part = between(next, Math.max(f.normal, e - f.largest), Math.min(f.largest, e - f.normal));
  const near = between(next, e - 2 * f.precision - 3, e + f.precision + 3);
  const x = sign(next) * significand(next, f, part);
  const k = significand(next, f, e - part);
  return [f.round(x), f.round(k), sign(next) * f.round(significand(next, f, Math.min(near, f.largest)))];
}

/** Near the sizes where the emulation of float64 changes its way (1e298 and 1e-288), for every operand and the product; float32 has no such sizes. */
function threshold(next: Next, f: Format): Operands {
  if (f.precision === 24) return midpointAndHair(next, f);
  const limit = next() & 1 ? 1e298 : 1e-288;
  const near = limit * (1 + (next() % 8 === 0 ? 0 : between(next, -8, 8) * 2 ** -52));
  const ordinary = significand(next, f, between(next, -20, 20));
  const z = -near * significand(next, f, between(next, -54, 2));
  const which = next() % 3;
  if (which === 0) return [near / ordinary, ordinary, z];
  if (which === 1) return [near, significand(next, f, between(next, -60, 0)), z];
  return [near * 2 ** -30 * (limit > 1 ? 1 : 2 ** 60), ordinary, sign(next) * near];
}

const SPECIAL = [0, 1, 1.5, 2, 0.5, Number.POSITIVE_INFINITY];

/** Zeros, infinities, NaN, and the ends of the ranges, in all combinations. */
function special(next: Next, f: Format): Operands {
  const ends = [power(f.smallest), power(f.normal), (2 - 2 ** (1 - f.precision)) * power(f.largest), Number.NaN];
  const pool = [...SPECIAL, ...ends, power(f.normal) * (1 - 2 ** (1 - f.precision))];
  const pick = () => sign(next) * pool[next() % pool.length];
  return [pick(), pick(), pick()];
}

/** By name; the frequent ones are those on which shortcuts fail. */
export const KINDS: Readonly<Record<string, (next: Next, format: Format) => Operands>> = {
  midpointAndHair,
  halfOfLastBit,
  tieWithLowerHalf,
  cancellation,
  cancellationToSubnormal,
  subnormal,
  borderOfSubnormals,
  large,
  anyExponent,
  threshold,
  special,
};

/** The n-th hard operands of a sequence: kinds take turns. */
export function hardOperands(next: Next, dtype: DType, n: number): Operands {
  const kinds = Object.values(KINDS);
  return kinds[n % kinds.length](next, FORMAT[dtype]);
}
