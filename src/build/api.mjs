// Writes docs/api.md: every name that the package exports, by subpath, from its docstring. TypeDoc reads the sources.
// `--check` writes nothing, and fails if the file is not what it would write or a public name has no docstring.

import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { Application, ReflectionKind } from "typedoc";
import { comment, section } from "./markdown.mjs";

const repository = new URL("../..", import.meta.url);
const path = (name) => fileURLToPath(new URL(name, repository));
const API = path("docs/api.md");
const KINDS = [
  ReflectionKind.Function,
  ReflectionKind.Class,
  ReflectionKind.Variable,
  ReflectionKind.Interface,
  ReflectionKind.TypeAlias,
];

const { exports } = JSON.parse(await readFile(path("package.json"), "utf8"));
const subpaths = Object.entries(exports).filter(([subpath]) => !/\.(wasm|json)$/.test(subpath));
const text = await page();
if (!process.argv.includes("--check")) {
  await writeFile(API, text);
} else if ((await readFile(API, "utf8").catch(() => "")) !== text) {
  console.error("docs/api.md is not up to date: npm run docs");
  process.exitCode = 1;
}

/** What the compiler takes for a subpath: `types`, of the first condition if they depend on conditions. */
function typesOf(targets) {
  return typeof targets === "string" ? targets : typesOf(targets.types ?? Object.values(targets)[0]);
}

async function page() {
  const sources = subpaths.map(([, targets]) =>
    typesOf(targets).replace(/^\.\/dist\/types\/(.*)\.d\.ts$/, "src/$1.ts"),
  );
  const app = await Application.bootstrap({
    entryPoints: sources.map(path),
    tsconfig: path("src/tsconfig.json"),
    excludePrivate: true,
    excludeProtected: true,
    excludeInternal: true,
    excludeExternals: true,
    logLevel: "Error",
    sort: ["source-order"],
  });
  const project = await app.convert();
  if (!project) throw new Error("TypeDoc cannot read the sources");
  const undocumented = [];
  const parts = subpaths.map(([subpath], i) => {
    // TypeDoc calls a module by its file, or by its folder.
    const name = sources[i].slice("src/".length, -".ts".length).replace(/\/index$/, "");
    const { children, comment: about } = project.children.find((module) => module.name === name);
    const sorted = [...children].sort((a, b) => (a.name < b.name ? -1 : 1));
    const again = sorted.filter(({ kind }) => kind === ReflectionKind.Reference);
    const links = again.map(({ name }) => `[\`${name}\`](#${name.toLowerCase()})`).join(", ");
    return [
      `## ${subpath.replace(".", "sgd-wasm")}`,
      ...comment(about),
      ...KINDS.flatMap((kind) => sorted.filter((child) => child.kind === kind)).map((child) =>
        section(child, undocumented),
      ),
      links ? `Exported from here as well: ${links}.` : "",
    ];
  });
  if (undocumented.length > 0) {
    console.error(`public names without a docstring:\n  ${undocumented.join("\n  ")}`);
    if (process.argv.includes("--check")) process.exitCode = 1;
  }
  return `${["# API", "Written by `npm run docs` from the docstrings of the sources.", ...parts.flat()]
    .filter(Boolean)
    .join("\n\n")}\n`;
}
