// What the compiler makes of the rules' own loops: loops without a question in them, one for each rule. It has merged loops whose
// source differs in constants only, which no result shows and which takes up to twice as long.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { repository } from "../support/process.js";

const test = suite("the kernels' loops");
const compiler = createRequire(join(repository, "node_modules/assemblyscript/package.json"));
const { default: binaryen } = await import(compiler.resolve("binaryen"));

/** How many innermost loops of an exported function decide nothing but whether they go on. */
function plainLoops(file: string, name: string): number {
  const module = binaryen.readBinary(readFileSync(join(repository, "dist", `${file}.wasm`)));
  const text: string = module.emitText();
  module.dispose();
  const internal = text.match(new RegExp(`\\(export "${name}" \\(func (\\S+?)\\)`))?.[1];
  const [body] = text.slice(text.indexOf(`(func ${internal} `)).split("\n (func ", 1);
  const innermost = body
    .split("(loop ")
    .slice(1)
    .filter((part) => part.includes("v128.store"));
  return innermost.map(upToItsEnd).filter((loop) => loop.match(/\((if|select|br_if|br_table)\b/g)?.length === 1).length;
}

/** What follows `(loop `, up to the bracket that closes it. */
function upToItsEnd(part: string): string {
  let depth = 1;
  const end = [...part].findIndex((character) => {
    if (character === "(") depth++;
    if (character === ")") depth--;
    return depth === 0;
  });
  return part.slice(0, end === -1 ? part.length : end);
}

for (const file of ["kernel-hardware", "kernel-separate"]) {
  for (const name of ["sgd_f32", "sgd_f64"]) {
    test(`${file}.wasm: ${name} has a loop for each of six rules`, () => assert.is(plainLoops(file, name), 6));
  }
}

test("kernel-hardware.wasm: sgd_16 has a loop for each of four rules on bfloat16", () =>
  assert.is(plainLoops("kernel-hardware", "sgd_16"), 4));

test.run();
