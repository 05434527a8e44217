// What a shard has stored: rows of SQLite.

import { readDocument, writeDocument } from "./document.js";
import { refusal } from "./error.js";
import type { Row } from "./layout.js";
import type { ObjectStorage } from "./platform.js";

/** What a shard has to know of its run; the coordinator tells it once. */
export interface ShardConfig {
  run: string;
  index: number;
  /** the hash of shapes and dtypes */
  layout: string;
  bytes: number;
  rows: Row[];
  /** options of the groups by their number, without learning rates */
  groups: { momentum: number; dampening: number; weightDecay: number; nesterov: boolean; maximize: boolean }[];
  workers: number;
  /** what summed gradients are multiplied by */
  scale: number;
  /** the gradient is clipped: a decision needs sums of squares */
  clipped: boolean;
  rounding: "fused" | "separate";
  rejectNonfinite: boolean;
}

/** How many uploads of one rank there may be at once. */
export const SLOTS = 8;

// Keys are numbers, so that no row needs an index beside it. `version` counts steps; -1 says that the values are not complete yet.
const TABLES = `
  CREATE TABLE state (id INTEGER PRIMARY KEY, version INTEGER NOT NULL);
  CREATE TABLE parameters (id INTEGER PRIMARY KEY, data BLOB NOT NULL);
  CREATE TABLE momentum (id INTEGER PRIMARY KEY, data BLOB NOT NULL);
  CREATE TABLE gradients (id INTEGER PRIMARY KEY, data BLOB NOT NULL);
  CREATE TABLE received (rank INTEGER PRIMARY KEY, step INTEGER NOT NULL, slot INTEGER NOT NULL);
  INSERT INTO state VALUES (0, -1);
`;

const WRITE = "VALUES (?, ?) ON CONFLICT DO UPDATE SET data = excluded.data";

export class ShardStore {
  readonly #opened: ObjectStorage;
  config: ShardConfig | null;
  #version: number | null = null;
  #removed = false;

  constructor(storage: ObjectStorage) {
    this.#opened = storage;
    this.config = readDocument<ShardConfig>(storage);
  }

  configure(config: ShardConfig): ShardConfig {
    if (!this.config) writeDocument(this.#storage, config, TABLES);
    this.config ??= config;
    return this.config;
  }

  /** Deletes everything. This has no storage any more: a run that is made anew gets nothing of what is under way. */
  async remove(): Promise<void> {
    this.#removed = true;
    await this.#opened.deleteAll();
  }

  #checkThere(): void {
    if (this.#removed) throw refusal("unknown", "the run has been deleted");
  }

  get #storage(): ObjectStorage {
    this.#checkThere();
    return this.#opened;
  }

  /** The number of steps that the parameters have taken; -1 before all their first values are there. */
  get version(): number {
    if (!this.config) return -1;
    this.#checkThere();
    this.#version ??= this.#one<{ version: number }>("SELECT version FROM state")!.version;
    return this.#version;
  }

  /** Runs a change that ends with another version, whole or not at all. */
  moveTo(version: number, change: () => void): void {
    this.#storage.transactionSync(() => {
      change();
      this.#exec("UPDATE state SET version = ?", version);
    });
    this.#version = version;
  }

  /** The parameters of a version and of the one before lie side by side. */
  writeParameters(row: number, version: number, data: Uint8Array): void {
    this.#exec(`INSERT INTO parameters ${WRITE}`, 2 * row + (version % 2), data);
  }

  readParameters(row: number, version: number): Uint8Array<ArrayBuffer> {
    return this.#data("SELECT data FROM parameters WHERE id = ?", 2 * row + (version % 2))!;
  }

  writeMomentum(row: number, data: Uint8Array): void {
    this.#exec(`INSERT INTO momentum ${WRITE}`, row, data);
  }

  /** Null before the first step, and without momentum. */
  readMomentum(row: number): Uint8Array<ArrayBuffer> | null {
    return this.#data("SELECT data FROM momentum WHERE id = ?", row);
  }

  writeGradient(rank: number, slot: number, row: number, data: Uint8Array): void {
    this.#exec(`INSERT INTO gradients ${WRITE}`, this.#gradientId(rank, slot, row), data);
  }

  readGradient(rank: number, slot: number, row: number): Uint8Array<ArrayBuffer> {
    return this.#data("SELECT data FROM gradients WHERE id = ?", this.#gradientId(rank, slot, row))!;
  }

  hasGradient(rank: number, slot: number, row: number, data: Uint8Array): boolean {
    const id = this.#gradientId(rank, slot, row);
    return this.#one("SELECT 1 FROM gradients WHERE id = ? AND data = ?", id, data) !== undefined;
  }

  /** Whether two uploads of a rank hold the same bytes. */
  isSamePush(rank: number, slot: number, other: number): boolean {
    const first = this.#gradientId(rank, slot, 0);
    const differs = this.#one(
      "SELECT 1 FROM gradients a JOIN gradients b ON b.id = a.id + ? WHERE a.id >= ? AND a.id < ? AND a.data <> b.data LIMIT 1",
      this.#gradientId(rank, other, 0) - first,
      first,
      first + this.#rows,
    );
    return differs === undefined;
  }

  /** Deletes what a rank has stored in other slots. */
  deleteGradientsBut(rank: number, slots: ReadonlySet<number>): void {
    this.#exec(
      `DELETE FROM gradients WHERE id >= ? AND id < ? AND (id / ?) % ${SLOTS} NOT IN (${[...slots]})`,
      this.#gradientId(rank, 0, 0),
      this.#gradientId(rank + 1, 0, 0),
      this.#rows,
    );
  }

  /** The slot of the complete push of a rank for the step under way; null while there is none. */
  receivedSlot(rank: number): number | null {
    const found = this.#one<{ slot: number }>(
      "SELECT slot FROM received WHERE rank = ? AND step = ?",
      rank,
      this.version,
    );
    return found ? found.slot : null;
  }

  /** Whether all ranks have pushed for the step under way. */
  hasAll(): boolean {
    const query = "SELECT count(*) AS pushes FROM received WHERE step = ?";
    return this.#one<{ pushes: number }>(query, this.version)!.pushes === this.config!.workers;
  }

  /** From now on a push counts, and its rows do not change until the step is taken. */
  insertReceived(rank: number, slot: number): void {
    this.#exec(
      "INSERT INTO received VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET step = excluded.step, slot = excluded.slot",
      rank,
      this.version,
      slot,
    );
  }

  get #rows(): number {
    return this.config!.rows.length;
  }

  #gradientId(rank: number, slot: number, row: number): number {
    return (rank * SLOTS + slot) * this.#rows + row;
  }

  #exec(query: string, ...bindings: (number | Uint8Array)[]): void {
    this.#storage.sql.exec(query, ...bindings);
  }

  #one<T extends object>(query: string, ...bindings: (number | Uint8Array)[]): T | undefined {
    return this.#storage.sql.exec<T>(query, ...bindings).toArray()[0];
  }

  #data(query: string, id: number): Uint8Array<ArrayBuffer> | null {
    const found = this.#one<{ data: ArrayBuffer }>(query, id);
    return found ? new Uint8Array(found.data) : null;
  }
}
