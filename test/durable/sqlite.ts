// What objects store, read from their files.

import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** Python's sqlite3: Node 20 has none. Each line a table, its number of rows, and its largest value in bytes. */
const READ = `
import sqlite3, sys, json
out = {}
for path in sys.argv[1:]:
    db = sqlite3.connect("file:" + path + "?mode=ro", uri=True)
    for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\\\_%' ESCAPE '\\\\'").fetchall():
        rows = db.execute(f"SELECT * FROM {table}").fetchall()
        largest = max([len(v) for row in rows for v in row if isinstance(v, (bytes, str))] + [0])
        out.setdefault(table, []).append([len(rows), largest])
print(json.dumps(out))
`;

/** The tables of all objects in a folder: of each the objects that have it. */
export function tablesOf(folder: string): Record<string, [rows: number, largest: number][]> {
  const files = readdirSync(folder, { recursive: true })
    .map(String)
    .filter((name) => name.endsWith(".sqlite"));
  const paths = files.map((name) => join(folder, name)).filter((path) => existsSync(path));
  return JSON.parse(execFileSync("python3", ["-c", READ, ...paths], { encoding: "utf8" }));
}
