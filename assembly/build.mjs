// Compiles every target of asconfig.json to dist/, each again for shared memory, and writes the kernels as text for the host.

import { mkdir, readFile, writeFile } from "node:fs/promises";
import asc from "assemblyscript/asc";

/** The end of the import section: `env.memory` without a maximum, and shared with one of 65,536 pages. */
const MEMORY = {
  unshared: "\x02\x0f\x01\x03env\x06memory\x02\x00\x00",
  shared: "\x02\x12\x01\x03env\x06memory\x02\x03\x00\x80\x80\x04",
};

const { targets } = JSON.parse(await readFile("asconfig.json", "utf8"));
await mkdir("dist", { recursive: true });
const texts = { ...MEMORY };
for (const [target, { outFile }] of Object.entries(targets)) {
  const { error, stderr } = await asc.main(["assembly/index.ts", "--target", target]);
  if (error) {
    console.error(stderr.toString());
    process.exit(1);
  }
  texts[target] = await readFile(outFile, "latin1");
  if (texts[target].split(MEMORY.unshared).length !== 2) throw new Error(`${outFile} imports its memory otherwise`);
  await writeFile(outFile.replace(".wasm", "-shared.wasm"), share(texts[target]), "latin1");
}
const lines = Object.entries(texts).map(
  ([name, text]) => `export const ${name}: string = ${JSON.stringify(encode(text))};\n`,
);
await writeFile("src/kernel/kernels.generated.ts", `// Written by assembly/build.mjs.\n${lines.join("")}`);

function share(text) {
  return text.replace(MEMORY.unshared, MEMORY.shared);
}

/**
 * Bytes as text that compresses as well as they do, which base64 does not: a byte always becomes the same characters, so
 * that repetitions stay. 20 is added, modulo 256, so that most of a module's bytes (the prefix of vector instructions, small
 * numbers) come below 91: these become one character. Others become two, the first of which stands for the upper two bits.
 */
function encode(text) {
  return Array.from(text, (character) => {
    const byte = (character.charCodeAt(0) + 20) & 255;
    return byte < 91 ? String.fromCharCode(32 + byte) : String.fromCharCode(123 + (byte >> 6), 32 + (byte & 63));
  }).join("");
}
