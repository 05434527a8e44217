// The package's types, as the compiler sees them in a user's project: right uses compile without casts, wrong ones do not.

import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";

const repository = process.env.SGD_REPOSITORY ?? "";
const sources = join(repository, "test/types");
const test = suite("types");

/** What the compiler says of some files in a project of their own, where the package is installed. */
function compile(name: string, options: object, sourcesOf: Record<string, string>): string {
  const folder = join(process.cwd(), "types", name);
  mkdirSync(folder, { recursive: true });
  const compilerOptions = {
    target: "es2022",
    lib: ["es2022", "dom"],
    types: [],
    strict: true,
    noEmit: true,
    ...options,
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
  for (const [file, text] of Object.entries(sourcesOf)) writeFileSync(join(folder, file), text);
  const compiler = join(repository, "node_modules/typescript/bin/tsc");
  const { stdout, stderr, error } = spawnSync(process.execPath, [compiler, "-p", folder], { encoding: "utf8" });
  if (error) throw error;
  return stdout + stderr;
}

const read = (file: string) => readFileSync(join(sources, file), "utf8");
const SETTINGS = {
  bundler: { module: "esnext", moduleResolution: "bundler" },
  nodenext: { module: "nodenext" },
};

for (const [name, options] of Object.entries(SETTINGS)) {
  test(`right uses compile without casts, with ${name}`, () => {
    const right = read("right.ts");
    assert.not.match(right, /\bas (?!const\b)\w|!\.|@ts-|\bany\b/);
    assert.is(compile(`right-${name}`, options, { "right.ts": right }), "");
  });
}

test("the declarations themselves are right, without skipLibCheck and with exactOptionalPropertyTypes", () => {
  const options = { ...SETTINGS.bundler, skipLibCheck: false, exactOptionalPropertyTypes: true };
  assert.is(compile("declarations", options, { "right.ts": read("right.ts") }), "");
});

test("every wrong use is an error, at its line", () => {
  const wrong = read("wrong.ts");
  const lines = wrong.split("\n");
  const expected = lines.flatMap((line, i) => (line.includes("// @ts-expect-error") ? [i + 2] : []));
  assert.ok(expected.length >= 35);
  assert.is(compile("wrong", SETTINGS.bundler, { "wrong.ts": wrong }), "");
  const bare = wrong.replaceAll("// @ts-expect-error", "//");
  const output = compile("bare", SETTINGS.bundler, { "wrong.ts": bare });
  const found = [...output.matchAll(/wrong\.ts\((\d+),\d+\): error/g)].map(([, line]) => Number(line));
  assert.equal([...new Set(found)], expected);
});

test("engines and parameters come from createEngine and engine.parameter, not from constructors", () => {
  const source = 'import { Engine, Parameter } from "sgd-wasm";\nnew Engine();\nnew Parameter();\n';
  const output = compile("constructors", SETTINGS.bundler, { "new.ts": source });
  assert.match(output, /new\.ts\(2,/);
  assert.match(output, /new\.ts\(3,/);
});

test.run();
