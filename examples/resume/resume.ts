// sgd-wasm's half: from PyTorch's checkpoint after 300 steps to one of ours after 600.

import { createEngine, type Parameter, SGD } from "sgd-wasm";
import { decodeTorch, encodeTorch, loadParameters, saveParameters, type TensorData } from "sgd-wasm/checkpoint";
import { loadDigits } from "../digits/load.js";
import { backward, forward, type Network } from "../digits/network.js";

const STEPS = 300;
const BATCH_SIZE = 50;
const STEPS_PER_EPOCH = 30;

/** Gives every parameter the gradient of one step. */
type Gradients = (parameters: Record<string, Parameter>, step: number) => void;

/** The checkpoint `file` trained for 300 steps more, as a file again. */
export function resume(file: Uint8Array, gradients: Gradients): Uint8Array {
  const { model, optimizer: state, epoch } = decodeTorch(file);
  const engine = createEngine();
  const parameters = loadParameters(engine, model);
  // The checkpoint brings the options; a learning rate is needed to begin with.
  const optimizer = new SGD(Object.values(parameters), { lr: 1 });
  optimizer.loadStateDict(state);

  const first = epoch * STEPS_PER_EPOCH;
  for (let step = first; step < first + STEPS; step++) {
    gradients(parameters, step);
    optimizer.step();
  }
  return encodeTorch({
    model: saveParameters(parameters, { base: model }),
    optimizer: optimizer.stateDict(),
    epoch: epoch + STEPS / STEPS_PER_EPOCH,
  });
}

/** The gradients that PyTorch computed in its own steps from 300 on. */
export function recordedGradients(file: Uint8Array): Gradients {
  const recorded: Record<string, TensorData> = decodeTorch(file);
  return (parameters, step) => {
    for (const [name, parameter] of Object.entries(parameters)) {
      const start = (step - STEPS) * parameter.size;
      parameter.grad = recorded[name].data.subarray(start, start + parameter.size) as Float32Array;
    }
  };
}

/** Gradients computed here, by the network of the digits example. */
export function ownGradients(): Gradients {
  const digits = loadDigits("float32");
  return (parameters, step) => {
    const layer = (name: string) => ({ weight: parameters[`${name}.weight`], bias: parameters[`${name}.bias`] });
    const network: Network = {
      hidden: layer("hidden"),
      output: layer("output"),
      parameters: Object.values(parameters),
    };
    const { images, labels } = digits.batch(step, BATCH_SIZE);
    backward(network, forward(network, images), labels, 1);
  };
}
