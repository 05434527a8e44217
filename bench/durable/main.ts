// What a step of the parameter server takes on this machine, and what it costs in production: `npm run bench:durable`. `-- --docs`
// writes the costs to docs/parameter-server.md.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { count, digits, rowsToMarkdown, type Table, toText } from "../support/table.js";
import { costTable } from "./costs.js";
import { type Measured, measure } from "./measure.js";

const SIZES = [65_536, 524_288, 2_097_152];
const WORKERS = 4;
const DOCS = new URL("../../docs/parameter-server.md", import.meta.url);

const folder = mkdtempSync(join(tmpdir(), "sgd-wasm-bench-"));
try {
  const rows: string[][] = [];
  for (const elements of SIZES) {
    rows.push(row("memory", await measure(elements, 1)));
    rows.push(row("disk", await measure(elements, 1, join(folder, String(elements)))));
  }
  const times: Table = {
    title: "One worker, one shard, float32 with momentum and clipping: best of 5 steps",
    head: ["parameters", "stored", "push, ms", "step, ms", "pull, ms", "workerd's CPU, ns a parameter", "rows written"],
    rows,
    notes: [
      "Local SQLite on a local disk: production writes to several data centres. The processor's time counts, not the wall's.",
    ],
  };
  console.log(toText(times));
  const { rows: written } = await measure(SIZES[SIZES.length - 1], WORKERS);
  const costs = costTable(written, WORKERS);
  console.log(toText(costs));
  if (process.argv.includes("--docs")) write(costs);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function row(stored: string, { elements, push, step, pull, cpu, rows }: Measured): string[] {
  return [
    count(elements),
    stored,
    digits(push),
    digits(step),
    digits(pull),
    digits(cpu),
    String(rows.shard + rows.coordinator),
  ];
}

function write(costs: Table): void {
  const text = readFileSync(DOCS, "utf8");
  const between = /(<!-- costs -->\n)[\s\S]*(<!-- \/costs -->)/;
  writeFileSync(DOCS, text.replace(between, `$1\n${rowsToMarkdown(costs)}\n\n$2`));
}
