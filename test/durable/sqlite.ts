// What objects store, read from their files.

import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** Python's sqlite3: Node 20 has none. Each line a table, its number of rows, and its largest value in bytes. */
const READ = `
import sqlite3, sys, json, time
TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\\\_%' ESCAPE '\\\\'"

def read(path):
    db = sqlite3.connect("file:" + path + "?mode=ro", uri=True)
    found = {}
    for (table,) in db.execute(TABLES).fetchall():
        rows = db.execute(f"SELECT * FROM {table}").fetchall()
        largest = max([len(v) for row in rows for v in row if isinstance(v, (bytes, str))] + [0])
        found[table] = [len(rows), largest]
    return found

def patiently(path):
    for attempt in range(40):
        try:
            return read(path)
        except sqlite3.Error as error: # an object is at work on it
            last = error
            time.sleep(0.05)
    raise last

out = {}
for path in sys.argv[1:]:
    for table, what in patiently(path).items():
        out.setdefault(table, []).append(what)
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
