// jax-js on its WebAssembly backend: the whole step as one function under its jit.

import { now } from "../support/clock.js";
import { loadPeer, peerVersion } from "./load-peer.js";
import { type Contender, fill, sampleOf } from "./workload.js";

interface Tensor {
  /** the same, to be used once more: every use consumes one */
  ref: Tensor;
  add(other: Tensor): Tensor;
  sub(other: Tensor): Tensor;
  mul(factor: number): Tensor;
  dataSync(): Float32Array;
  blockUntilReady(): Promise<Tensor>;
  dispose(): void;
}
interface Jax {
  init(): Promise<string[]>;
  defaultDevice(device: string): void;
  jit<F>(run: F): F;
  numpy: { array(values: Float32Array): Tensor };
}

type State = { p: Tensor[]; b: Tensor[] };

/** @throws Error when it is not installed */
export async function jax(): Promise<Contender> {
  // It looks for what Node 20 does not have.
  globalThis.navigator ??= {} as Navigator;
  const { init, defaultDevice, jit, numpy } = loadPeer<Jax>("@jax-js/jax");
  if (!(await init()).includes("wasm")) throw new Error("its wasm backend does not start");
  defaultDevice("wasm");
  return {
    name: "jax-js",
    version: peerVersion("@jax-js/jax"),
    async prepare({ sizes, dtype, lr, momentum, dampening, weightDecay, nesterov }) {
      if (dtype !== "float32" || momentum === 0 || dampening !== 0 || nesterov) return null;
      const update = jit((p: Tensor[], b: Tensor[], g: Tensor[]): State => {
        const buffers = b.map((buffer, t) => buffer.mul(momentum).add(g[t].add(p[t].ref.mul(weightDecay))));
        return { p: p.map((parameter, t) => parameter.sub(buffers[t].ref.mul(lr))), b: buffers };
      });
      const tensor = (size: number, array: number | null) => {
        const values = new Float32Array(size);
        if (array !== null) fill(values, array);
        return numpy.array(values);
      };
      let state: State = {
        p: sizes.map((size, t) => tensor(size, 2 * t)),
        b: sizes.map((size) => tensor(size, null)),
      };
      const gradients = sizes.map((size, t) => tensor(size, 2 * t + 1));
      return {
        async run(steps) {
          const start = now();
          for (let i = 0; i < steps; i++) {
            const uses = gradients.map((gradient) => gradient.ref);
            state = update(state.p, state.b, uses);
            // It computes when it must: without this, the steps would pile up.
            for (const parameter of state.p) await parameter.blockUntilReady();
          }
          return now() - start;
        },
        sample: () => sampleOf(sizes, (t) => state.p[t].ref.dataSync()),
        dispose() {
          for (const one of [...state.p, ...state.b, ...gradients]) one.dispose();
        },
      };
    },
  };
}
