// The numbers that kernel and host agree on. The kernel is compiled with this file too: it is TypeScript and AssemblyScript.

// What a step does, as bits of its `flags`.

/** with momentum */
export const MOMENTUM = 1;
/** Nesterov's form of it; only together with MOMENTUM */
export const NESTEROV = 2;
/** weight decay is added to the gradient */
export const DECAY = 4;
/** the gradient is multiplied by 1 - dampening before it goes into the momentum buffer */
export const DAMPENING = 8;
/** the parameter's first step with momentum: its buffer is written, but not read */
export const FIRST = 16;
/** the gradient is negated */
export const MAXIMIZE = 32;
/** the gradient is multiplied by two factors first */
export const SCALE = 64;
/** zeros are stored over the gradient */
export const ZERO = 128;

/** Which 16-bit float an element is: the last argument of the functions for them. */
export const FLOAT16 = 0;
export const BFLOAT16 = 1;

/** Squares are summed in runs of this many elements, run by run, so that threads can share the runs without changing the sum. */
export const RUN = 65536;

// How an average takes in a value: the formulas are in assembly/average.ts.

/** the running mean */
export const MEAN = 0;
/** exponential decay: the average times a number, plus the value times another */
export const DECAY_AVERAGE = 1;
/** linear interpolation from the average, for weights below 1/2 */
export const LERP = 2;
/** linear interpolation back from the value, for other weights */
export const LERP_TO = 3;
