// How the visitor's drawings join the training set.

import { type Batch, inputOf } from "../../digits/data.js";
import { DEFAULTS } from "../../digits/defaults.js";
import type { Lesson } from "../protocol.js";

/** Rows that a batch has for lessons: a sixth of it, so that a few dozen steps suffice to learn one. */
const LESSON_ROWS = 10;

/** The batch, and after it the lessons in turn. Without lessons it is the batch itself. */
export function withLessons({ images, labels }: Batch, lessons: readonly Lesson[], step: number): Batch {
  if (lessons.length === 0) return { images, labels };
  const first = step * LESSON_ROWS;
  const rows = Array.from({ length: LESSON_ROWS }, (_, i) => lessons[(first + i) % lessons.length]);
  const drawn = rows.flatMap(({ pixels }) => [...inputOf(pixels, DEFAULTS.dtype)]);
  return {
    images: Float32Array.from([...images, ...drawn]),
    labels: Uint8Array.from([...labels, ...rows.map(({ label }) => label)]),
  };
}
