// TensorFlow.js, and what the suites of this folder make with it.

import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { initializers, type LayersModel, layers, sequential } from "@tensorflow/tfjs-layers";
import { suite } from "uvu";

export { tf };

// A page serves the binaries beside itself.
if (typeof document !== "undefined") setWasmPaths(new URL(".", location.href).href);
// Without advice on faster backends.
tf.env().set("PROD", true);

export const BACKENDS = ["wasm", "cpu"] as const;

/** Tests of one backend. */
export function suiteOn(backend: string, title: string) {
  const test = suite(`${title} on ${backend}`);
  test.before(async () => {
    if (!(await tf.setBackend(backend))) throw new Error(`tfjs has no backend ${backend} here`);
  });
  return test;
}

/** What is looked at of the wasm backend. */
export interface WasmBackend {
  wasm: {
    asm?: { memory?: WebAssembly.Memory };
    wasmMemory?: WebAssembly.Memory;
    _malloc(byteLength: number): number;
    _free(address: number): void;
    tfjs: Record<string, unknown>;
  };
}

export const wasmBackend = () => tf.backend() as unknown as WasmBackend;

/** 8 inputs, a hidden layer of dense units and 3 classes: XNNPACK computes the layers, with packed weights. */
export function newModel(): LayersModel {
  const dense = (units: number, activation: "tanh" | "softmax", seed: number) =>
    layers.dense({ units, activation, inputShape: [8], kernelInitializer: initializers.glorotUniform({ seed }) });
  return sequential({ layers: [dense(20, "tanh", 1), dense(3, "softmax", 2)] });
}

/** 64 rows, and their classes one-hot. */
export function newData(): { x: tf.Tensor2D; y: tf.Tensor2D } {
  const x = tf.randomUniform<tf.Rank.R2>([64, 8], -1, 1, "float32", 3);
  const y = tf.tidy(() => {
    const classes = tf.randomUniform<tf.Rank.R1>([64], 0, 3, "float32", 4);
    return tf.cast(tf.oneHot(tf.cast(tf.floor(classes), "int32"), 3), "float32") as tf.Tensor2D;
  });
  return { x, y };
}

/** The bits of all weights. */
export function bitsOf(tensors: readonly tf.Tensor[]): number[] {
  return tensors.flatMap((tensor) => Array.from(new Uint32Array(tensor.dataSync<"float32">().slice().buffer)));
}

/** A variable of its own name. */
export function variable(values: number[] | Float32Array, name?: string): tf.Variable {
  return tf.tidy(() => tf.variable(tf.tensor(values), true, name));
}

/**
 * Lets the garbage go: what a WeakRef was made of stays until a task ends, and engines have memories, of whose addresses
 * browsers have few.
 */
export function nextTask(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
