// Python's own globals that checkpoints name. Nothing is executed: each call is re-enacted here.

import { fail } from "../io/error.js";
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

const named: Known = {};

export const BUILTINS: Record<string, Known> = {
  "collections.OrderedDict": { call: makeDict },
  "collections.Counter": { call: makeDict },
  "collections.defaultdict": {
    call: ([, content], context) => makeDict(content === undefined ? [] : [content], context),
  },
  "builtins.dict": { call: makeDict },
  "builtins.set": { call: makeSet },
  "builtins.frozenset": { call: makeSet },
  "builtins.bytes": { call: makeBytes },
  "builtins.bytearray": { call: makeBytes },
  "builtins.complex": { call: makeComplex },
  "builtins.getattr": { call: getAttribute },
  "_codecs.encode": { call: makeBytes },
  "copyreg._reconstructor": { call: reconstruct },
  // What a defaultdict makes, and the base that an object is reconstructed from.
  "builtins.list": named,
  "builtins.int": named,
  "builtins.float": named,
  "builtins.object": named,
};

function makeDict([content]: Node[], { where }: CallContext): Node {
  if (content === undefined) return new Dict();
  if (content instanceof Dict) return content;
  const dict = new Dict();
  for (const pair of takeItems(content, where)) {
    const items = pair instanceof List || pair instanceof Tuple ? pair.items : [];
    if (items.length !== 2) fail("a dict is made of pairs of a key and a value", where);
    dict.items.set(expectKey(items[0], where), items[1] as Node);
  }
  return dict;
}

function makeSet([content]: Node[], { where }: CallContext): Node {
  const set = new PySet();
  for (const item of content === undefined ? [] : takeItems(content, where)) set.items.add(expectKey(item, where));
  return set;
}

// Emptied on the way: a list that a hostile pickle passes again and again costs nothing the second time.
function takeItems(content: Node, where: number): Node[] {
  return expect(content, List, "the content of a collection", where).items.splice(0);
}

/** bytes and bytearray: nothing, bytes, or text in Latin-1, which is how protocols below 3 spell them. */
function makeBytes([content, encoding]: Node[], { target, where, charge }: CallContext): Node {
  if (content === undefined) return new Uint8Array();
  if (content instanceof Uint8Array && encoding === undefined) return content;
  const latin1 = encoding === "latin1" || encoding === "latin-1";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: this is the range of bytes.
  if (typeof content !== "string" || !latin1 || !/^[\u0000-\u00ff]*$/.test(content)) {
    return fail(`${target.name} is read for bytes in latin1 only`, where);
  }
  charge(content.length, "a value of bytes");
  return Uint8Array.from(content, (character) => character.charCodeAt(0));
}

function makeComplex([re, im]: Node[], { where }: CallContext): Node {
  if (typeof re === "number" && typeof im === "number") return new Complex(re, im);
  return fail("a complex number is made of two floats", where);
}

/** A method: schedulers of PyTorch 1 keep some. It stands for its name, and the object it is bound to is dropped. */
function getAttribute([object, name]: Node[], { where }: CallContext): Node {
  const owner = object instanceof Instance ? object.of : expect(object, Global, "what has a method", where);
  if (typeof name !== "string") return fail(`a method is named by ${typeName(name)}`, where);
  return new Global(`${owner.name}.${name}`, { isText: true }, where);
}

/** How protocols 0 and 1 make an object: (class, its base, the base's content). */
function reconstruct([target, base, content]: Node[], context: CallContext): Node {
  const of = expect(target, Global, "the class of an object", context.where);
  const isPlain = base instanceof Global && base.name === "builtins.object" && content === null;
  if (!isPlain) return fail(`an object of ${of.name} that extends a built-in class`, context.where);
  return of.known.call?.([], { ...context, target: of }) ?? new Instance(of, new Tuple([]), undefined, context.where);
}
