// Python's own globals that checkpoints name. Nothing is executed: each call is re-enacted here.

import { fail } from "../io/error.js";
import { encodeLatin1 } from "../io/text.js";
import {
  type CallContext,
  Complex,
  Dict,
  expect,
  expectKey,
  Global,
  Instance,
  type Known,
  List,
  type Node,
  PySet,
  Tuple,
  typeName,
} from "./nodes.js";

export const BUILTINS: Record<string, Known> = {
  "collections.OrderedDict": { call: makeDict, most: 1 },
  "collections.Counter": { call: makeDict, most: 1 },
  "collections.defaultdict": { call: ([, ...content]) => makeDict(content), most: 2 },
  "builtins.dict": { call: makeDict, most: 1 },
  "builtins.set": { call: makeSet, most: 1 },
  "builtins.frozenset": { call: makeSet, most: 1 },
  "builtins.bytes": { call: makeBytes, most: 2 },
  "builtins.bytearray": { call: makeBytes, most: 2 },
  "builtins.complex": { call: makeComplex, most: 2 },
  "builtins.getattr": { call: getAttribute, most: 2 },
  "_codecs.encode": { call: makeBytes, most: 2 },
};

function makeDict([content]: Node[]): Node {
  if (content === undefined) return new Dict();
  if (content instanceof Dict) return content;
  const dict = new Dict();
  for (const pair of takeItems(content)) {
    const items = pair instanceof List || pair instanceof Tuple ? pair.items : [];
    if (items.length !== 2) fail("a dict is made of pairs of a key and a value");
    dict.items.set(expectKey(items[0]), items[1] as Node);
  }
  return dict;
}

function makeSet([content]: Node[]): Node {
  const set = new PySet();
  for (const item of content === undefined ? [] : takeItems(content)) set.items.add(expectKey(item));
  return set;
}

// Emptied on the way: a list that a hostile pickle passes again and again costs nothing the second time.
function takeItems(content: Node): Node[] {
  return expect(content, List).items.splice(0);
}

/** bytes and bytearray: nothing, bytes, or text in Latin-1, which is how protocols below 3 spell them. */
function makeBytes([content, encoding]: Node[], { charge }: CallContext): Node {
  if (content === undefined) return new Uint8Array();
  if (content instanceof Uint8Array && encoding === undefined) return content;
  const latin1 = encoding === "latin1" || encoding === "latin-1";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: this is the range of bytes.
  if (typeof content !== "string" || !latin1 || !/^[\u0000-\u00ff]*$/.test(content)) {
    return fail("read for bytes in latin1 only");
  }
  charge(content.length, "a value of bytes");
  return encodeLatin1(content);
}

function makeComplex([re, im]: Node[]): Node {
  if (typeof re === "number" && typeof im === "number") return new Complex(re, im);
  return fail("a complex number is made of two floats");
}

/** A method: schedulers of PyTorch 1 keep some. It stands for its name, and the object it is bound to is dropped. */
function getAttribute([object, name]: Node[], context: CallContext): Node {
  const owner = object instanceof Instance ? object.of : expect(object, Global);
  if (typeof name !== "string") return fail(`a method is named by ${typeName(name)}`);
  return new Global(`${owner.name}.${name}`, { isText: true }, context.where);
}
