// The steps of CI, in their order, each a command. A command of `tests` ends with a line `N passed, N failed`, and N passed
// is not 0; one of `check` counts as one test, passed if its exit code is 0. `--only TEXT` of test/harness/ci.mjs takes a part.

export const STEPS = [
  // The one command of the README, on every runtime.
  { tests: "npm test" },
  { tests: "npm run test:bundlers" },
  { tests: "npm run test:durable" },
  { tests: "npm run test:tfjs" },
  { check: "npx tsc -p test/tfjs" },
  { check: "node test/tfjs/pytorch.mjs" },
  { check: "npm run check" },
  { check: "npm run docs -- --check" },
  { check: "npm run size" },
  { check: "npm run bench:check" },

  // The main job, and the examples.
  { check: "npm start" },
  { check: "npm run example:resume -- --require" },
  { tests: "npm run test:page" },

  // What the real PyTorch and other readers have to say.
  { check: "npm run fixtures -- --check" },
  { check: "/usr/bin/python3 test/interop/torch_checkpoint.py" },
  { check: "test/interop/pytorch2.sh test/interop/torch_checkpoint.py" },
  { check: "/usr/bin/python3 test/interop/torch_training.py" },
  { check: "test/interop/pytorch2.sh test/fixtures/generate.py --check" },
  { tests: "npm run test:readers -- --require" },

  // Long or random searches.
  { tests: "npx tsx test/interop/peak-memory.ts" },
  { check: "npx tsx test/hostile/run.ts --count 100000 --seed 1" },
  { check: "npx tsx test/exhaustive/multiply-add.ts --count 300000 --seed 1" },
];
