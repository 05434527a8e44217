// Makes the page: a folder of files that any host serves.

import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { createEngine, SGD } from "sgd-wasm";
import { DEFAULTS, LAYERS } from "../../digits/defaults.js";
import { hashOf } from "../../digits/hash.js";
import { loadDigits } from "../../digits/load.js";
import { createNetwork } from "../../digits/network.js";
import { findReference } from "../../digits/reference.js";
import { train } from "../../digits/train.js";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The files of the folder beside those that the bundler makes, and where they come from. */
const COPIED = {
  "index.html": here("../index.html"),
  "icon.svg": here("../icon.svg"),
  // The program of the engine's threads, which lies beside the Worker's own.
  "worker.js": fileURLToPath(import.meta.resolve("sgd-wasm/package.json")).replace("package.json", "dist/worker.js"),
  "digits/images.u8": here("../../digits/data/images.u8"),
  "digits/labels.u8": here("../../digits/data/labels.u8"),
  "digits/perm_train.i32": here("../../digits/data/perm_train.i32"),
};
const BUNDLED = {
  page: here("../page.ts"),
  training: here("../training/worker.ts"),
  style: here("../style.css"),
};

/** Bytes of the page beside the images' data: as they are, and compressed, as hosts send them. */
export function sizeOf(folder: string, files: readonly string[]): { bytes: number; compressed: number } {
  const others = files.filter((name) => !/\.(u8|i32)$/.test(name)).map((name) => readFileSync(join(folder, name)));
  const sum = (sizes: number[]) => sizes.reduce((total, size) => total + size, 0);
  return {
    bytes: sum(others.map(({ length }) => length)),
    compressed: sum(others.map((contents) => gzipSync(contents).length)),
  };
}

/** Writes the page into `folder`, which is emptied first. Returns the names of its files. */
export async function buildPage(folder: string): Promise<string[]> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, "digits"), { recursive: true });
  for (const [name, source] of Object.entries(COPIED)) copyFileSync(source, join(folder, name));
  writeFileSync(join(folder, "digits/recorded.json"), JSON.stringify(await record()));
  await bundle(BUNDLED, folder);
  const files = [...Object.keys(COPIED), "digits/recorded.json", "page.js", "training.js", "style.css"];
  const version = createHash("sha256");
  for (const name of files) version.update(readFileSync(join(folder, name)));
  await bundle({ "service-worker": here("../service-worker.ts") }, folder, {
    FILES: JSON.stringify(["./", ...files]),
    VERSION: JSON.stringify(version.digest("hex").slice(0, 16)),
  });
  return [...files, "service-worker.js"];
}

async function bundle(entryPoints: Record<string, string>, outdir: string, define = {}): Promise<void> {
  await build({ entryPoints, outdir, define, bundle: true, minify: true, format: "esm", target: "es2022" });
}

/** What the page compares with: PyTorch's recorded run, and the same on this Node, made now. */
async function record() {
  const recorded = findReference({ ...DEFAULTS, svg: "", quiet: true });
  if (!recorded.reference) throw new Error(`the defaults are not those of the recorded run: ${recorded.differences}`);
  const { torch, losses, testCorrect } = recorded.reference;
  const { lr, momentum } = DEFAULTS;
  const network = createNetwork(createEngine(), LAYERS, DEFAULTS.dtype, DEFAULTS.seed);
  train(network, new SGD(network.parameters, { lr, momentum }), loadDigits(DEFAULTS.dtype), DEFAULTS);
  return {
    torch,
    correct: testCorrect,
    losses: losses.map((loss) => Number(loss.toPrecision(5))),
    node: process.versions.node,
    hash: await hashOf(network.parameters),
  };
}
