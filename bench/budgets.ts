// What an import may cost its user, in bytes gzipped after a bundler has shaken and minified it: `npm run size` measures, and
// fails above these. A step above what they have, so that nobody adds to them unawares.

export interface Budget {
  /** what is imported, as the table calls it */
  what: string;
  /** the user's module */
  source: string;
  bytes?: number;
  /** Measured is what comes on top of `createEngine, SGD`. */
  beyondCore?: boolean;
}

export const CORE = 'export { createEngine, SGD } from "sgd-wasm";';

export const BUDGETS: Budget[] = [
  { what: "createEngine, SGD", source: CORE, bytes: 24_850 },
  { what: "sgd-wasm, all of it", source: 'export * from "sgd-wasm";' },
  { what: "decodeTorch", source: 'export { decodeTorch } from "sgd-wasm/checkpoint";', bytes: 12_250 },
  { what: "sgd-wasm/checkpoint", source: 'export * from "sgd-wasm/checkpoint";', bytes: 20_050 },
  { what: "sgd-wasm/schedule", source: 'export * from "sgd-wasm/schedule";', bytes: 8_200 },
  { what: "StepLR", source: 'export { StepLR } from "sgd-wasm/schedule";', bytes: 3_250 },
  { what: "OneCycleLR", source: 'export { OneCycleLR } from "sgd-wasm/schedule";', bytes: 4_100 },
  { what: "sgd-wasm/averaging", source: 'export * from "sgd-wasm/averaging";', beyondCore: true },
  { what: "sgd-wasm/amp", source: 'export * from "sgd-wasm/amp";', beyondCore: true },
  { what: "sgd-wasm/tfjs", source: 'export * from "sgd-wasm/tfjs";', bytes: 3_500, beyondCore: true },
  { what: "sgd-wasm/threads", source: 'export * from "sgd-wasm/threads";' },
];

/** Bytes that the kernels of the three builds may have together. */
export const KERNEL_BYTES = 33_700;
