// Tables, as the commands print them and as the documents show them.

import { readFileSync, writeFileSync } from "node:fs";

/** A table in Markdown: `rows` of texts under `head`. */
export function table(head, rows) {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column].length)));
  const line = (cells) => `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(" | ")} |\n`;
  return [head, widths.map((width) => "-".repeat(width)), ...rows].map(line).join("");
}

/** Replaces the text between `<!-- table: name -->` and `<!-- end -->` in docs/`file`. */
export function writeTable(file, name, text) {
  const url = new URL(`../../docs/${file}`, import.meta.url);
  const document = readFileSync(url, "utf8");
  const place = new RegExp(`(<!-- table: ${name} -->\n)[\\s\\S]*?(<!-- end -->)`);
  if (!place.test(document)) throw new Error(`docs/${file} has no place for the table of ${name}`);
  writeFileSync(
    url,
    document.replace(place, (_, start, end) => `${start}\n${text}\n${end}`),
  );
}
