// One value of any size in SQLite, written once: JSON in rows of limited length.

import { fromJson, toJson } from "./json.js";
import type { ObjectStorage } from "./platform.js";

/** UTF-16 code units, of at most three bytes each */
const PART = 600_000;

export function hasTable({ sql }: ObjectStorage, name: string): boolean {
  return sql.exec("SELECT 1 FROM sqlite_master WHERE name = ?", name).toArray().length > 0;
}

/** @returns null where nothing was written yet */
export function readDocument<T>(storage: ObjectStorage): T | null {
  if (!hasTable(storage, "document")) return null;
  const parts = storage.sql.exec<{ text: string }>("SELECT text FROM document ORDER BY part").toArray();
  return parts.length === 0 ? null : (fromJson(parts.map(({ text }) => text).join("")) as T);
}

/** Writes the document, and makes the tables of the object: its storage is empty before. */
export function writeDocument(storage: ObjectStorage, value: unknown, tables: string): void {
  const text = toJson(value);
  storage.transactionSync(() => {
    storage.sql.exec("CREATE TABLE document (part INTEGER PRIMARY KEY, text TEXT NOT NULL)");
    storage.sql.exec(tables);
    for (let part = 0; part * PART < text.length; part++) {
      const piece = text.slice(part * PART, (part + 1) * PART);
      storage.sql.exec("INSERT INTO document VALUES (?, ?)", part, piece);
    }
  });
}
