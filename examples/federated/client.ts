// One worker, in a process of its own: pulls, computes the gradient of its images, pushes. It tells its parent the loss.

import { ParameterClient } from "sgd-wasm/durable";
import { computeGradients, newNetwork, RUN, STEPS } from "./model.js";

const token = process.argv[2];
let url = process.argv[3];
// A server that starts again here has another port; one that is deployed keeps its address.
process.on("message", (now: string) => {
  url = now;
});

const client = new ParameterClient({
  url: "http://server",
  run: RUN,
  token,
  fetch: (path, init) => fetch(path.replace("http://server", url), init),
});
const network = newNetwork();
const { rank } = await client.join();
for (let step = await client.pull(network.parameters); step < STEPS; step = await client.next(step)) {
  await client.pull(network.parameters, { step });
  const loss = computeGradients(network, step, rank);
  await client.push(network.parameters, { step });
  process.send?.({ step, rank, loss });
}
process.disconnect?.();
