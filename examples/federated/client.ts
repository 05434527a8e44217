// One worker, in a process of its own. It tells its parent the loss.

import { ParameterClient } from "sgd-wasm/durable";
import { loadDigits } from "../digits/load.js";
import { DTYPE, RUN } from "./model.js";
import { trainTogether } from "./training.js";

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
for await (const progress of trainTogether(client, loadDigits(DTYPE))) process.send?.(progress);
process.disconnect?.();
