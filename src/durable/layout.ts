// How the vector of all tensors is cut: into shards, of rows, of blocks.

import { ELEMENT_BYTES } from "../common/dtype.js";
import { sizeOf } from "../common/elements.js";
import { RUN } from "../kernel/flags.js";
import type { RunConfig, ServedDType } from "./config.js";

/** What a row of SQLite holds at most, in bytes. */
export const ROW_BYTES = 2_000_000;

/** Adjacent elements of one group and one dtype that are stored together. */
export interface Row {
  group: number;
  dtype: ServedDType;
  elements: number;
  /**
   * The numbers of elements of its blocks. A block is a whole tensor or a part of one that starts at a multiple of 65,536 elements and has no
   * more: what `sumOfSquares` sums at once, so that sums of shards add up to the sums of tensors, bit for bit.
   */
  blocks: number[];
}

/** Consecutive rows. */
export interface ShardLayout {
  elements: number;
  bytes: number;
  rows: Row[];
}

/** The shards of a run, in the order of the vector. There is one at least; each has a whole number of blocks. */
export function layoutOf({ parameters, groups, elementsPerShard }: RunConfig): ShardLayout[] {
  const shards: ShardLayout[] = [{ elements: 0, bytes: 0, rows: [] }];
  groups.forEach(({ params }, group) => {
    for (const { dtype, shape } of params.map((index) => parameters[index])) {
      for (const elements of blocksOf(sizeOf(shape))) {
        const last = shards[shards.length - 1];
        const fits = last.elements === 0 || last.elements + elements <= elementsPerShard;
        if (!fits) shards.push({ elements: 0, bytes: 0, rows: [] });
        addBlock(shards[shards.length - 1], group, dtype, elements);
      }
    }
  });
  return shards;
}

function addBlock(shard: ShardLayout, group: number, dtype: ServedDType, elements: number): void {
  const last = shard.rows[shard.rows.length - 1];
  const fits = last && (last.elements + elements) * ELEMENT_BYTES[dtype] <= ROW_BYTES;
  if (fits && last.group === group && last.dtype === dtype) {
    last.elements += elements;
    last.blocks.push(elements);
  } else {
    shard.rows.push({ group, dtype, elements, blocks: [elements] });
  }
  shard.elements += elements;
  shard.bytes += elements * ELEMENT_BYTES[dtype];
}

/** The blocks of a tensor of `size` elements: none of an empty one. */
export function blocksOf(size: number): number[] {
  return Array.from({ length: Math.ceil(size / RUN) }, (_, i) => Math.min(RUN, size - i * RUN));
}

/** The sums of tensors from the sums of their blocks, which follow each other in the order of the vector. */
export function sumsOfTensors(blockSums: readonly number[], shapes: readonly (readonly number[])[]): number[] {
  let next = 0;
  return shapes.map((shape) => {
    let sum = 0;
    for (const _ of blocksOf(sizeOf(shape))) sum += blockSums[next++];
    return sum;
  });
}
