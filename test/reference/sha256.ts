// SHA-256, because crypto.subtle is absent from insecure pages and asynchronous everywhere.

/** The first `count` primes. */
function primes(count: number): number[] {
  const found: number[] = [];
  for (let n = 2; found.length < count; n++) if (found.every((p) => n % p !== 0)) found.push(n);
  return found;
}

/** The largest integer whose square (or cube) is at most n. */
function root(n: bigint, power: bigint): bigint {
  let low = 0n;
  for (let bit = 1n << 48n; bit > 0n; bit >>= 1n) if ((low | bit) ** power <= n) low |= bit;
  return low;
}

/** The first 32 bits of the fraction of a prime's square or cube root: where the standard's constants come from. */
const fraction = (prime: number, power: bigint) =>
  Number(BigInt.asUintN(32, root(BigInt(prime) << (32n * power), power)));
const START = Uint32Array.from(primes(8), (prime) => fraction(prime, 2n));
const ROUND = Uint32Array.from(primes(64), (prime) => fraction(prime, 3n));

/** Lower-case hex of the SHA-256 of some bytes. */
export function sha256(bytes: Uint8Array): string {
  const state = START.slice();
  const padded = new Uint8Array(Math.ceil((bytes.length + 9) / 64) * 64);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setBigUint64(padded.length - 8, BigInt(bytes.length) * 8n);
  const words = new Uint32Array(64);
  for (let block = 0; block < padded.length; block += 64) {
    for (let i = 0; i < 16; i++) words[i] = view.getUint32(block + 4 * i);
    compress(state, words);
  }
  return [...state].map((word) => word.toString(16).padStart(8, "0")).join("");
}

function compress(state: Uint32Array, w: Uint32Array): void {
  for (let i = 16; i < 64; i++) {
    const s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ (w[i - 15] >>> 3);
    const s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ (w[i - 2] >>> 10);
    w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let i = 0; i < 64; i++) {
    const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + ROUND[i] + w[i]) | 0;
    const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  [a, b, c, d, e, f, g, h].forEach((word, i) => {
    state[i] += word;
  });
}

function rotate(x: number, by: number): number {
  return (x >>> by) | (x << (32 - by));
}

/** Of the bytes of several arrays, one after the other. */
export function sha256Of(arrays: readonly Uint8Array[]): string {
  const all = new Uint8Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  for (const array of arrays) {
    all.set(array, end);
    end += array.length;
  }
  return sha256(all);
}
