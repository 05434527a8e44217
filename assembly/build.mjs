// Compiles every target of asconfig.json to dist/, and writes the kernels as text for the entries that embed them: those on
// shared memory to a file of their own, because only the threads' entry carries them.

import { mkdir, readFile, writeFile } from "node:fs/promises";
import asc from "assemblyscript/asc";

const config = JSON.parse(await readFile("asconfig.json", "utf8"));
await mkdir("dist", { recursive: true });

const HEADER = "// Written by assembly/build.mjs: kernels of dist/, one byte in one or two characters of ASCII.\n";
const generated = { kernels: HEADER, "kernels-shared": HEADER };
for (const [target, { outFile }] of Object.entries(config.targets)) {
  const { error, stderr } = await asc.main(["assembly/index.ts", "--target", target]);
  if (error) {
    console.error(stderr.toString());
    process.exit(1);
  }
  const [build, shared] = target.split("-");
  generated[shared ? "kernels-shared" : "kernels"] +=
    `export const ${build} = ${JSON.stringify(encode(await readFile(outFile)))};\n`;
}
for (const [name, text] of Object.entries(generated)) await writeFile(`src/kernel/${name}.generated.ts`, text);

/**
 * Text that compresses as well as the bytes do, which base64 does not: a byte always becomes the same characters, so that
 * repetitions stay. Bytes up to 90 are one character, as most bytes of WebAssembly are; the others have a first
 * character for their upper two bits.
 */
function encode(bytes) {
  return Array.from(bytes, (byte) =>
    byte < 91 ? String.fromCharCode(byte + 32) : String.fromCharCode(123 + (byte >> 6), 32 + (byte & 63)),
  ).join("");
}
