// The documents do what they say: every ```ts block of README.md and docs/*.md runs as a module of its own, with the right
// types, and every link leads to a file and a heading of the package.

import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { consumer, node, repository } from "../support/process.js";

const PACKAGE = join(consumer, "node_modules/sgd-wasm");
const FOLDER = join(consumer, "docs");
const test = suite("documents");

const documents = ["README.md", ...readdirSync(join(PACKAGE, "docs")).map((name) => `docs/${name}`)].filter((name) =>
  name.endsWith(".md"),
);
const textOf = (document: string) => readFileSync(join(PACKAGE, document), "utf8");

interface Block {
  /** the file and line of its first line */
  place: string;
  /** the name of its file in FOLDER, without an ending */
  name: string;
  source: string;
}

function blocksOf(document: string): Block[] {
  const text = textOf(document);
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(({ index, 1: source }) => {
    const line = text.slice(0, index).split("\n").length + 1;
    return { place: `${document}:${line}`, name: `${document.replace(/\W/g, "-")}-${line}`, source };
  });
}

const blocks = documents.flatMap(blocksOf);

test.before(() => {
  mkdirSync(FOLDER, { recursive: true });
  for (const { name, source } of blocks) writeFileSync(join(FOLDER, `${name}.ts`), source);
  // Node runs no types.
  const files = blocks.map(({ name }) => `${name}.ts`);
  const options = ["--outdir=.", "--out-extension:.js=.mjs", "--log-level=warning"];
  execFileSync(join(repository, "node_modules/.bin/esbuild"), [...files, ...options], { cwd: FOLDER });
});

// The first block is the README's first example, which test/harness/runtimes/readme.mjs runs on every runtime.
for (const { place, name } of blocks.slice(1)) {
  test(`${place} runs`, () => {
    node(FOLDER, [join(FOLDER, `${name}.mjs`)]);
  });
}

test("all blocks have the right types", () => {
  const compilerOptions = {
    target: "es2022",
    lib: ["es2022", "dom"],
    module: "nodenext",
    moduleDetection: "force",
    types: ["node"],
    typeRoots: [join(repository, "node_modules/@types")],
    strict: true,
    noEmit: true,
    skipLibCheck: true,
  };
  const files = blocks.map(({ name }) => `${name}.ts`);
  writeFileSync(join(FOLDER, "package.json"), '{ "type": "module" }');
  writeFileSync(join(FOLDER, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
  const compiler = join(repository, "node_modules/typescript/bin/tsc");
  const { stdout, stderr } = spawnSync(process.execPath, [compiler, "-p", FOLDER], { encoding: "utf8" });
  assert.is(stdout + stderr, "");
});

const { exports } = JSON.parse(readFileSync(join(PACKAGE, "package.json"), "utf8"));
const subpaths = Object.keys(exports).filter((subpath) => !/\.(wasm|json)$/.test(subpath));

/** The text of a subpath in the API reference. */
function reference(subpath: string): string {
  const [, text] = textOf("docs/api.md").split(new RegExp(`^## sgd-wasm${subpath.slice(1)}$`, "m"));
  return text?.split(/^## /m)[0] ?? "";
}

for (const subpath of subpaths) {
  test(`docs/api.md has every name that sgd-wasm${subpath.slice(1)} exports`, () => {
    const program = `import * as all from "sgd-wasm${subpath.slice(1)}"; console.log(Object.keys(all).join(" "));`;
    const values = node(consumer, ["--input-type=module", "--eval", program]).trim().split(" ");
    const declarations = readFileSync(join(PACKAGE, typesOf(exports[subpath])), "utf8");
    const lists = [...declarations.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, list]) => list.split(","));
    const declared = lists.map((name) => name.trim().split(/ as /).at(-1) as string);
    const names = new Set([...values, ...declared]);
    assert.ok(names.size > 0);
    const text = reference(subpath);
    const missing = [...names].filter((name) => !text.includes(`\n### ${name}\n`) && !text.includes(`[\`${name}\`](#`));
    assert.equal(missing, [], "npm run docs");
  });
}

type Targets = string | { [condition: string]: Targets };
const typesOf = (targets: Targets): string =>
  typeof targets === "string" ? targets : typesOf(targets.types ?? Object.values(targets)[0]);

test("the first example of the README has at most twelve lines of code", () => {
  const code = blocks[0].source.split("\n").filter((line) => line.trim() !== "");
  assert.ok(code.length <= 12, `${code.length} lines`);
});

/** What `#…` may be in a document, as GitHub and npm make it of headings. */
const anchorsOf = (document: string) =>
  [...textOf(document).matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-"),
  );

for (const document of documents) {
  test(`the links of ${document} lead to files and headings of the package`, () => {
    const text = textOf(document).replace(/^```[\s\S]*?^```/gm, "");
    for (const [, link] of text.matchAll(/\]\(([^)\s]+)\)|\bsrc="([^"]+)"/g)) {
      if (!link || /^\w+:/.test(link)) continue;
      const [path, anchor] = link.split("#");
      const target = path === "" ? document : join(dirname(document), path);
      assert.ok(existsSync(join(PACKAGE, target)), `${link}: no ${target} in the package`);
      if (anchor) assert.ok(anchorsOf(target).includes(anchor), `${link}: no such heading`);
    }
  });
}

test.run();
