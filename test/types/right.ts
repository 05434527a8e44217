// What users write compiles just so: no casts, no assertions.

import {
  clipGradNorm,
  clipGradValue,
  createEngine,
  type DType,
  type Engine,
  type EngineOptions,
  type Parameter,
  type ParamGroup,
  SGD,
  type StateDict,
  type TensorData,
} from "sgd-wasm";
import { createHandler, ParameterClient, tokens } from "sgd-wasm/durable";

const memory = new WebAssembly.Memory({ initial: 1 });
const options: EngineOptions = { rounding: "separate", memory, allocate: (bytes) => bytes, free: (_address) => {} };
export const engines: Engine[] = [createEngine(), createEngine({}), createEngine(options)];

const engine = createEngine({ rounding: "fused", initialBytes: 1 << 20, maximumBytes: 2 ** 32 });
const { rounding, fma, threads, allocatedBytes } = engine.info;
export const info: [string, string, number, number] = [rounding, fma, threads, allocatedBytes];

const dtype: DType = "float64";
const shape: readonly number[] = [2, 3];
const weight = engine.parameter(shape, { dtype, data: new Float64Array(6), name: "weight" });
const bias: Parameter = engine.parameter(3, { data: [1, 2, 3] });
engine.parameter([2, 2] as const);

weight.data[0] = 1;
weight.data.set([1, 2]);
bias.grad = [1, 2, 3];
bias.grad = new Float32Array(3);
bias.grad = new Uint8Array(3);
bias.grad = null;
bias.ensureGrad().fill(0);
if (bias.grad !== null) bias.ensureGrad()[0] += 1;
export const size: number = weight.size + weight.shape[0] + weight.address;
export let total = 0;
for (const x of weight.data) total += x;
weight.data.forEach((x, i) => {
  total += x * i;
});

export const optimizers = [
  new SGD([weight, bias], { lr: 0.1 }),
  new SGD(new Set([weight, bias]), { lr: 0.1, momentum: 0.9, nesterov: true, foreach: null }),
  new SGD([
    { params: weight, lr: 0.1 },
    { params: [bias], lr: 1, note: "an extra key" },
  ]),
  new SGD([weight].values(), { lr: 0.1, weightDecay: 0.1, dampening: 0, maximize: false, differentiable: true }),
];
const [optimizer] = optimizers;
const group: ParamGroup = optimizer.paramGroups[0];
group.lr *= 0.5;
group.note = { anything: true };
optimizer.defaults.momentum = 0.5;
optimizer.addParamGroup({ params: new Set([engine.parameter(1)]), lr: 1 });

export const nothing: undefined = optimizer.step();
export const loss: number = optimizer.step(() => 0.5);
export const promised: Promise<number> = optimizer.step(async () => 0.5);
optimizer.step(undefined, { gradScale: 0.5, maxGradNorm: 1, zeroGrad: true });
optimizer.step(null);
optimizer.zeroGrad();
optimizer.zeroGrad(true);

const dict: StateDict = structuredClone(optimizer.stateDict());
optimizer.loadStateDict(dict);
optimizer.loadStateDict(dict, { keepHyperparameters: true });
const buffer: TensorData | null = dict.state[0].momentum_buffer;
export const elements: number = buffer === null ? 0 : buffer.data.length;
export const decay: number = dict.param_groups[0].weight_decay;
export const velocity: Float32Array | Float64Array | null | undefined = optimizer.state.get(bias)?.momentumBuffer;

const back = optimizer.backward({ params: [null, [1, 2, 3]], momentumBuffers: [new Float64Array(6), null] });
export const next = () => optimizer.backward({ params: back.params, momentumBuffers: back.momentumBuffers });
export const slope: number = back.groups[0].weightDecay;

export const norm: number = clipGradNorm([weight, bias], 1, { normType: 1, errorIfNonfinite: true });
clipGradNorm(weight, 1);
clipGradValue(new Set([bias]), 0.5);

export const text: string = `${optimizer}`;
weight.dispose();
optimizer.dispose();
engine.dispose();

const client = new ParameterClient({ url: "https://train.example", run: "r", token: "t" });
client.create([weight, bias], { lr: [0.1, 0.01], workers: 2 });
client.create(
  [
    { params: [weight], lr: [0.1, 0.01] },
    { params: bias, weightDecay: 0, lr: 0.1 },
  ],
  { lr: 0.1 },
);
client.create({ weight, bias }, { lr: new Array(3).fill(0.1) });
export const handlers = [
  createHandler({ authorize: tokens((env) => env.TRAINING_SECRET) }),
  createHandler<{ SECRET: string }>({ authorize: tokens((env) => env.SECRET) }),
  createHandler({ authorize: () => ({ run: "r", role: "reader" }) }),
];
declare const serviceBinding: { fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> };
export const clients = [fetch, (url: string, init: object) => serviceBinding.fetch(url, init)].map(
  (fetch) => new ParameterClient({ url: "https://train.example", run: "r", token: async () => "t", fetch }),
);
