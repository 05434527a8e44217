import type { DTypeInfo } from "../dtype.js";
import type { Place } from "../error.js";

/**
 * What a pickle builds, before it becomes JavaScript values. Python's None, booleans, numbers, strings and bytes are
 * their JavaScript counterparts right away; everything that holds something is one of these.
 */
export type Node =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | List
  | Tuple
  | Dict
  | PySet
  | Storage
  | Tensor
  | Global;

export class List {
  readonly items: Node[] = [];
}

export class Tuple {
  constructor(readonly items: Node[]) {}
}

export class PySet {
  readonly items = new Set<Node>();
}

export class Dict {
  readonly items = new Map<Node, Node>();
}

/** A run of elements in the file, which tensors look into. */
export class Storage {
  constructor(
    readonly dtype: DTypeInfo,
    /** Which run: the name of an entry, or what a legacy file calls it. */
    readonly key: string,
    /** How many elements the run has, */
    readonly total: number,
    /** and those that this storage is a view of: the first, and how many. */
    readonly first: number,
    readonly length: number,
    /** Where in the file it was mentioned, for messages. */
    readonly where: Place,
  ) {}
}

export class Tensor {
  constructor(
    readonly storage: Storage,
    readonly dtype: DTypeInfo,
    /** All three in elements of `dtype`. */
    readonly offset: number,
    readonly shape: number[],
    readonly strides: number[],
    readonly where: Place,
  ) {}
}

/** An allowed global, by its name in Python. */
export class Global {
  constructor(readonly name: string) {}
}

/** A node's type in Python's words. */
export function typeName(node: Node | undefined): string {
  if (node === undefined) return "nothing";
  if (node === null) return "None";
  if (typeof node === "object") return CLASS_NAMES.get(node.constructor) ?? "bytes";
  return { boolean: "a bool", number: "a number", bigint: "an integer", string: "a string" }[
    typeof node as "boolean" | "number" | "bigint" | "string"
  ];
}

const CLASS_NAMES = new Map<unknown, string>([
  [List, "a list"],
  [Tuple, "a tuple"],
  [Dict, "a dict"],
  [PySet, "a set"],
  [Storage, "a storage"],
  [Tensor, "a tensor"],
  [Global, "a global"],
]);
