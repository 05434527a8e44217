// What an import loads: each subpath is its own.

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";

const PACKAGE = join(process.cwd(), "node_modules/sgd-wasm");
const test = suite("subpaths");

/** Texts that no minifying changes, by the subpath that alone has a use for them. */
const MARKS: Record<string, string[]> = {
  ".": ["momentum_buffer"],
  "./threads": ["worker_threads", "new Worker", "Atomics.", "cross-origin"],
  "./tfjs": ["TorchSGD", "registerTensor"],
  "./checkpoint": ["_rebuild_tensor_v2", "safetensors", "__metadata__"],
  "./amp": ["No inf checks were recorded"],
  "./durable": ["ParameterServerError", "/gradients?step="],
  "./averaging": ["Invalid decay value"],
  "./schedule": ["Detected call of", "annealStrategy"],
};
/** The rooms of others that a subpath builds on. */
const USES: Record<string, string[]> = Object.fromEntries(
  ["./amp", "./averaging", "./durable", "./tfjs", "./threads"].map((subpath) => [subpath, ["."]]),
);
/** How an embedded kernel begins: WebAssembly's magic number, as assembly/build.mjs writes it. */
const KERNEL = "4|U}'}!";

/** The files that an import of `file` loads, itself included. */
function loaded(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  const imports = /\b(?:from|import)\s*\(?\s*["'](\.[^"']+)["']/g;
  for (const [, path] of readFileSync(file, "utf8").matchAll(imports)) {
    if (!path.includes(".wasm")) loaded(join(dirname(file), path), seen);
  }
  return seen;
}

type Targets = string | { [condition: string]: Targets };

/** What an entry of `exports` may resolve to, by conditions. */
function resolutions(targets: Targets, conditions = ""): [conditions: string, file: string][] {
  if (typeof targets === "string") return [[conditions, join(PACKAGE, targets)]];
  return Object.entries(targets).flatMap(([condition, target]) =>
    resolutions(target, `${conditions} ${condition}`.trim()),
  );
}

/** Every JavaScript entry, by subpath and conditions. */
function entries(): [subpath: string, conditions: string, file: string][] {
  const { exports } = JSON.parse(readFileSync(join(PACKAGE, "package.json"), "utf8"));
  return Object.entries<Targets>(exports).flatMap(([subpath, targets]) =>
    resolutions(targets)
      .filter(([, file]) => file.endsWith(".js"))
      .map(([conditions, file]): [string, string, string] => [subpath, conditions, file]),
  );
}

const textOf = (file: string) => [...loaded(file)].map((name) => readFileSync(name, "utf8")).join("\n");

test("the marks are in their own subpaths", () => {
  for (const [subpath, condition, file] of entries()) {
    if (condition !== "default") continue;
    const text = textOf(file);
    for (const mark of MARKS[subpath] ?? []) assert.ok(text.includes(mark), `${subpath} has no ${mark}`);
  }
});

for (const [subpath, condition, file] of entries()) {
  test(`${subpath} (${condition}) loads nothing of the others`, () => {
    const text = textOf(file);
    for (const [other, marks] of Object.entries(MARKS)) {
      if (other === subpath || USES[subpath]?.includes(other)) continue;
      for (const mark of marks) assert.not.ok(text.includes(mark), `${mark} of ${other}`);
    }
  });
}

test("checkpoints come without a kernel and an optimizer", () => {
  assert.ok(textOf(join(PACKAGE, "dist/index.js")).includes(KERNEL));
  const text = textOf(join(PACKAGE, "dist/checkpoint.js"));
  for (const mark of [KERNEL, "createEngine", "WebAssembly"]) assert.not.ok(text.includes(mark), mark);
});

test("Parcel, which does not read `exports`, finds the same files", () => {
  const { main, alias } = JSON.parse(readFileSync(join(PACKAGE, "package.json"), "utf8"));
  const found = Object.entries({ ".": main, ...alias }).map(([subpath, file]) => [
    subpath,
    join(PACKAGE, String(file)),
  ]);
  const defaults = entries().filter(([, condition]) => condition === "default");
  assert.equal(
    found.sort(),
    defaults.map(([subpath, , file]) => [subpath, file]),
  );
});

test("no entry loads another", () => {
  const files = new Map(entries().map(([subpath, , file]) => [file, subpath]));
  for (const [file, subpath] of files) {
    const others = [...loaded(file)].map((name) => files.get(name) ?? subpath);
    assert.equal(
      others.filter((other) => other !== subpath && !USES[subpath]?.includes(other)),
      [],
      file,
    );
  }
});

test("every script of the package is loaded by an entry, or is the workers' program", () => {
  const reached = new Set(entries().flatMap(([, , file]) => [...loaded(file)]));
  const scripts = readdirSync(join(PACKAGE, "dist"), { recursive: true }).filter((name) =>
    String(name).endsWith(".js"),
  );
  const loose = scripts.filter((name) => !reached.has(join(PACKAGE, "dist", String(name))));
  assert.equal(loose, ["worker.js"]);
});

test.run();
