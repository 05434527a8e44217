// Tables in README.md are written by the commands that measure them.

import { readFileSync, writeFileSync } from "node:fs";

const README = new URL("../README.md", import.meta.url);

/** Puts a table in the place of the one between `<!-- table: name -->` and `<!-- end -->`. */
export function writeToReadme(name, text) {
  const readme = readFileSync(README, "utf8");
  const place = new RegExp(`(<!-- table: ${name} -->\n)[\\s\\S]*?(<!-- end -->)`);
  if (!place.test(readme)) throw new Error(`README.md has no place for the table of ${name}`);
  writeFileSync(
    README,
    readme.replace(place, (_, start, end) => `${start}\n${text}\n${end}`),
  );
}
