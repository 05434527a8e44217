// TensorFlow.js on its WebAssembly backend, by its momentum optimizer. It has no weight decay: the two operations that add
// it to the gradient are written out, as its users do.

import { now } from "../support/clock.js";
import { loadPeer, peerVersion } from "./load-peer.js";
import { type Contender, fill, sampleOf } from "./workload.js";

interface Tensor {
  dataSync(): Float32Array;
  dispose(): void;
}
interface Tf {
  setBackend(name: string): Promise<boolean>;
  tensor1d(values: Float32Array): Tensor;
  variable(value: Tensor): Tensor;
  add(a: Tensor, b: Tensor): Tensor;
  mul(a: Tensor, b: number): Tensor;
  tidy(run: () => void): void;
  train: {
    momentum(
      lr: number,
      momentum: number,
      nesterov: boolean,
    ): {
      applyGradients(gradients: { name: string; tensor: Tensor }[]): void;
      dispose(): void;
    };
  };
}

/** @throws Error when it is not installed */
export async function tfjs(): Promise<Contender> {
  const tf = loadPeer<Tf>("@tensorflow/tfjs-core");
  loadPeer("@tensorflow/tfjs-backend-wasm");
  if (!(await tf.setBackend("wasm"))) throw new Error("its wasm backend does not start");
  return {
    name: "tfjs wasm",
    version: peerVersion("@tensorflow/tfjs-backend-wasm"),
    async prepare({ sizes, dtype, lr, momentum, dampening, weightDecay, nesterov }) {
      if (dtype !== "float32" || momentum === 0 || dampening !== 0) return null;
      const optimizer = tf.train.momentum(lr, momentum, nesterov);
      const tensors = sizes.map((size, t) => {
        const values = new Float32Array(size);
        const tensor = (array: number) => {
          fill(values, array);
          return tf.tensor1d(values.slice());
        };
        const variable = tf.variable(tensor(2 * t)) as Tensor & { name: string };
        return { variable, gradient: tensor(2 * t + 1) };
      });
      const step = () => {
        const gradients = tensors.map(({ variable, gradient }) => ({
          name: variable.name,
          tensor: tf.add(gradient, tf.mul(variable, weightDecay)),
        }));
        optimizer.applyGradients(gradients);
      };
      return {
        run(steps) {
          const start = now();
          for (let i = 0; i < steps; i++) tf.tidy(step);
          return now() - start;
        },
        sample: () => sampleOf(sizes, (t) => tensors[t].variable.dataSync()),
        dispose() {
          for (const { variable, gradient } of tensors) {
            variable.dispose();
            gradient.dispose();
          }
          optimizer.dispose();
        },
      };
    },
  };
}
