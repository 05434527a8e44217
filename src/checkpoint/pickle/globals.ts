import { DTYPES, type DTypeInfo, dtypeInfo, elementCount } from "../dtype.js";
import { fail, type Place, quote } from "../error.js";
import type { Budget } from "../limits.js";
import { Dict, Global, List, type Node, PySet, Storage, Tensor, Tuple, typeName } from "./nodes.js";

/** What a call of an allowed global gives. Nothing of Python's is executed: each is re-enacted here. */
type Reduce = (args: Node[], where: Place, budget: Budget) => Node;

// Everything that the checkpoints of torch 0.3 to 2.x call, and nothing else.
const CALLS: Record<string, Reduce> = {
  "collections.OrderedDict": makeDict,
  "collections.Counter": makeDict,
  "torch._utils._rebuild_tensor": (args, where) => makeTensor(args, undefined, where),
  "torch._utils._rebuild_tensor_v2": (args, where) => makeTensor(args, undefined, where),
  "torch._utils._rebuild_tensor_v3": (args, where) => makeTensor(args, args[6], where),
  "torch._utils._rebuild_parameter": firstTensor,
  "torch._utils._rebuild_parameter_with_state": firstTensor,
  "torch._tensor._rebuild_from_type_v2": rebuildFromType,
  "torch.nn.parameter.Parameter": firstTensor,
  "torch.Size": ([sizes], where) => expect(sizes, Tuple, "the argument of torch.Size", where),
  "_codecs.encode": encodeLatin1,
  "__builtin__.bytes": emptyBytes,
  "__builtin__.set": makeSet,
  "__builtin__.frozenset": makeSet,
  "builtins.set": makeSet,
  "builtins.frozenset": makeSet,
};

// Named in a pickle, but never called.
const NAMED = new Set(["torch.Tensor", "torch.storage.UntypedStorage", "torch.UntypedStorage"]);
const STORAGES = new Map<string, DTypeInfo>();
const DTYPE_GLOBALS = new Map<string, DTypeInfo>();
for (const info of DTYPES) {
  DTYPE_GLOBALS.set(`torch.${info.name}`, info);
  if (info.storage !== null) STORAGES.set(`torch.${info.storage}`, info).set(`torch.cuda.${info.storage}`, info);
}

/** The global a pickle names, or the refusal of it. */
export function findGlobal(module: string, name: string, where: Place): Global {
  const full = `${module}.${name}`;
  if (Object.hasOwn(CALLS, full) || NAMED.has(full) || STORAGES.has(full) || DTYPE_GLOBALS.has(full)) {
    return new Global(full);
  }
  return fail(
    `the pickle wants the global ${quote(full)}, which no checkpoint of tensors and plain values needs: refused`,
    where,
  );
}

/** Calls an allowed global. */
export function callGlobal(target: Node | undefined, args: Node | undefined, where: Place, budget: Budget): Node {
  const { name } = expect(target, Global, "what is called", where);
  const { items } = expect(args, Tuple, `the arguments of ${name}`, where);
  const call = Object.hasOwn(CALLS, name) ? CALLS[name] : undefined;
  if (call === undefined) return fail(`the global ${quote(name)} cannot be called`, where);
  return call(items, where, budget);
}

/** The storage that a persistent id stands for: ("storage", class, key, location, number of elements[, view]). */
export function findStorage(id: Node | undefined, where: Place): Storage {
  const [kind, type, key, , length, view] = expect(id, Tuple, "a persistent id", where).items;
  if (textOf(kind) !== "storage") {
    fail(`a persistent id must be that of a storage, this is ${typeName(kind)}`, where);
  }
  const { name } = expect(type, Global, "the class of a storage", where);
  const dtype = name.endsWith(".UntypedStorage") ? dtypeInfo("uint8") : STORAGES.get(name);
  const label = textOf(key) ?? (typeof key === "number" ? String(key) : undefined);
  if (dtype === undefined || label === undefined) {
    return fail(`a storage of class ${quote(name)} with ${typeName(key)} as its key`, where);
  }
  const total = count(length, "the length of a storage", where);
  if (!(view instanceof Tuple)) return new Storage(dtype, label, total, 0, total, where);
  const first = count(view.items[1], "the offset of a storage", where);
  const viewed = count(view.items[2], "the length of a storage", where);
  if (first + viewed > total) fail(`a view of elements ${first} to ${first + viewed} of a storage of ${total}`, where);
  return new Storage(dtype, label, total, first, viewed, where);
}

// Python 2 pickles may hold strings as bytes.
function textOf(node: Node | undefined): string | undefined {
  if (node instanceof Uint8Array) return String.fromCharCode(...node.subarray(0, 256));
  return typeof node === "string" ? node : undefined;
}

type Class<T> = (abstract new (...args: never[]) => T) & { readonly name: string };

function expect<T>(node: Node | undefined, type: Class<T>, what: string, where: Place): T {
  if (node instanceof type) return node;
  return fail(`${what} must be a ${type.name.toLowerCase()}, this is ${typeName(node)}`, where);
}

function count(node: Node | undefined, what: string, where: Place): number {
  if (typeof node === "number" && Number.isSafeInteger(node) && node >= 0) return node;
  const given = typeof node === "number" ? String(node) : typeName(node);
  return fail(`${what} must be an integer from 0 to 2^53, this is ${given}`, where);
}

function counts(node: Node | undefined, what: string, where: Place): number[] {
  const { items } = expect(node, Tuple, what, where);
  if (items.length > 64) fail(`${what} has ${items.length} dimensions, at most 64 are read`, where);
  return items.map((item) => count(item, what, where));
}

function makeTensor(args: Node[], type: Node | undefined, where: Place): Tensor {
  const storage = expect(args[0], Storage, "the storage of a tensor", where);
  let dtype: DTypeInfo | undefined = storage.dtype;
  if (type !== undefined) dtype = DTYPE_GLOBALS.get(expect(type, Global, "the dtype of a tensor", where).name);
  if (dtype === undefined) return fail("a tensor whose dtype is none", where);
  const offset = count(args[1], "the offset of a tensor", where);
  const shape = counts(args[2], "the shape of a tensor", where);
  const strides = counts(args[3], "the strides of a tensor", where);
  const elements = elementCount(shape);
  if (strides.length !== shape.length || Number.isNaN(elements)) {
    fail(`a tensor cannot have shape [${shape}] and strides [${strides}]`, where);
  }
  const available = Math.floor((storage.length * storage.dtype.bytes) / dtype.bytes);
  const end = elements === 0 ? 0 : shape.reduce((last, size, i) => last + (size - 1) * strides[i], offset) + 1;
  if (!(end <= available)) {
    fail(
      `a tensor of shape [${shape}], strides [${strides}] and offset ${offset} ends at element ${end}, its storage has ${available}`,
      where,
    );
  }
  return new Tensor(storage, dtype, offset, shape, strides, where);
}

function firstTensor([tensor]: Node[], where: Place): Node {
  return expect(tensor, Tensor, "the data of a parameter", where);
}

// A tensor with Python attributes, or a Parameter with them: (function, type, arguments, attributes).
function rebuildFromType([call, , args]: Node[], where: Place, budget: Budget): Node {
  const { name } = expect(call, Global, "what rebuilds a tensor", where);
  if (!name.startsWith("torch._utils._rebuild_")) {
    fail(`a tensor cannot be rebuilt by ${quote(name)}`, where);
  }
  return callGlobal(call, args, where, budget);
}

function makeDict([content]: Node[], where: Place): Node {
  if (content === undefined) return new Dict();
  if (content instanceof Dict) return content;
  const dict = new Dict();
  for (const pair of takeItems(content, where)) {
    const items = pair instanceof List || pair instanceof Tuple ? pair.items : [];
    if (items.length !== 2 || !isKey(items[0])) return fail("a dict is made of pairs of a key and a value", where);
    dict.items.set(items[0], items[1] as Node);
  }
  return dict;
}

function makeSet([content]: Node[], where: Place): Node {
  const set = new PySet();
  for (const item of takeItems(content, where)) {
    if (!isKey(item)) return fail(`${typeName(item)} cannot be in a set`, where);
    set.items.add(item);
  }
  return set;
}

// Emptied on the way: a list that a hostile pickle passes again and again costs nothing the second time.
function takeItems(content: Node | undefined, where: Place): Node[] {
  return expect(content, List, "the content of a collection", where).items.splice(0);
}

// How protocols below 3 spell bytes.
function encodeLatin1([text, encoding]: Node[], where: Place, budget: Budget): Node {
  const latin1 = encoding === "latin1" || encoding === "latin-1";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: this is the range of bytes.
  if (typeof text !== "string" || !latin1 || !/^[\u0000-\u00ff]*$/.test(text)) {
    return fail("_codecs.encode is read for bytes in latin1 only", where);
  }
  budget.charge(text.length, "a value of bytes", where);
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

// Protocols below 3 write no bytes at all as a call without arguments.
function emptyBytes(args: Node[], where: Place): Node {
  return args.length === 0 ? new Uint8Array() : fail("bytes are read from _codecs.encode only", where);
}

/** What Python can hash, and a checkpoint may have as a key. */
export function isKey(key: Node | undefined): key is Node {
  if (typeof key === "object" && key !== null) return key instanceof Tuple || key instanceof Uint8Array;
  return key !== undefined;
}
