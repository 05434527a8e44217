// `npm run bench:check`: whether the libraries that the benchmark compares with compute the same as this package, and as the rule
// in float64. Times nothing. Fails where one is missing: `npm run bench:peers`.

import { inOwnProcess } from "./contenders/node-process.js";
import { MOMENTUM } from "./contenders/workload.js";
import { withChecked } from "./support/measurement.js";

const NAMES = ["sgd-wasm", "tfjs wasm", "jax-js", "JavaScript"] as const;

const contenders = await Promise.all(NAMES.map((who) => inOwnProcess(who, { who })));
const workload = { ...MOMENTUM, sizes: [1, 257, 65_536] };
const checked = await withChecked(workload, contenders, (prepared) => prepared.map(({ who }) => who));
if (checked.length < NAMES.length) throw new Error(`of ${NAMES} only ${checked} compute momentum`);
console.log(`the same parameters: ${checked.join(", ")}`);
