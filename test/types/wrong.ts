// What must not compile. Each line below a `@ts-expect-error` is an error, or the compiler says that it is none.

import { clipGradNorm, createEngine, SGD, type StateDict } from "sgd-wasm";

const engine = createEngine();
const parameter = engine.parameter(3);
const optimizer = new SGD([parameter], { lr: 0.1 });

// @ts-expect-error: not one of the two
createEngine({ rounding: "double" });
// @ts-expect-error: misspelt
createEngine({ roundign: "fused" });
// @ts-expect-error: a buffer is not a memory
createEngine({ memory: new ArrayBuffer(8) });
// @ts-expect-error: read-only
engine.memory = new WebAssembly.Memory({ initial: 1 });
// @ts-expect-error: read-only
engine.info.fma = "none";
// @ts-expect-error: internal
engine.kernel;
// @ts-expect-error: internal
parameter.gradient;

// @ts-expect-error: a shape is a number or a list of numbers
engine.parameter("3");
// @ts-expect-error: no shape
engine.parameter();
// @ts-expect-error: no such type
engine.parameter(3, { dtype: "float8" });
// @ts-expect-error: bit patterns are no numbers of the parameter's type
export const numbers: Float32Array = engine.parameter(3, { dtype: "bfloat16" }).data;
// @ts-expect-error: strings are not numbers
engine.parameter(3, { data: ["1", "2", "3"] });
// @ts-expect-error: read-only
parameter.size = 4;
// @ts-expect-error: a live view is written into, not replaced
parameter.data = new Float32Array(3);
// @ts-expect-error: strings are not numbers
parameter.grad = ["1"];
// @ts-expect-error: not BigInts
parameter.grad = new BigInt64Array(3);
// @ts-expect-error: may be null
parameter.grad.length;

// @ts-expect-error: a parameter is not a list of parameters
new SGD(parameter, { lr: 0.1 });
// @ts-expect-error: numbers are not parameters
new SGD([1], { lr: 0.1 });
// @ts-expect-error: a group needs params
new SGD([{ lr: 0.1 }]);
// @ts-expect-error: PyTorch's spelling
new SGD([parameter], { lr: 0.1, weight_decay: 0.1 });
// @ts-expect-error: unknown option
new SGD([parameter], { lr: 0.1, amsgrad: true });
// @ts-expect-error: a string is not a number
new SGD([parameter], { lr: "0.1" });
// @ts-expect-error: options are named
new SGD([parameter], 0.1);
// @ts-expect-error: params are missing
optimizer.addParamGroup({ lr: 1 });
// @ts-expect-error: a string is not a number
optimizer.paramGroups[0].lr = "0.1";
// @ts-expect-error: lr may be undefined in the defaults
optimizer.defaults.lr.toFixed();

// @ts-expect-error: a number is not a function
optimizer.step(3);
// @ts-expect-error: options come once
optimizer.step({ zeroGrad: true }, { maxGradNorm: 1 });
// @ts-expect-error: misspelt
optimizer.step(undefined, { gradscale: 1 });
// @ts-expect-error: without a closure there is no value
optimizer.step().toFixed();
// @ts-expect-error: the closure's value is a string
export const loss: number = optimizer.step(() => "0.5");
// @ts-expect-error: only true, false or { setToNone }
optimizer.zeroGrad("none");
// @ts-expect-error: a live view is not assigned
parameter.data = new Float32Array(2);
// @ts-expect-error: not a state dict
optimizer.loadStateDict({ state: {} });
// @ts-expect-error: misspelt
optimizer.loadStateDict(optimizer.stateDict(), { keepHyperParameters: true });
// @ts-expect-error: a buffer may be null
optimizer.stateDict().state[0].momentum_buffer.data;
// @ts-expect-error: PyTorch's spelling in a dict
(optimizer.stateDict() as StateDict).param_groups[0].weightDecay.toFixed();
// @ts-expect-error: cotangents are lists of arrays
optimizer.backward({ params: [1, 2, 3] });

// @ts-expect-error: maxNorm is missing
clipGradNorm([parameter]);
// @ts-expect-error: misspelt
clipGradNorm([parameter], 1, { errorIfNonFinite: true });
