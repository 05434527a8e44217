// Takes the steps of a file such as .ci/steps.mjs one after the other, and adds up their tests.
// node test/harness/ci.mjs FILE [--only TEXT]     the last line is `N passed, N failed`

import { spawn } from "node:child_process";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { only: { type: "string", default: "" } },
});
const { STEPS } = await import(pathToFileURL(resolve(positionals[0])).href);
const outcomes = [];
for (const { tests, check } of STEPS) {
  const command = tests ?? check;
  if (!command.includes(values.only)) continue;
  console.log(`\n=== ${command}`);
  const start = Date.now();
  const { code, output } = await run(command);
  const outcome = tests ? countsOf(output, code) : { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1 };
  outcomes.push({ command, seconds: (Date.now() - start) / 1000, ...outcome });
}

console.log("\n=== all steps");
for (const { command, seconds, passed, failed } of outcomes) {
  const text = `${passed} passed, ${failed} failed`;
  console.log(`${failed > 0 ? "FAILED" : "      "} ${seconds.toFixed(0).padStart(5)} s  ${text.padEnd(26)} ${command}`);
}
const sum = (key) => outcomes.reduce((total, outcome) => total + outcome[key], 0);
// Nothing run is nothing proved.
const failed = sum("passed") === 0 && sum("failed") === 0 ? 1 : sum("failed");
console.log(`\n${sum("passed")} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;

/** Shows and keeps what a command prints. */
async function run(command) {
  const child = spawn(command, { shell: true, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const [stream, to] of [
    [child.stdout, process.stdout],
    [child.stderr, process.stderr],
  ]) {
    stream.setEncoding("utf8").on("data", (text) => {
      output += text;
      to.write(text);
    });
  }
  const code = await new Promise((done) => child.on("close", done));
  return { code, output };
}

/** The last line of counts. A command without one, without a test that passed, or with a wrong exit code has failed. */
function countsOf(output, code) {
  const lines = [...output.matchAll(/^(\d+) passed, (\d+) failed$/gm)];
  const [passed, failed] = lines.length > 0 ? lines.at(-1).slice(1).map(Number) : [0, 0];
  const lies = failed === 0 && (code !== 0 || passed === 0);
  return { passed, failed: lies ? 1 : failed };
}
