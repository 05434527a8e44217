// Adjacent parameters, taken together: the kernel is called once for all of them.

import { type DType, ELEMENT_BYTES } from "../common/dtype.js";
import type { Engine } from "../engine.js";
import type { AnyParameter } from "../parameter.js";

/** A parameter and its average. */
export interface Pair {
  live: AnyParameter;
  average: AnyParameter;
}

/** Elements of parameters that are adjacent, and whose averages are. */
export interface Span {
  engine: Engine;
  dtype: DType;
  /** byte addresses */
  live: number;
  average: number;
  /** elements */
  size: number;
}

/** Spans in the order of the pairs, as long as they can be. */
export function spansOf(pairs: readonly Pair[]): Span[] {
  const spans: Span[] = [];
  for (const { live, average } of pairs) {
    const { engine, dtype, size } = live;
    const next = { engine, dtype, live: live.address, average: average.address, size };
    const last = spans.at(-1);
    if (last && isAdjacent(last, next)) last.size += size;
    else spans.push(next);
  }
  return spans;
}

function isAdjacent(last: Span, next: Span): boolean {
  const bytes = last.size * ELEMENT_BYTES[last.dtype];
  return (
    last.engine === next.engine &&
    last.dtype === next.dtype &&
    last.live + bytes === next.live &&
    last.average + bytes === next.average
  );
}
