// Trains a network on handwritten digits: `npm start`, or `npm start -- --help` for the options.

import { createEngine, SGD } from "sgd-wasm";
import { LAYERS } from "./defaults.js";
import { hashOf } from "./hash.js";
import { loadDigits } from "./load.js";
import { countCorrect, createNetwork, forward } from "./network.js";
import { HELP, type Options, parseOptions, UsageError } from "./options.js";
import { showProgress } from "./progress.js";
import { findReference } from "./reference.js";
import { describeResult, writeLossCurve } from "./report.js";
import { train } from "./train.js";

async function run(options: Options): Promise<void> {
  const { dtype, seed, lr, momentum, dampening, weightDecay, nesterov, maximize } = options;
  const digits = loadDigits(dtype);

  const engine = createEngine({ rounding: options.rounding });
  const network = createNetwork(engine, LAYERS, dtype, seed);
  const { parameters } = network;
  const optimizer = new SGD(parameters, { lr, momentum, dampening, weightDecay, nesterov, maximize });

  const training = train(network, optimizer, digits, options, showProgress(options.steps, options.quiet));

  const { images, labels } = digits.test;
  const correct = countCorrect(forward(network, images).logits, labels);
  const recorded = findReference(options);
  const hash = await hashOf(parameters);
  console.log(
    describeResult({ training, parameters, hash, correct, tested: labels.length, kernel: engine.info, recorded }),
  );
  try {
    writeLossCurve(options.svg, training.losses, recorded);
    console.log(`loss curve     ${options.svg}`);
  } catch (error) {
    console.error(`The loss curve could not be written: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}

// A reader that has seen enough, such as `head`, closes the pipe.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));

try {
  const options = parseOptions(process.argv.slice(2));
  if (options === "help") process.stdout.write(HELP);
  else await run(options);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`${error.message}\nnpm start -- --help explains the options.`);
  process.exitCode = 2;
}
