// Tables, as the commands print them and as README.md shows them.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY } from "./consumer.mjs";

/** A table in Markdown: `rows` of texts under `head`. */
export function table(head, rows) {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column].length)));
  const line = (cells) => `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(" | ")} |\n`;
  return [head, widths.map((width) => "-".repeat(width)), ...rows].map(line).join("");
}

/** Puts a table in the place of the one between `<!-- table: name -->` and `<!-- end -->`. */
export function writeToReadme(name, text) {
  const path = join(REPOSITORY, "README.md");
  const readme = readFileSync(path, "utf8");
  const place = new RegExp(`(<!-- table: ${name} -->\n)[\\s\\S]*?(<!-- end -->)`);
  if (!place.test(readme)) throw new Error(`README.md has no place for the table of ${name}`);
  writeFileSync(
    path,
    readme.replace(place, (_, start, end) => `${start}\n${text}\n${end}`),
  );
}
