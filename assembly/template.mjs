// The compiled module as text, with places in it that src/kernel/assemble.ts fills in.
//
// A byte is one character, or two; other characters have a meaning of their own:
//
//   t F yes u no v   one of both, by the flag F of FLAGS
//   w x y            the instructions of HOLES, as the build has them
//   z                which build it is
//   ~                between parts
//
// The parts: what stands before the imports; what stands between the functions' types and their bodies; the functions. Of each:
// how often it is there (COPIES), its type, its body.

import {
  CALL,
  ELSE,
  END,
  GLOBAL_GET,
  I32,
  IF,
  LOCAL_GET,
  LOCAL_TEE,
  leb,
  parseBody,
  Reader,
  sections,
  V128,
} from "./instructions.mjs";

/** The imported globals of holes.ts, in the order of `flags` in assemble.ts. */
const FLAGS = ["momentum", "damped", "nesterov", "decay", "scaled", "zeroed", "paired", "single"];
/** The imported functions of holes.ts, with the character that stands for each. */
const HOLES = { multiplier_f32: "w", multiply_add_f32: "x", multiply_add_f64: "y" };
const BUILDS = ["hardware", "emulated", "separate"];
/** Kinds of functions: once; once for each variant; once for each dtype; only where multiply-add is emulated. */
const ONCE = 0;
const PER_VARIANT = 1;
const PER_DTYPE = 2;
const EMULATED_ONLY = 3;
const VARIANTS = 30;
const COPIES = [1, VARIANTS, 2, 1];
/** Locals from here on are those of multiply-add, in every function that has one. */
const HOLE_LOCALS = 32;

const UNSHARED = [0, 0];
/** A shared memory needs a maximum: 65536 pages. */
const SHARED = [3, 0, 0x80, 0x80, 4];

export function templateOf(bytes) {
  const module = parse(bytes);
  const order = arrange(module);
  const indices = newIndices(order);
  const encode = (body) => encodeBody(body, module, indices);
  const functions = order.map(
    ({ index, kind }) => encodeBytes([kind, module.types[index]]) + encode(module.bodies[index]),
  );
  const start = encodeBytes([...bytes.subarray(0, 8), ...section(1, [...module.sections.get(1)])]);
  const middle = [tableSection(), globalSection(), exportSection(module, indices)];
  return {
    template: [start, middle.join(""), ...functions].join("~"),
    inlined: BUILDS.map((build) => Object.keys(HOLES).map((hole) => inlined(module, indices, `${build}_${hole}`))),
    unshared: memoryImport(UNSHARED),
    shared: memoryImport(SHARED),
  };
}

/** Imports and exports by name, and the functions, with indices as the module counts them. */
function parse(bytes) {
  const found = sections(bytes);
  const flags = [];
  const holes = [];
  const imports = new Reader(found.get(2));
  imports.list(() => {
    imports.name();
    const name = imports.name();
    const kind = imports.byte();
    if (kind === 0) {
      imports.number();
      holes.push(HOLES[name]);
    } else if (kind === 2) {
      if (imports.number() & 1) imports.number();
      imports.number();
    } else {
      imports.take(2);
      flags.push(FLAGS.indexOf(name));
    }
  });
  const exports = new Map();
  const exported = new Reader(found.get(7));
  exported.list(() => {
    const name = exported.name();
    const kind = exported.byte();
    const index = exported.number();
    if (kind === 0) exports.set(name, index - holes.length);
  });
  const typeReader = new Reader(found.get(3));
  const types = typeReader.list(() => typeReader.number());
  const code = new Reader(found.get(10));
  const bodies = code.list(() => parseBody(code.take(code.number())));
  const parameters = parameterCounts(found.get(1));
  return { sections: found, flags, holes, exports, types, bodies, parameters };
}

function parameterCounts(section) {
  const reader = new Reader(section);
  return reader.list(() => {
    reader.byte();
    const count = reader.list(() => reader.byte()).length;
    reader.list(() => reader.byte());
    return count;
  });
}

/**
 * The functions of the builds in their order: the variants, for float32 and then for float64, as the table has them; what else
 * every build has; what only the emulation needs.
 */
function arrange(module) {
  const { exports, bodies } = module;
  const variants = [exports.get("update_f32"), exports.get("update_f64")];
  const others = reachable(module, (name) => !isInternal(name));
  const emulation = reachable(module, (name) => name.startsWith("emulated_"));
  const inlined = new Set([...exports].filter(([name]) => isInlined(name)).map(([, index]) => index));
  return [
    ...variants.map((index) => ({ index, kind: PER_VARIANT })),
    ...[...others].map((index) => ({ index, kind: isTyped(bodies[index], module) ? PER_DTYPE : ONCE })),
    ...[...emulation]
      .filter((index) => !others.has(index) && !inlined.has(index))
      .map((index) => ({ index, kind: EMULATED_ONLY })),
  ];
}

/** Exports of the source that stand in the places of holes, and those that no build exports. */
const isInlined = (name) => BUILDS.some((build) => name.startsWith(`${build}_`));
const isInternal = (name) =>
  isInlined(name) || name.startsWith("update_") || name === "emulated64" || name === "hard32";
const isTyped = ({ instructions }, { flags }) =>
  instructions.some(({ op, operand }) => op === GLOBAL_GET && FLAGS[flags[operand]] === "single");

/** The functions that are exported under such names, and those that they call. */
function reachable({ exports, bodies, holes }, isWanted) {
  const reached = new Set([...exports].filter(([name]) => isWanted(name)).map(([, index]) => index));
  for (const index of reached) {
    for (const { op, operand } of bodies[index].instructions) {
      if (op === CALL && operand >= holes.length) reached.add(operand - holes.length);
    }
  }
  return reached;
}

function newIndices(order) {
  const indices = new Map();
  let next = 0;
  for (const { index, kind } of order) {
    indices.set(index, next);
    next += COPIES[kind];
  }
  return indices;
}

function encodeBody({ locals, instructions }, module, indices) {
  const usesHoles = instructions.some(({ op, operand }) => op === CALL && operand < module.holes.length);
  return encodeLocals(locals, usesHoles, module, instructions) + encodeInstructions(instructions, module, indices);
}

function encodeLocals(locals, usesHoles, module, instructions) {
  const groups = [...locals];
  if (usesHoles) {
    const body = module.bodies.findIndex((body) => body.instructions === instructions);
    const own = module.parameters[module.types[body]] + locals.reduce((sum, { count }) => sum + count, 0);
    if (own > HOLE_LOCALS) throw new Error(`a function of the template has ${own} locals: raise HOLE_LOCALS`);
    groups.push({ count: HOLE_LOCALS - own, type: I32 }, { count: holeLocals(module), type: V128 });
  }
  return encodeBytes([...leb(groups.length), ...groups.flatMap(({ count, type }) => [...leb(count), type])]);
}

/** How many locals the builds' instructions for holes need. */
function holeLocals({ exports, bodies, types, parameters }) {
  const replaced = [...exports].filter(([name]) => isInlined(name)).map(([, index]) => index);
  return Math.max(
    ...replaced.map(
      (index) => parameters[types[index]] + bodies[index].locals.reduce((sum, { count }) => sum + count, 0),
    ),
  );
}

function encodeInstructions(instructions, { flags, holes }, indices) {
  let text = "";
  const open = [];
  for (let i = 0; i < instructions.length; i++) {
    const { op, operand, bytes } = instructions[i];
    if (op === GLOBAL_GET) {
      text += `t${encodeBytes([flags[operand]])}`;
      if (instructions[i + 1].op === IF) {
        open.push({ chosen: true, otherwise: false });
        i++;
      } else {
        text += `${encodeBytes([0x41, 1])}u${encodeBytes([0x41, 0])}v`;
      }
    } else if (op === CALL && operand < holes.length) {
      text += holes[operand];
    } else if (op === CALL) {
      text += encodeBytes([CALL, ...leb(indices.get(operand - holes.length))]);
    } else if (op === ELSE && open.at(-1)?.chosen) {
      open.at(-1).otherwise = true;
      text += "u";
    } else if (op === END && open.at(-1)?.chosen) {
      text += open.pop().otherwise ? "v" : "uv";
    } else {
      if (op >= 0x02 && op <= IF) open.push({ chosen: false });
      if (op === END) open.pop();
      // The depth of a branch counts blocks, of which the chosen ones will not be there.
      if ((op === 0x0c || op === 0x0d) && open.slice(-1 - operand).some(({ chosen }) => chosen))
        throw new Error(`a branch of the template leaves a block that is chosen, at instruction ${i}`);
      text += encodeBytes(bytes);
    }
  }
  return text;
}

/** A build's instructions for a hole: the body of its function, with parameters and locals in the locals from HOLE_LOCALS on. */
function inlined(module, indices, name) {
  const index = module.exports.get(name);
  const { instructions } = module.bodies[index];
  const body = instructions.slice(0, -1).map((instruction) => ({ ...instruction }));
  const count = module.parameters[module.types[index]];
  // Parameters that are read first, in their order, and never again, are where they are needed: on the stack.
  let ready = 0;
  const uses = (local) =>
    body.filter(({ op, operand }) => op >= LOCAL_GET && op <= LOCAL_TEE && operand === local).length;
  while (ready < count && body[ready].op === LOCAL_GET && body[ready].operand === ready && uses(ready) === 1) ready++;
  const stores = [];
  for (let local = count - 1; local >= ready; local--) stores.push(0x21, HOLE_LOCALS + local);
  const rest = body.slice(ready).map(({ op, operand, bytes }) => ({
    op,
    operand,
    bytes: op >= LOCAL_GET && op <= LOCAL_TEE ? [op, HOLE_LOCALS + operand] : bytes,
  }));
  return encodeBytes(stores) + encodeInstructions(rest, module, indices);
}

function section(id, content) {
  return [id, ...leb(content.length), ...content];
}

function memoryImport(limits) {
  const name = (text) => [text.length, ...new TextEncoder().encode(text)];
  return encodeBytes(section(2, [1, ...name("env"), ...name("memory"), 2, ...limits]));
}

function tableSection() {
  return encodeBytes(section(4, [1, 0x70, 1, 2 * VARIANTS, 2 * VARIANTS]));
}

/** One immutable i32. */
function globalSection() {
  return `${encodeBytes([6, 6, 1, I32, 0, 0x41])}z${encodeBytes([END])}`;
}

function exportSection(module, indices) {
  const entry = (name, kind, index) => [name.length, ...new TextEncoder().encode(name), kind, ...leb(index)];
  const entries = [entry("rounding", 3, 0), entry("memory", 2, 0)];
  for (const [name, index] of module.exports) {
    if (isInternal(name)) continue;
    const at = indices.get(index);
    if (isTyped(module.bodies[index], module))
      entries.push(entry(`${name}_f32`, 0, at), entry(`${name}_f64`, 0, at + 1));
    else entries.push(entry(name, 0, at));
  }
  return encodeBytes(section(7, [...leb(entries.length), ...entries.flat()]));
}

/**
 * Text that compresses as well as the bytes do, which base64 does not: a byte always becomes the same characters, so that
 * repetitions stay. Bytes up to 79 are one character, as most bytes of WebAssembly are; the others have a first
 * character for their upper two bits.
 */
function encodeBytes(bytes) {
  return Array.from(bytes, (byte) =>
    byte < 80 ? String.fromCharCode(byte + 32) : String.fromCharCode(112 + (byte >> 6), 32 + (byte & 63)),
  ).join("");
}
