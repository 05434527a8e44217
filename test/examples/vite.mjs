// Builds the page of examples/vite, opens it in Chromium, clicks, and prints as JSON what it shows.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { folderSite, openPage } from "../harness/bundlers/site.mjs";

const project = fileURLToPath(new URL("../../examples/vite/", import.meta.url));
/** Reports what the page says first, how blue two places are once the circle is learned, and again after it was moved to one of them. */
const VISITOR = `
const output = document.querySelector("output");
const canvas = document.querySelector("canvas");
const loss = () => Number(/loss ([\\d.]+)/.exec(output.textContent)?.[1] ?? NaN);
const until = async (isTrue) => {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 20));
  return output.textContent;
};
const blue = (x, y) => canvas.getContext("2d").getImageData(x, y, 1, 1).data[2];
const first = await until(() => loss() > 0);
await until(() => loss() < 0.05);
const before = [blue(24, 24), blue(5, 5)];
const { left, top, width } = canvas.getBoundingClientRect();
canvas.dispatchEvent(new MouseEvent("click", { clientX: left + 0.1 * width, clientY: top + 0.1 * width }));
await until(() => blue(5, 5) > 200);
const last = await until(() => loss() < 0.05);
fetch("/", { method: "POST", body: JSON.stringify({ first, before, after: [blue(24, 24), blue(5, 5)], last }) });
`;

const folder = mkdtempSync(join(tmpdir(), "sgd-wasm-vite-"));
try {
  for (const command of ["tsc", `vite build --outDir ${folder} --emptyOutDir --logLevel error`]) {
    const { status } = spawnSync(`npx ${command}`, { cwd: project, shell: true, stdio: ["ignore", 2, 2] });
    if (status !== 0) throw new Error(`${command} ended with ${status}`);
  }
  const site = folderSite(folder);
  const get = async (path) => {
    const { body, ...rest } = await site.get(path);
    const isPage = rest.type === "text/html";
    return { ...rest, body: isPage ? `${body}<script type="module">${VISITOR}</script>` : body };
  };
  console.log(JSON.stringify(await openPage({ ...site, get }, {})));
} finally {
  rmSync(folder, { recursive: true });
}
