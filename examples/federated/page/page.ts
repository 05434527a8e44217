// One worker, in a page: ../client.ts in a browser. Its token comes with its address.

import { ParameterClient } from "sgd-wasm/durable";
import { fetchDigits } from "../../digits/fetch.js";
import { DTYPE, RUN, STEPS } from "../model.js";
import { trainTogether } from "../training.js";
import type { Report } from "./server.js";

const output = document.querySelector("output")!;

async function tell(report: Report): Promise<void> {
  await fetch("report", { method: "POST", body: JSON.stringify(report) });
}

try {
  const client = new ParameterClient({ url: location.origin, run: RUN, token: location.hash.slice(1) });
  for await (const progress of trainTogether(client, await fetchDigits(DTYPE))) {
    const { rank, step, loss } = progress;
    output.textContent = `Worker ${rank}: step ${step + 1} of ${STEPS}, loss ${loss.toFixed(4)}`;
    await tell({ progress });
  }
  output.textContent += ". The training has ended.";
  await tell({ end: null });
} catch (error) {
  output.textContent = String(error);
  await tell({ end: String(error) });
}
