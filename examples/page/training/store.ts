// What outlives the page, in IndexedDB: one record.

import type { Pace } from "../protocol.js";
import type { Change } from "./history.js";
import type { Snapshot } from "./trainer.js";

export interface Kept {
  /** of this layout; another is not read */
  version: number;
  snapshot: Snapshot;
  changes: Change[];
  run: { from: number; target: number; running: boolean };
  pace: Pace;
  drawing: Uint8Array | null;
}

export const VERSION = 1;
const NAME = "sgd-wasm page";
const STORE = "training";
const KEY = "current";

export class Store {
  private constructor(readonly database: IDBDatabase) {}

  /** @throws (rejects) where the browser keeps nothing: blocked by its settings, or missing */
  static async open(): Promise<Store> {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    return new Store(await settled(request));
  }

  /** What was kept; null where nothing was, or by another version of the page. */
  async read(): Promise<Kept | null> {
    const kept = await settled(this.#store("readonly").get(KEY));
    return kept?.version === VERSION ? kept : null;
  }

  async write(kept: Kept): Promise<void> {
    await settled(this.#store("readwrite").put(kept, KEY));
  }

  #store(mode: IDBTransactionMode): IDBObjectStore {
    return this.database.transaction(STORE, mode).objectStore(STORE);
  }
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
