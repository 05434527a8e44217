// Compiles the source, and writes what src/kernel/assemble.ts makes the builds of; then makes them, for dist/.

import { mkdir, readFile, writeFile } from "node:fs/promises";
import asc from "assemblyscript/asc";
import { templateOf } from "./template.mjs";

const config = JSON.parse(await readFile("asconfig.json", "utf8"));
const [[target, { outFile }]] = Object.entries(config.targets);
await mkdir("dist", { recursive: true });
const { error, stderr } = await asc.main(["assembly/index.ts", "--target", target]);
if (error) {
  console.error(stderr.toString());
  process.exit(1);
}

const constants = templateOf(await readFile(outFile));
const lines = Object.entries(constants).map(([name, value]) => `export const ${name} = ${JSON.stringify(value)};\n`);
await writeFile("src/kernel/template.generated.ts", `// Written by assembly/build.mjs.\n${lines.join("")}`);

const { assemble } = await import("../src/kernel/assemble.ts");
const { unshared, shared } = constants;
for (const build of ["hardware", "emulated", "separate"]) {
  for (const [suffix, memory] of Object.entries({ "": unshared, "-shared": shared })) {
    const name = build === "emulated" ? `kernel${suffix}` : `kernel-${build}${suffix}`;
    await writeFile(`dist/${name}.wasm`, assemble(build, memory));
  }
}
