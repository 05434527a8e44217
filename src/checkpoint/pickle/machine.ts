import type { Budget, CheckpointLimits } from "../io/limits.js";
import type { Cursor } from "./cursor.js";
import type { Global, Node } from "./nodes.js";
import type { Stack } from "./stack.js";

/** How the strings of Python 2 are read, which are bytes there. */
export type Encoding = "utf-8" | "latin1" | "bytes";

export interface PickleOptions {
  limits: CheckpointLimits;
  budget: Budget;
  encoding: Encoding;
  /** Where the bytes begin in the file. */
  base: number;
  /** The global of this name, or the refusal of it. */
  findGlobal(name: string, where: number): Global;
  /** What a persistent id stands for. */
  findPersistent(id: Node, where: number): Node;
}

/** What an opcode works on. */
export interface Machine {
  cursor: Cursor;
  stack: Stack;
  options: PickleOptions;
}

export type Opcodes = Record<number, (machine: Machine) => void>;
