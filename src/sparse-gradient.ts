// Gradients of which only some rows are there, as embeddings have them.

import { ARRAY_TYPE, lasting, Region } from "./memory/region.js";
import { checkNumbers, type NumberArray } from "./numbers.js";
import { describe, type Parameter } from "./parameter.js";

/**
 * Rows of a gradient: `values` holds one row of the parameter's first dimension (`size / shape[0]` numbers) for each of
 * `indices`, in their order. A row may come more than once: its values are summed. Rows that do not come have gradient 0.
 */
export interface SparseGradient {
  indices: Int32Array | Uint32Array;
  values: NumberArray;
}

/** The rows, copied: indices on the JavaScript heap, values in linear memory. */
export class SparseRows {
  readonly indices: Int32Array | Uint32Array;
  readonly values: Region;
  /** elements per row */
  readonly width: number;

  constructor(parameter: Parameter, { indices, values }: SparseGradient) {
    const source = lasting(values, parameter.engine.memory);
    this.width = parameter.size / parameter.shape[0];
    this.indices = indices.slice();
    this.values = new Region(parameter.engine.allocator, parameter.dtype, values.length);
    this.values.view.set(source);
  }

  free(): void {
    this.values.free();
  }
}

/** @throws Error when indices and values do not fit the parameter */
export function checkSparse(parameter: Parameter, { indices, values }: SparseGradient): void {
  if (!(indices instanceof Int32Array || indices instanceof Uint32Array)) {
    throw new TypeError("indices of a sparse gradient must be an Int32Array or a Uint32Array");
  }
  if (parameter.shape.length === 0) {
    throw new Error("a scalar parameter has no rows: its gradient cannot be sparse");
  }
  const rows = parameter.shape[0];
  const width = rows === 0 ? 0 : parameter.size / rows;
  if (values.length !== indices.length * width) {
    throw new Error(
      `assigned grad has data of a different size: ${indices.length} rows of ${describe(parameter)} are ` +
        `${indices.length * width} elements, got ${values.length}`,
    );
  }
  const wrong = indices.findIndex((row) => row < 0 || row >= rows);
  if (wrong >= 0) {
    throw new RangeError(
      `index ${indices[wrong]} of a sparse gradient is out of range: ${describe(parameter)} has ${rows} rows`,
    );
  }
  if (/^Float/.test(values.constructor.name) && !(values instanceof ARRAY_TYPE[parameter.dtype])) {
    throw new Error(
      `assigned grad has data of a different type: expected ${ARRAY_TYPE[parameter.dtype].name}, got ${values.constructor.name}`,
    );
  }
  checkNumbers(values, "values");
}
