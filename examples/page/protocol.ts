// What the page and its Worker say to each other.

import type { EngineInfo } from "sgd-wasm";

/** The Worker's name in a tab beside another one: what it learns is not kept. */
export const GUEST = "guest";

/** How fast to train: steps per second, or null for as fast as possible. */
export type Pace = number | null;

export const SCHEDULE_NAMES = ["constant", "LinearLR", "StepLR", "ExponentialLR", "CosineAnnealingLR"] as const;
export type ScheduleName = (typeof SCHEDULE_NAMES)[number];

/** The options of the parameter group that the page changes, and the scheduler that changes `lr`. */
export interface Settings {
  lr: number;
  momentum: number;
  nesterov: boolean;
  weightDecay: number;
  schedule: ScheduleName;
}

/** An image that the visitor drew, 64 pixels from 0 to 16, and which digit it is. */
export interface Lesson {
  pixels: Uint8Array;
  label: number;
}

type Order<T> = T extends string ? { type: T } : never;

/** The page to the Worker. */
export type Command =
  | Order<"train" | "pause" | "undo" | "restart" | "example" | "save" | "keep">
  | { type: "pace"; pace: Pace }
  | { type: "settings"; settings: Partial<Settings> }
  /** what is on the board; null when it is empty */
  | { type: "draw"; pixels: Uint8Array | null }
  | { type: "teach"; lesson: Lesson }
  | { type: "load"; name: string; bytes: Uint8Array };

/** Test accuracy, from 0 to 1, after some of the steps. */
export interface Accuracies {
  steps: number[];
  values: number[];
}

/** What came out of a run that can be compared: null while there is none. */
export interface Verdict {
  /** SHA-256 of the parameters */
  hash: string;
  /** of the same run on Node, and which Node that was */
  expected: string;
  node: string;
  /** how many of the test images were right, and how many PyTorch had right */
  correct: number;
  recorded: number;
  tested: number;
}

export interface Progress {
  step: number;
  /** the steps at which the run began and will end */
  from: number;
  target: number;
  running: boolean;
  pace: Pace;
  stepsPerSecond: number;
  settings: Settings;
  /** the curves from their entry `since` on: what the page has before it stays */
  losses: { since: number; values: number[] };
  accuracies: Accuracies & { since: number };
  /** of each digit, for what is on the board */
  prediction: number[] | null;
  lessons: number;
  /** what `undo` takes back; null when there is nothing */
  undo: string | null;
  verdict: Verdict | null;
}

export interface Kernel {
  info: EngineInfo;
  /** bytes of linear memory */
  memory: number;
  parameters: number;
  /** how long an element takes in a step, in nanoseconds */
  nanoseconds: number;
}

export interface Recorded {
  torch: string;
  losses: number[];
}

/** The Worker to the page. */
export type Report =
  /** the Worker runs; what it can do comes later */
  | { type: "begun" }
  | { type: "ready"; recorded: Recorded; drawing: Uint8Array | null }
  | { type: "kernel"; kernel: Kernel }
  | { type: "progress"; progress: Progress }
  | { type: "example"; pixels: Uint8Array; label: number }
  | { type: "file"; bytes: Uint8Array }
  /** a sentence for the visitor */
  | { type: "notice"; text: string }
  /** a sentence: what was wanted did not happen, and nothing has changed */
  | { type: "error"; text: string }
  /** a sentence: the page cannot train here */
  | { type: "fatal"; text: string };

/** What to do with each kind of message. */
export type Handlers<M extends { type: string }> = { [T in M["type"]]: (message: Extract<M, { type: T }>) => void };

export function handle<M extends { type: string }>(handlers: Handlers<M>, message: M): void {
  (handlers[message.type as M["type"]] as (message: M) => void)(message);
}
