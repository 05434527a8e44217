// A shard's parameters, momentum and summed gradient in linear memory: a cache of its rows. What the package knows of
// Durable Objects ends here, and what it knows of SGD begins: a row is a parameter of its optimizer.

import { ARRAY_TYPE, ELEMENT_BYTES, type ElementArray } from "../common/dtype.js";
import { Engine } from "../engine.js";
import { kernelSource } from "../entry/embedded.js";
import type { AnyParameter } from "../parameter.js";
import { SGD } from "../sgd.js";
import type { Row } from "./layout.js";
import type { ShardConfig } from "./shard-store.js";

/** What an allocator may add to each block that it hands out, and to the memory. */
const BLOCK_SLACK = 64;

export class Resident {
  readonly engine: Engine;
  readonly #rows: readonly Row[];
  readonly #parameters: AnyParameter[];
  /** the number of a group of the run, and the optimizer that has the rows of it */
  readonly #groups: { group: number; optimizer: SGD }[] = [];
  readonly #optimizers: SGD[];

  constructor({ rows, groups, rounding }: Pick<ShardConfig, "rows" | "groups" | "rounding">) {
    this.#rows = rows;
    this.engine = Engine.create(kernelSource, { rounding, initialBytes: bytesOf(rows) });
    this.#parameters = rows.map(({ elements, dtype }) => this.engine.parameter(elements, { dtype }));
    for (const parameter of this.#parameters) parameter.ensureGrad();
    for (const group of new Set(rows.map((row) => row.group))) {
      const params = this.#parameters.filter((_, i) => rows[i].group === group);
      this.#groups.push({ group, optimizer: new SGD([{ params, ...groups[group] }], { lr: 0 }) });
    }
    this.#optimizers = rows.map((row) => this.#groups.find(({ group }) => group === row.group)!.optimizer);
  }

  /** Takes over a row: its parameters, and its momentum where it has some. */
  load(row: number, parameters: Uint8Array<ArrayBuffer>, momentum: Uint8Array<ArrayBuffer> | null): void {
    const parameter = this.#parameters[row];
    parameter.data.set(this.#elements(row, parameters));
    if (momentum) {
      this.#optimizers[row].state.set(parameter, { momentumBuffer: this.#elements(row, momentum) });
    }
  }

  /** The bytes of a row's parameters, live. */
  parameters(row: number): Uint8Array {
    return bytes(this.#parameters[row].data);
  }

  /** The bytes of a row's momentum, live; null before its first step, and without momentum. */
  momentum(row: number): Uint8Array | null {
    const entry = this.#optimizers[row].state.get(this.#parameters[row]);
    return entry?.momentumBuffer ? bytes(entry.momentumBuffer) : null;
  }

  /** Adds a row of a worker's gradient to the sum; the first worker's starts it. */
  add(row: number, gradient: Uint8Array<ArrayBuffer>, first: boolean): void {
    const sum = this.#parameters[row].ensureGrad();
    const values = this.#elements(row, gradient);
    if (first) sum.set(values);
    else for (let i = 0; i < sum.length; i++) sum[i] += values[i];
  }

  /** The sums of squares of the blocks of the summed gradient, times `scale`. */
  sumsOfSquares(scale: number): number[] {
    return this.#rows.flatMap(({ dtype, blocks }, row) => {
      let address = this.#parameters[row].gradient!.address;
      return blocks.map((elements) => {
        const sum = this.engine.kernel[dtype].sumOfSquares(address, elements, scale);
        address += elements * ELEMENT_BYTES[dtype];
        return sum;
      });
    });
  }

  /** One step with the summed gradient, times `scale`, then times `clip`; `lr` by group of the run. */
  step(lr: readonly number[], scale: number, clip: number): void {
    this.#rows.forEach(({ dtype, elements }, row) => {
      const { address } = this.#parameters[row].gradient!;
      this.engine.kernel[dtype].multiply(address, address, elements, scale, clip);
    });
    for (const { group, optimizer } of this.#groups) {
      optimizer.paramGroups[0].lr = lr[group];
      optimizer.step();
    }
  }

  #elements(row: number, { buffer, byteOffset }: Uint8Array<ArrayBuffer>): ElementArray {
    const { dtype, elements } = this.#rows[row];
    return new ARRAY_TYPE[dtype](buffer, byteOffset, elements);
  }
}

/** Whether a row holds neither NaN nor infinity. */
export function isFiniteRow({ dtype, elements }: Row, { buffer, byteOffset }: Uint8Array<ArrayBuffer>): boolean {
  const values = new ARRAY_TYPE[dtype](buffer, byteOffset, elements);
  let zero = 0;
  for (let i = 0; i < elements; i++) zero += values[i] * 0;
  return zero === 0;
}

function bytesOf(rows: readonly Row[]): number {
  const sizes = rows.map(({ elements, dtype }) => 3 * (elements * ELEMENT_BYTES[dtype] + BLOCK_SLACK));
  return sizes.reduce((sum, size) => sum + size, 0);
}

function bytes({ buffer, byteOffset, byteLength }: ElementArray): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
