import { fail } from "../io/error.js";
import type { DTypeInfo } from "../io/tensor.js";

/**
 * What a pickle builds, before it becomes JavaScript values. Python's None, booleans, numbers, strings and bytes are
 * their JavaScript counterparts right away; everything else is one of these.
 */
export type Node =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Complex
  | List
  | Tuple
  | Dict
  | PySet
  | Storage
  | Tensor
  | Global
  | Instance;

export class Complex {
  constructor(
    readonly re: number,
    readonly im: number,
  ) {}
}

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
    readonly where: number,
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
    readonly where: number,
    /** The elements are those of the storage with the other sign: PyTorch's negative bit. */
    readonly negative = false,
  ) {}
}

/** What a pickle names: a class or a function, by its name in Python. */
export class Global {
  constructor(
    readonly name: string,
    readonly known: Known,
    readonly where: number,
  ) {}
}

/** How a global that a checkpoint may name is read. */
export interface Known {
  /** What calling it gives; without, an `Instance` that says which call it was. */
  call?(args: Node[], context: CallContext): Node;
  /** By itself it is a value: its name, as text. */
  isText?: boolean;
}

export interface CallContext {
  /** What is called. */
  target: Global;
  where: number;
  charge(bytes: number, what: string): void;
}

/** What calling a global gave that is not re-enacted: inert, it is never looked up or run. */
export class Instance {
  state: Node = null;
  /** What was appended or set, if its class is one of lists or dicts. */
  readonly list = new List();
  readonly dict = new Dict();

  constructor(
    readonly of: Global,
    readonly args: Tuple,
    readonly keywords: Dict | undefined,
    readonly where: number,
  ) {}
}

/** A node's type in Python's words. */
export function typeName(node: Node | undefined): string {
  if (node === undefined) return "nothing";
  if (node === null) return "None";
  if (node instanceof Instance) return `an object of ${node.of.name}`;
  if (typeof node === "object") return CLASS_NAMES.get(node.constructor) ?? "bytes";
  return { boolean: "a bool", number: "a number", bigint: "an integer", string: "a string" }[
    typeof node as "boolean" | "number" | "bigint" | "string"
  ];
}

const CLASS_NAMES = new Map<unknown, string>([
  [Complex, "a complex number"],
  [List, "a list"],
  [Tuple, "a tuple"],
  [Dict, "a dict"],
  [PySet, "a set"],
  [Storage, "a storage"],
  [Tensor, "a tensor"],
  [Global, "a global"],
]);

type Class<T> = (abstract new (...args: never[]) => T) & { readonly name: string };

/** A node that must be of a class; `what` names it in the message. */
export function expect<T>(node: Node | undefined, type: Class<T>, what: string, where: number): T {
  if (node instanceof type) return node;
  return fail(`${what} must be a ${type.name.toLowerCase()}, this is ${typeName(node)}`, where);
}

/** A node that Python can hash: tensors and objects by what they are, not by what they hold. */
export function expectKey(key: Node | undefined, where: number): Node {
  const isMutable = key instanceof List || key instanceof Dict || key instanceof PySet;
  return key === undefined || isMutable ? fail(`${typeName(key)} cannot be a key or in a set`, where) : key;
}

/** Whether a node can be the attributes of an object: a dict, or one beside that of its slots. */
export function isAttributes(node: Node): boolean {
  const parts = node instanceof Tuple ? node.items : [node];
  return parts.length <= 2 && parts.every((part) => part === null || part instanceof Dict);
}
