// What is published can be debugged: names as written, and source maps that lead to sources in the package.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { consumer, node } from "../support/process.js";

const PACKAGE = join(consumer, "node_modules/sgd-wasm");
const test = suite("published files");

const DIST = join(PACKAGE, "dist");
const files = readdirSync(DIST, { recursive: true, encoding: "utf8" }).map((name) => join(DIST, name));

test("classes and functions have the names of the sources, in the values and in stack traces", () => {
  const program = `import * as all from "sgd-wasm";
    for (const [name, value] of Object.entries(all)) {
      if (value.name !== name) throw new Error(name + " is called " + value.name);
    }
    try { new all.SGD([all.createEngine().parameter(1)], { lr: -1 }); } catch (error) { console.log(error.stack); }`;
  assert.match(node(consumer, ["--input-type=module", "--eval", program]), /at new SGD /);
});

test("require() gives what import gives, for every subpath", () => {
  const { exports } = JSON.parse(readFileSync(join(PACKAGE, "package.json"), "utf8"));
  const subpaths = Object.keys(exports).filter((subpath) => !/\.(wasm|json)$/.test(subpath));
  const program = `for (const name of ${JSON.stringify(subpaths.map((path) => path.replace(".", "sgd-wasm")))}) {
      const [required, imported] = [require(name), await import(name)];
      for (const key of Object.keys(imported)) if (required[key] !== imported[key]) throw new Error(name + ": " + key);
    }`;
  const setup = 'import { createRequire } from "node:module"; const require = createRequire(process.cwd() + "/x.js");';
  assert.is(node(consumer, ["--input-type=module", "--eval", setup + program]), "");
});

test("source maps lead to the sources in the package, and hold no copy of them", () => {
  const maps = files.filter((file) => file.endsWith(".js.map"));
  assert.ok(maps.length > 5);
  for (const map of maps) {
    const { sources, sourcesContent } = JSON.parse(readFileSync(map, "utf8"));
    assert.ok(sources.length > 0);
    assert.is(sourcesContent, undefined);
    for (const source of sources) assert.ok(existsSync(join(dirname(map), source)), `${map}: ${source}`);
  }
});

test.run();
