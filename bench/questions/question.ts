// What every file of this folder answers to.

import type { Field } from "../contenders/index.js";
import type { Measurement } from "../support/measurement.js";
import type { Table } from "../support/table.js";
import type { Effort } from "../support/timing.js";

export interface Settings {
  field: Field;
  effort: Effort;
  /** under a minute in all: fewer and smaller sizes */
  quick: boolean;
}

export interface Answer {
  tables: Table[];
  /** what a baseline keeps */
  measurements: Measurement[];
}

export type Question = (settings: Settings) => Promise<Answer>;
