// Compiles the source, writes what src/kernel/assemble.ts makes the builds of, and makes them, for dist/.

import { mkdir, readFile, writeFile } from "node:fs/promises";
import asc from "assemblyscript/asc";
import binaryen from "assemblyscript/binaryen";
import { templateOf } from "./template/text.mjs";

const TARGET = "template";
const { outFile } = JSON.parse(await readFile("asconfig.json", "utf8")).targets[TARGET];
for (const folder of ["out", "dist"]) await mkdir(folder, { recursive: true });
const { error, stderr } = await asc.main(["assembly/index.ts", "--target", TARGET]);
if (error) {
  console.error(stderr.toString());
  process.exit(1);
}

const constants = templateOf(await readFile(outFile));
const lines = Object.entries(constants).map(([name, value]) => `export const ${name} = ${JSON.stringify(value)};\n`);
await writeFile("src/kernel/template.generated.ts", `// Written by assembly/build.mjs.\n${lines.join("")}`);

// Only now: it imports what has just been written.
const { assemble } = await import("../src/kernel/assemble.ts");
for (const [build, name] of [
  ["emulated", "kernel"],
  ["hardware", "kernel-hardware"],
  ["separate", "kernel-separate"],
]) {
  await write(`dist/${name}.wasm`, assemble(build, constants.unshared));
  await write(`dist/${name}-shared.wasm`, assemble(build, constants.shared));
}

/** Checked by the compiler's own library, because this runtime may not know the instructions. */
async function write(file, bytes) {
  const module = binaryen.readBinary(bytes);
  module.setFeatures(binaryen.Features.All);
  if (!module.validate()) throw new Error(`${file} is no valid module`);
  await writeFile(file, bytes);
}
