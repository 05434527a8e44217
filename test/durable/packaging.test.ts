// The client outside of Workers, and the server as wrangler bundles it.

import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import * as assert from "uvu/assert";
import { suite } from "../harness/suite.js";

const test = suite("packaging");
const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const CLIENT = ["ParameterClient", "ParameterServerError", "issueToken"];

test("Node gets the client alone", async () => {
  const program = `console.log(Object.keys(await import("sgd-wasm/durable")).sort().join())`;
  const output = execFileSync(process.execPath, ["--input-type=module", "--eval", program], {
    cwd: path("../.."),
    encoding: "utf8",
  });
  assert.is(output.trim(), CLIENT.join());
});

test("a bundle for browsers needs no module of Node's or Cloudflare's, and no kernel", async () => {
  const contents = `export * from "sgd-wasm/durable";`;
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: path("../..") },
    bundle: true,
    write: false,
    format: "esm",
    platform: "browser",
    metafile: true,
  });
  const [{ imports, exports }] = Object.values(metafile.outputs);
  assert.equal(imports, []);
  assert.equal([...exports].sort(), CLIENT);
  assert.not.match(outputFiles[0].text, /cloudflare:|node:|WebAssembly\.Module\(/);
});

const wrangler = path("wrangler/node_modules/wrangler/bin/wrangler.js");
const node22 = path("../harness/runtimes/node_modules/node22/bin/node");
const missing = [wrangler, node22].filter((file) => !existsSync(file));
if (missing.length > 0 && !process.env.SGD_REQUIRE_ALL) {
  test.skip("wrangler bundles the Worker of the documentation");
} else {
  test("wrangler bundles the Worker of the documentation", () => {
    const folder = mkdtempSync(join(tmpdir(), "sgd-wasm-wrangler-"));
    try {
      mkdirSync(join(folder, "src"));
      mkdirSync(join(folder, "node_modules"));
      symlinkSync(path("../.."), join(folder, "node_modules/sgd-wasm"));
      writeFileSync(join(folder, "src/index.ts"), readFileSync(path("../../examples/federated/worker.ts")));
      writeFileSync(join(folder, "wrangler.jsonc"), readFileSync(path("../../examples/federated/wrangler.jsonc")));
      const args = [wrangler, "deploy", "--dry-run", "--outdir", "out"];
      const env = { ...process.env, WRANGLER_SEND_METRICS: "false", CI: "1" };
      const output = execFileSync(node22, args, { cwd: folder, encoding: "utf8", env });
      const kernels = readdirSync(join(folder, "out")).filter((name) => name.endsWith(".wasm"));
      assert.equal(kernels.map((name) => name.replace(/^[0-9a-f]+-/, "")).sort(), [
        "kernel-hardware-shared.wasm",
        "kernel-hardware.wasm",
        "kernel-separate-shared.wasm",
        "kernel-separate.wasm",
        "kernel-shared.wasm",
        "kernel.wasm",
      ]);
      for (const name of ["PARAMETER_COORDINATOR", "PARAMETER_SHARD"]) assert.match(output, name);
      assert.match(readFileSync(join(folder, "out/index.js"), "utf8"), "readAtLeast");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

test.run();
