// What does sgd-wasm/tfjs bring to a program of TensorFlow.js? The optimizer alone, and whole steps of training, on the wasm
// backend: neither says anything without the other.

import { sgd, type TfjsOptions } from "sgd-wasm/tfjs";
import { HOW_TO_GET, loadPeer } from "../contenders/load-peer.js";
import { fill } from "../contenders/workload.js";
import { now } from "../support/clock.js";
import type { Measurement } from "../support/measurement.js";
import { count, digits, type Table, times } from "../support/table.js";
import { type Effort, ratio, timeInTurns } from "../support/timing.js";
import type { Answer, Settings } from "./question.js";

interface Tensor {
  dispose(): void;
}
interface Variable extends Tensor {
  name: string;
}
type Gradients = Record<string, Tensor>;
interface Optimizer {
  applyGradients(gradients: Gradients): void;
  computeGradients(loss: () => Tensor, variables: Variable[]): { value: Tensor; grads: Gradients };
}
/** What is used of tfjs. */
interface Tf {
  Optimizer: new () => Optimizer;
  getBackend(): string;
  setBackend(name: string): Promise<boolean>;
  tensor(values: Float32Array, shape: number[]): Tensor;
  variable(value: Tensor): Variable;
  tidy<T>(run: () => T): T;
  dispose(tensors: Gradients): void;
  matMul(a: Tensor, b: Tensor): Tensor;
  add(a: Tensor, b: Tensor): Tensor;
  tanh(x: Tensor): Tensor;
  mul(a: Tensor, b: Tensor | number): Tensor;
  sum(x: Tensor): Tensor;
  square(x: Tensor): Tensor;
  addN(all: Tensor[]): Tensor;
  minimum(a: Tensor, b: number): Tensor;
  div(a: number, b: Tensor): Tensor;
  sqrt(x: Tensor): Tensor;
  losses: { softmaxCrossEntropy(labels: Tensor, logits: Tensor): Tensor };
  train: { momentum(lr: number, momentum: number): Optimizer };
}

const [LR, MOMENTUM, DECAY, MAX_NORM] = [0.01, 0.9, 5e-4, 1];
const SIZES = [65_536, 1_048_576, 4_194_304];
const QUICK_SIZES = [65_536];
const LAYERS = [784, 256, 10];
const BATCHES = [32, 1];

const OPTIONS: TfjsOptions = { lr: LR, momentum: MOMENTUM };
const THEIRS = "tf.train.momentum";
const OURS = { "sgd-wasm/tfjs": "fused", 'with rounding "separate"': "separate" } as const;

/** Somebody's step. */
type Contenders = [who: string, step: () => void][];

export async function tfjs({ effort, quick }: Settings): Promise<Answer> {
  let tf: Tf;
  try {
    tf = loadPeer<Tf>("@tensorflow/tfjs-core");
    loadPeer("@tensorflow/tfjs-backend-wasm");
    loadPeer("@tensorflow/tfjs-layers"); // brings the gradients
  } catch (error) {
    console.log(`tfjs: ${(error as Error).message.split("\n")[0]}. ${HOW_TO_GET}`);
    return { measurements: [], tables: [] };
  }
  await tf.setBackend("wasm");
  const measurements: Measurement[] = [];
  for (const size of quick ? QUICK_SIZES : SIZES) {
    measurements.push(...(await compare(`optimizer alone, ${count(size)} elements`, size, alone(tf, size), effort)));
  }
  for (const batch of BATCHES) {
    const what = `whole step, ${LAYERS.join("-")}, batch ${batch}`;
    measurements.push(...(await compare(what, 0, wholeSteps(tf, batch, false), effort)));
    measurements.push(...(await compare(`${what}, decay and clipping`, 0, wholeSteps(tf, batch, true), effort)));
  }
  return { measurements, tables: [table(measurements)] };
}

async function compare(what: string, elements: number, all: Contenders, effort: Effort): Promise<Measurement[]> {
  const runners = all.map(([, step]) => ({
    run(repetitions: number) {
      const start = now();
      for (let i = 0; i < repetitions; i++) step();
      return now() - start;
    },
  }));
  const timings = await timeInTurns(runners, effort);
  return timings.map((timing, i) => ({ question: "tfjs", what, who: all[i][0], elements, bytes: 0, timing }));
}

/** Everyone's optimizer, with options of ours. */
function optimizers(tf: Tf, options: TfjsOptions): [who: string, optimizer: Optimizer][] {
  const ours = Object.entries(OURS).map(([who, rounding]): [string, Optimizer] => [
    who,
    sgd(tf, { ...options, rounding }),
  ]);
  return [[THEIRS, tf.train.momentum(LR, MOMENTUM)], ...ours];
}

/** The update of one variable, by gradients that come at other addresses every time. */
function alone(tf: Tf, size: number): Contenders {
  return optimizers(tf, OPTIONS).map(([who, optimizer]) => {
    const { name } = variable(tf, [size], 0);
    const gradients = [1, 2].map((array) => tensor(tf, [size], array));
    let turn = 0;
    return [who, () => tf.tidy(() => optimizer.applyGradients({ [name]: gradients[turn++ % 2] }))];
  });
}

/** Forward, backward and update of a network of dense layers. */
function wholeSteps(tf: Tf, batch: number, withDecayAndClipping: boolean): Contenders {
  const [inputs, units, outputs] = LAYERS;
  const [x, labels] = [variable(tf, [batch, inputs], 8), variable(tf, [batch, outputs], 9)];
  const options = withDecayAndClipping ? { ...OPTIONS, weightDecay: DECAY, maxGradNorm: MAX_NORM } : OPTIONS;
  return optimizers(tf, options).map(([who, optimizer]) => {
    const shapes = [[inputs, units], [units], [units, outputs], [outputs]];
    const variables = shapes.map((shape, i) => variable(tf, shape, i));
    const [w1, b1, w2, b2] = variables;
    const loss = () => {
      const hidden = tf.tanh(tf.add(tf.matMul(x, w1), b1));
      return tf.losses.softmaxCrossEntropy(labels, tf.add(tf.matMul(hidden, w2), b2));
    };
    const writtenOut = withDecayAndClipping && who === THEIRS;
    const step = () => {
      const { grads } = optimizer.computeGradients(loss, variables);
      optimizer.applyGradients(writtenOut ? decayedAndClipped(tf, variables, grads) : grads);
    };
    return [who, () => tf.tidy(step)];
  });
}

/** As users of tfjs write it. */
function decayedAndClipped(tf: Tf, variables: Variable[], gradients: Gradients): Gradients {
  const norm = tf.sqrt(tf.addN(Object.values(gradients).map((gradient) => tf.sum(tf.square(gradient)))));
  const factor = tf.minimum(tf.div(MAX_NORM, norm), 1);
  const change = (variable: Variable) => tf.add(tf.mul(gradients[variable.name], factor), tf.mul(variable, DECAY));
  return Object.fromEntries(variables.map((variable) => [variable.name, change(variable)]));
}

function variable(tf: Tf, shape: number[], array: number): Variable {
  return tf.variable(tensor(tf, shape, array));
}

function tensor(tf: Tf, shape: number[], array: number): Tensor {
  const values = new Float32Array(shape.reduce((size, n) => size * n, 1));
  fill(values, array);
  return tf.tensor(values, shape);
}

function table(measurements: readonly Measurement[]): Table {
  const whats = [...new Set(measurements.map(({ what }) => what))];
  const rows = whats.map((what) => {
    const [theirs, ...ours] = measurements.filter((measurement) => measurement.what === what);
    return [what, digits(theirs.timing.median / 1e3), ...ours.map(({ timing }) => times(ratio(theirs.timing, timing)))];
  });
  return {
    title: `TensorFlow.js on its wasm backend: ${THEIRS} in µs, and how many times as fast the others are`,
    head: ["", THEIRS, ...Object.keys(OURS)],
    rows,
    notes: ["tfjs has no weight decay and no clipping: with them, they are written out for it in its operations."],
  };
}
