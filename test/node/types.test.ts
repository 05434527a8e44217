// The package's types, as the compiler sees them in a user's project: right uses compile without casts, wrong ones do not.

import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";

const repository = process.env.SGD_REPOSITORY ?? "";
const sources = join(repository, "test/types");
const PACKAGE = join(process.cwd(), "node_modules/sgd-wasm");
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

/** All of the package, by users who have added nothing to the `lib` that their environment comes with. */
const USERS = {
  "a page": { lib: ["es2022", "dom"] },
  "a page's worker": { lib: ["es2022", "webworker"] },
  Node: { lib: ["es2022"], types: ["node"], typeRoots: [join(repository, "node_modules/@types")] },
  "Cloudflare Workers": { lib: ["es2022"], types: [join(repository, "node_modules/@cloudflare/workers-types")] },
};
const { exports } = JSON.parse(readFileSync(join(PACKAGE, "package.json"), "utf8"));
const subpaths = Object.keys(exports).filter((subpath) => exports[subpath].types);
const everything = `${subpaths.map((path, i) => `export * as _${i} from "sgd-wasm${path.slice(1)}";`).join("\n")}
import { createEngine, SGD } from "sgd-wasm";
import kernel from "sgd-wasm/kernel.wasm";
const engine = createEngine({ module: kernel });
export const bytes: number = engine.memory.buffer.byteLength;
const parameter = engine.parameter(3);
parameter.grad = [1, 2, 3];
new SGD([parameter], { lr: 0.1 }).step();
parameter[Symbol.dispose]();
`;

for (const [name, options] of Object.entries(USERS)) {
  test(`the declarations are right for ${name}, without skipLibCheck and with exactOptionalPropertyTypes`, () => {
    const strict = { skipLibCheck: false, exactOptionalPropertyTypes: true };
    const folder = `declarations-${name.replace(/\W/g, "-")}`;
    assert.is(compile(folder, { ...SETTINGS.bundler, ...strict, ...options }, { "everything.ts": everything }), "");
  });
}

test("the declarations hold nothing but what the entries export and its types", () => {
  const folder = join(PACKAGE, "dist/types");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".d.ts"));
  const entries = subpaths.map((subpath) => exports[subpath].types.slice("./dist/types/".length));
  const others = files.filter((name) => !entries.includes(name) && !/^shared-[\w-]+\.d\.ts$/.test(name));
  assert.equal(others, []);
  for (const name of files) {
    const text = readFileSync(join(folder, name), "utf8");
    assert.not.match(text, /@internal/);
    assert.ok(Math.max(...text.split("\n").map((line) => line.length)) < 1000, `${name} has a line that was generated`);
  }
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
