// What can be taken back.

import type { Snapshot } from "./trainer.js";

/** Something that was done, and the state before it. */
export interface Change {
  what: string;
  before: Snapshot;
}

const LONGEST = 20;

export class History {
  changes: Change[] = [];

  /** What would be taken back next; null when nothing is left. */
  get next(): string | null {
    return this.changes.at(-1)?.what ?? null;
  }

  add(change: Change): void {
    this.changes = [...this.changes, change].slice(-LONGEST);
  }

  takeBack(): Change | undefined {
    const last = this.changes.at(-1);
    this.changes = this.changes.slice(0, -1);
    return last;
  }
}
