import { CheckpointError, fail } from "../io/error.js";
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
  static readonly what = "a complex number";

  constructor(
    readonly re: number,
    readonly im: number,
  ) {}
}

export class List {
  static readonly what = "a list";
  readonly items: Node[] = [];
}

export class Tuple {
  static readonly what = "a tuple";

  constructor(readonly items: Node[]) {}
}

export class PySet {
  static readonly what = "a set";
  readonly items = new Set<Node>();
}

export class Dict {
  static readonly what = "a dict";
  readonly items = new Map<Node, Node>();
}

/** A run of elements in the file, which tensors look into. */
export class Storage {
  static readonly what = "a storage";

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
  static readonly what = "a tensor";

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
  static readonly what = "a global";

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
  /** How many arguments are understood. */
  most?: number;
  /** By itself it is a value: its name, as text. */
  isText?: boolean;
}

export interface CallContext {
  /** Where the call is in the file. */
  where: number;
  /** Counts bytes that the call allocates. */
  charge(bytes: number, what: string): void;
}

/** Re-enacts a call of `target`, or keeps it as it is. */
export function callGlobal(target: Global, args: Tuple, context: CallContext): Node {
  const { name, known } = target;
  const { call, most = 0 } = known;
  if (call === undefined) return new Instance(target, args, context.where);
  if (args.items.length > most) fail(`${name} has ${args.items.length} arguments, ${most} are known`);
  try {
    return call(args.items, context);
  } catch (error) {
    throw error instanceof CheckpointError ? new CheckpointError(`${name}: ${error.message}`) : error;
  }
}

/** What calling a global gave that is not re-enacted: inert, it is never looked up or run. */
export class Instance {
  static readonly what = "an object";
  keywords: Node = null;
  state: Node = null;
  /** What was appended or set, if its class is one of lists or dicts. */
  readonly list = new List();
  readonly dict = new Dict();

  constructor(
    readonly of: Global,
    readonly args: Tuple,
    readonly where: number,
  ) {}
}

/** A node's type in Python's words. */
export function typeName(node: Node | undefined): string {
  if (node === undefined) return "nothing";
  if (node === null) return "None";
  if (node instanceof Instance) return `an object of ${node.of.name}`;
  if (typeof node === "object") return (node.constructor as { what?: string }).what ?? "bytes";
  return `a ${typeof node}`;
}

type Class<T> = (abstract new (...args: never[]) => T) & { readonly what: string };

/** A node that must be of a class. */
export function expect<T>(node: Node | undefined, type: Class<T>): T {
  return node instanceof type ? node : fail(`expected ${type.what}, got ${typeName(node)}`);
}

/** A node that Python can hash: tensors and objects by what they are, not by what they hold. */
export function expectKey(key: Node | undefined): Node {
  const isMutable = key instanceof List || key instanceof Dict || key instanceof PySet;
  return key === undefined || isMutable ? fail(`${typeName(key)} cannot be a key or in a set`) : key;
}

/** Attributes of an object, which are dropped: none, a dict, or one beside that of slots. */
export function checkAttributes(node: Node = null): void {
  const parts = node instanceof Tuple ? node.items : [node];
  if (parts.length > 2 || !parts.every((part) => part === null || part instanceof Dict)) {
    fail(`attributes must be a dict, these are ${typeName(node)}`);
  }
}
