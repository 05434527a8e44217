// What a step of the parameter server takes on this machine, and what it costs in production: `npm run bench:durable`. `-- --write`
// writes both tables to docs/parameter-server.md.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { count, digits, rowsToMarkdown, type Table, toText } from "../support/table.js";
import { measureArithmetic } from "./arithmetic.js";
import { costTable } from "./costs.js";
import { type Measured, measure } from "./measure.js";

const SIZES = [65_536, 524_288, 2_097_152];
const WORKERS = 4;
const DOCS = new URL("../../docs/parameter-server.md", import.meta.url);

const folder = mkdtempSync(join(tmpdir(), "sgd-wasm-bench-"));
try {
  const rows: string[][] = [];
  for (const elements of SIZES) rows.push(row(await measure(elements, 1, join(folder, String(elements)))));
  const times: Table = {
    title: "One worker, one shard on disk, float32 with momentum and clipping",
    head: [
      "parameters",
      "push, ms",
      "step, ms",
      "pull, ms",
      "CPU, ns a parameter",
      "arithmetic, ns a parameter",
      "rows written",
    ],
    rows,
    notes: [
      `Shortest times, on ${cpus()[0].model}: SQLite on a local disk, where production writes to several data centres.`,
      "CPU is what workerd takes for a push, a step and a pull; arithmetic the same on memory alone. The rest is persistence and transport.",
    ],
  };
  console.log(toText(times));
  const { rows: written } = await measure(SIZES[SIZES.length - 1], WORKERS, join(folder, "workers"));
  const costs = costTable(written, WORKERS);
  console.log(toText(costs));
  if (process.argv.includes("--write")) {
    write("times", `${rowsToMarkdown(times)}\n\n${times.notes!.join("\n")}`);
    write("costs", rowsToMarkdown(costs));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function row({ elements, push, step, pull, cpu, rows }: Measured): string[] {
  const times = [push, step, pull, cpu, measureArithmetic(elements)];
  return [count(elements), ...times.map(digits), String(rows.shard + rows.coordinator)];
}

/** Writes between the comments of this name. */
function write(name: string, markdown: string): void {
  const text = readFileSync(DOCS, "utf8");
  const between = new RegExp(`(<!-- ${name} -->\n)[\\s\\S]*(<!-- /${name} -->)`);
  writeFileSync(
    DOCS,
    text.replace(between, (_, start, end) => `${start}\n${markdown}\n\n${end}`),
  );
}
