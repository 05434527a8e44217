// Learns a learning rate and a momentum: `npm run example:learned-rates`, with `-- --help` for the options.

import { createEngine } from "sgd-wasm";
import { loadDigits } from "../digits/load.js";
import { UsageError } from "../digits/options.js";
import { type Iteration, learnRates } from "./learn.js";
import { HELP, type Options, parseOptions } from "./options.js";
import { describeCheck, TABLE_HEAD, tableRow, writePicture } from "./report.js";
import { finiteDifferences, fromRates, hypergradient, type Problem } from "./unrolled.js";

const ROWS = 150;
const PRINT_EVERY = 4;

function run(options: Options): void {
  const start = performance.now();
  using engine = createEngine();
  const digits = loadDigits("float64");
  const problem: Problem = {
    engine,
    training: digits.batch(0, ROWS),
    validation: digits.batch(1, ROWS),
    steps: options.steps,
  };

  const rates = fromRates(options.lr, options.momentum);
  console.log(describeCheck(hypergradient(problem, rates), finiteDifferences(problem, rates)));

  console.log(TABLE_HEAD);
  const iterations: Iteration[] = [];
  for (const iteration of learnRates(problem, options)) {
    const number = iterations.push(iteration) - 1;
    if (number % PRINT_EVERY === 0 || number === options.iterations - 1) console.log(tableRow(number, iteration));
  }

  writePicture(options.svg, iterations, options.steps);
  console.log(`\npicture  ${options.svg}\ntime     ${((performance.now() - start) / 1000).toFixed(1)} s`);
}

try {
  const options = parseOptions(process.argv.slice(2));
  if (options === "help") process.stdout.write(HELP);
  else run(options);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`${error.message}\nnpm run example:learned-rates -- --help explains the options.`);
  process.exitCode = 2;
}
