// The libraries of bench/peers: a package of its own, which need not be installed.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

export const HOW_TO_GET = "tfjs and jax-js: npm run bench:peers";

const require = createRequire(new URL("../peers/package.json", import.meta.url));

/** @throws Error when it is not installed */
export function loadPeer<T>(name: string): T {
  return require(name) as T;
}

export function peerVersion(name: string): string {
  const file = new URL(`../peers/node_modules/${name}/package.json`, import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")).version;
}
