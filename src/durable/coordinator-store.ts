// What a coordinator has stored: what the run is, who takes part, and the latest decision.

import type { RunConfig } from "./config.js";
import { hasTable, readDocument, writeDocument } from "./document.js";
import { fromJson, toJson } from "./json.js";
import type { ObjectStorage } from "./platform.js";
import type { Decision } from "./shard-state.js";

/** What a run is, and its name. */
export interface StoredRun extends RunConfig {
  run: string;
}

export interface Member {
  worker: string;
  rank: number;
}

// One decision is kept: the next is made only when all shards have carried it out.
const TABLES = `
  CREATE TABLE member (rank INTEGER PRIMARY KEY, worker TEXT NOT NULL);
  CREATE TABLE decision (id INTEGER PRIMARY KEY, decision TEXT NOT NULL, done INTEGER NOT NULL);
`;

export class CoordinatorStore {
  readonly #storage: ObjectStorage;
  run: StoredRun | null;
  /** the run is being deleted */
  removing: boolean;

  constructor(storage: ObjectStorage) {
    this.#storage = storage;
    this.run = readDocument<StoredRun>(storage);
    this.removing = hasTable(storage, "removal");
  }

  create(run: StoredRun): void {
    writeDocument(this.#storage, run, TABLES);
    this.run = run;
  }

  /** From now on the run is only to be deleted. */
  startRemoval(): void {
    this.#storage.sql.exec("CREATE TABLE IF NOT EXISTS removal (id INTEGER PRIMARY KEY)");
    this.removing = true;
  }

  get members(): Member[] {
    return this.#storage.sql.exec<Member>("SELECT worker, rank FROM member ORDER BY rank").toArray();
  }

  addMember({ rank, worker }: Member): void {
    this.#storage.sql.exec("INSERT INTO member VALUES (?, ?)", rank, worker);
  }

  /** The number of steps that all shards have taken. */
  get step(): number {
    const latest = this.#latest();
    return latest ? latest.decision.step + latest.done : 0;
  }

  /** The decision that some shards may not have carried out yet. */
  get open(): Decision | null {
    const latest = this.#latest();
    return latest?.done === 0 ? latest.decision : null;
  }

  /** Stores the decision of a step, which is final. */
  decide(decision: Decision): void {
    this.#storage.sql.exec(
      "INSERT INTO decision VALUES (0, ?, 0) ON CONFLICT DO UPDATE SET decision = excluded.decision, done = 0",
      toJson(decision),
    );
  }

  /** All shards have taken the step of the decision. */
  close(): void {
    this.#storage.sql.exec("UPDATE decision SET done = 1");
  }

  #latest(): { decision: Decision; done: number } | null {
    const [found] = this.#storage.sql.exec<{ decision: string; done: number }>("SELECT * FROM decision").toArray();
    return found ? { decision: fromJson(found.decision) as Decision, done: found.done } : null;
  }
}
