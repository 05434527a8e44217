// The package as its users get it: packed, and installed into an empty folder.

import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));

const npm = (args, cwd) => execFileSync("npm", args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });

/** Packs what `npm run build` made; returns the path of the tarball, in `folder`. */
export function pack(folder) {
  npm(["pack", "--ignore-scripts", "--silent", "--pack-destination", folder], REPOSITORY);
  return join(
    folder,
    readdirSync(folder).find((name) => name.endsWith(".tgz")),
  );
}

/** An empty project in `folder` with the tarball installed. Works without a network: the package depends on nothing. */
export function install(tarball, folder) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }\n');
  npm(["install", "--offline", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", tarball], folder);
}

const INSTALLED = "node_modules/sgd-wasm";

/** Everything that the installed package lets one import: "sgd-wasm", "sgd-wasm/threads", … */
export function packageSubpaths(folder) {
  return Object.keys(packageExports(folder)).map((subpath) => subpath.replace(".", "sgd-wasm"));
}

function packageExports(folder) {
  return JSON.parse(readFileSync(join(folder, INSTALLED, "package.json"), "utf8")).exports;
}

/** What an import of the installed package resolves to under export conditions, as a path relative to `folder`. */
export function packageFile(folder, specifier, conditions = []) {
  let target = packageExports(folder)[specifier.replace("sgd-wasm", ".")];
  while (typeof target === "object") {
    target = target[Object.keys(target).find((key) => key === "default" || conditions.includes(key))];
  }
  if (!target) throw new Error(`the package exports no ${specifier}`);
  return join(INSTALLED, target);
}
