// `npm run bench`, or `npm run bench -- --help` for the options.

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { writeTable } from "../test/harness/table.mjs";
import { compareWithBaseline, recordBaseline } from "./baseline.js";
import { gatherContenders } from "./contenders/index.js";
import { HELP, type Options, parseOptions, type QuestionName, UsageError } from "./options.js";
import { writeRoofline } from "./picture.js";
import { combined } from "./questions/combined.js";
import { firstSteps } from "./questions/first-steps.js";
import { LISTS_QUESTION, lists } from "./questions/lists.js";
import { memory } from "./questions/memory.js";
import { places } from "./questions/places.js";
import type { Question } from "./questions/question.js";
import { roundings } from "./questions/roundings.js";
import { SIZES_QUESTION, sizes } from "./questions/sizes.js";
import { tfjs } from "./questions/tfjs.js";
import { threads } from "./questions/threads.js";
import { variants } from "./questions/variants.js";
import { useClock } from "./support/clock.js";
import { describeMachine } from "./support/machine.js";
import type { Measurement } from "./support/measurement.js";
import { summaryTable } from "./support/report.js";
import { rowsToMarkdown, type Table, toMarkdown, toText } from "./support/table.js";
import { QUICK, THOROUGH } from "./support/timing.js";

const QUESTIONS: Record<QuestionName, Question> = {
  sizes,
  lists,
  variants,
  roundings,
  places,
  threads,
  "first-steps": firstSteps,
  combined,
  memory,
  tfjs,
};

async function run(options: Options): Promise<void> {
  if (options.baseline === "compare" && !existsSync(options.baselineFile)) {
    throw new UsageError(`there is no baseline ${options.baselineFile}: --baseline record makes one`);
  }
  useClock(options.clock);
  const effort = options.quick ? QUICK : THOROUGH;
  const field = await gatherContenders();
  const versions = field.all.map(({ name, version }) => `${name}: ${version}`);
  const machine = [
    ...describeMachine(),
    `times: ${options.clock === "cpu" ? "on the processor" : "by the clock on the wall"}, medians of ${effort.rounds} rounds in turns`,
    ...versions,
    ...field.missing.map((what) => `missing: ${what}`),
  ];
  console.log(machine.join("\n"));

  const tables: Table[] = [];
  const measurements: Measurement[] = [];
  for (const name of options.questions) {
    const answer = await QUESTIONS[name]({ field, effort, quick: options.quick });
    for (const table of answer.tables) console.log(toText(table));
    tables.push(...answer.tables);
    measurements.push(...answer.measurements);
  }
  for (const contender of field.all) contender.close?.();

  write(options.markdown, markdown(machine, tables));
  const roofline = measurements.filter(({ question }) => question === SIZES_QUESTION);
  if (roofline.length > 0) writeRoofline(options.svg, roofline);
  if (options.write) {
    const compared = measurements.filter(({ question }) => question === SIZES_QUESTION || question === LISTS_QUESTION);
    const where = [...machine.slice(0, 4), ...versions].join("; ");
    writeTable("performance.md", "speed", `${rowsToMarkdown(summaryTable(compared))}\n\n${where}.\n`);
  }
  console.log(`\ntables    ${options.markdown}${roofline.length > 0 ? `\nroofline  ${options.svg}` : ""}`);
  keepOrCompare(options, machine, measurements);
}

function keepOrCompare({ baseline, baselineFile }: Options, machine: string[], measurements: Measurement[]): void {
  if (baseline === "compare") console.log(toText(compareWithBaseline(baselineFile, measurements)));
  if (baseline !== "record") return;
  recordBaseline(baselineFile, machine, measurements);
  console.log(`baseline  ${baselineFile}`);
}

function markdown(machine: readonly string[], tables: readonly Table[]): string {
  const head = "<!-- Written by `npm run bench`. -->\n\n";
  return `${head}${machine.map((line) => `* ${line}`).join("\n")}\n\n${tables.map(toMarkdown).join("\n\n")}\n`;
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

try {
  const options = parseOptions(process.argv.slice(2));
  if (options === "help") process.stdout.write(HELP);
  else await run(options);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`${error.message}\nnpm run bench -- --help explains the options.`);
  process.exitCode = 2;
}
