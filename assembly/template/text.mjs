// The compiled template as text, with places in it that src/kernel/assemble.ts fills in.
//
// A byte is one character, or two; other characters have a meaning of their own:
//
//   tF yes t( no t)   one of both, by flag F
//   w x y             instructions that every build has its own of
//   z                 which build it is
//   ~                 between parts
//
// The parts: what stands before the imports; what stands between the functions' types and their bodies; the functions. Of each
// of them: its kind, its type, its body.

import { BUILDS } from "../../src/kernel/kernel.ts";
import { COUNT, flagsOf } from "../../src/kernel/variants.ts";
import { KIND, OP, readModule } from "./read.mjs";

/** The imported globals, counted as assemble.ts does. */
const FLAGS = Object.keys(flagsOf(0, false));
const OTHER_BRANCH = "t(";
const END_OF_CHOICE = "t)";
/** The imported functions of holes.ts, with the character that stands for each. */
const HOLES = { multiplier_f32: "w", multiply_add_f32: "x", multiply_add_f64: "y" };
/** The functions of multiply-add.ts that take the places of holes, by build. */
const FILLED_IN = BUILDS.flatMap((build) => Object.keys(HOLES).map((hole) => `${build}_${hole}`));
/** Functions that are there once, once per variant, once per dtype, only where multiply-add is emulated; and those that call a variant. */
const FUNCTION = { once: 0, perVariant: 1, perDtype: 2, emulation: 3, dispatch: 4 };

const V128 = 0x7b;
const I32 = 0x7f;
/** In functions with holes, locals from here on are those of the instructions that are filled in. */
const HOLE_LOCALS = 32;
/** The size of a kernel's parts is written in three bytes. */
const LARGEST = 2 ** 21;

const UNSHARED = [0, 0];
/** A shared memory needs a maximum: 65536 pages. */
const SHARED = [3, 0, 0x80, 0x80, 4];

/** @param bytes the compiled module */
export function templateOf(bytes) {
  const module = readModule(bytes);
  const functions = arrange(module);
  const indices = newIndices(functions);
  const texts = functions.map(({ index, kind }) => {
    const { type, instructions } = module.functions[index];
    if (kind === FUNCTION.dispatch) checkDispatch(instructions);
    return encode([kind, type]) + encodeLocals(module, index) + encodeInstructions(module, indices, instructions);
  });
  const start = encode([...module.start, ...section(1, module.types)]);
  const rounding = `${encode([6, 6, 1, I32, 0, OP.i32_const])}z${encode([OP.end])}`;
  const exports = encode(section(7, exportList(module, indices)));
  const template = [start, rounding + exports, ...texts].join("~");
  check(template.length * 2 * COUNT < LARGEST, "the kernel is too large for sizes of three bytes");
  return {
    template,
    inlined: BUILDS.map((build) => Object.keys(HOLES).map((hole) => inlined(module, indices, `${build}_${hole}`))),
    unshared: memoryImport(UNSHARED),
    shared: memoryImport(SHARED),
  };
}

/**
 * The functions of the builds in their order: the variants, for float32 and then for float64, so that their indices are short;
 * what else every build has; what only the emulation needs.
 */
function arrange(module) {
  const { exports, functions } = module;
  const variants = ["update_f32", "update_f64"].map((name) => exports.get(name));
  const others = reachable(module, (name) => !isInternal(name));
  const emulation = reachable(module, (name) => name.startsWith("emulated_"));
  const filledIn = new Set(FILLED_IN.map((name) => exports.get(name)));
  const kindOf = (index) => {
    const flags = flagsIn(module, functions[index]);
    check(
      flags.every((flag) => flag === "single"),
      `flags of variants are for update_f32 and update_f64, not ${flags}`,
    );
    if (callees(module, index).some((callee) => variants.includes(callee))) return FUNCTION.dispatch;
    return flags.length > 0 ? FUNCTION.perDtype : FUNCTION.once;
  };
  return [
    ...variants.map((index) => ({ index, kind: FUNCTION.perVariant })),
    ...[...others].filter((index) => !variants.includes(index)).map((index) => ({ index, kind: kindOf(index) })),
    ...[...emulation]
      .filter((index) => !others.has(index) && !filledIn.has(index))
      .map((index) => ({ index, kind: FUNCTION.emulation })),
  ];
}

/** What the source exports for the template only. */
function isInternal(name) {
  return ["update", ...BUILDS].some((prefix) => name.startsWith(`${prefix}_`));
}

function flagsIn({ flags }, { instructions }) {
  return instructions.filter(({ op }) => op === OP.global_get).map(({ operand }) => flags[operand]);
}

/** The functions that are exported under such names, and those that they call. */
function reachable(module, isWanted) {
  const reached = new Set([...module.exports].filter(([name]) => isWanted(name)).map(([, index]) => index));
  for (const index of reached) for (const callee of callees(module, index)) reached.add(callee);
  return reached;
}

function callees({ functions, holes }, index) {
  return functions[index].instructions
    .filter(({ op, operand }) => op === OP.call && operand >= holes.length)
    .map(({ operand }) => operand - holes.length);
}

/** Where functions are in a build, the first of those that are there several times, and their kinds. */
function newIndices(functions) {
  const copies = { [FUNCTION.perVariant]: COUNT, [FUNCTION.perDtype]: 2 };
  const indices = new Map();
  let next = 0;
  for (const { index, kind } of functions) {
    indices.set(index, { at: next, kind });
    next += copies[kind] ?? 1;
  }
  return indices;
}

function exportList({ exports }, indices) {
  const entry = (name, kind, index) => [...vector(new TextEncoder().encode(name)), kind, ...leb(index)];
  const entries = [entry("rounding", KIND.global, 0), entry("memory", KIND.memory, 0)];
  for (const [name, index] of exports) {
    if (isInternal(name)) continue;
    const { at, kind } = indices.get(index);
    const names = kind === FUNCTION.perDtype ? [`${name}_f32`, `${name}_f64`] : [name];
    names.forEach((name, i) => {
      entries.push(entry(name, KIND.function, at + i));
    });
  }
  return [...leb(entries.length), ...entries.flat()];
}

/** A function's groups of locals, and those of the instructions that are filled in. */
function encodeLocals({ functions, holes, exports }, index) {
  const { locals, instructions } = functions[index];
  const groups = [...locals];
  if (instructions.some(({ op, operand }) => op === OP.call && operand < holes.length)) {
    const own = countLocals(functions[index]);
    check(own <= HOLE_LOCALS, `a function with holes has ${own} locals: raise HOLE_LOCALS`);
    const most = Math.max(...FILLED_IN.map((name) => countLocals(functions[exports.get(name)])));
    groups.push({ count: HOLE_LOCALS - own, type: I32 }, { count: most, type: V128 });
  }
  return encode([...leb(groups.length), ...groups.flatMap(({ count, type }) => [...leb(count), type])]);
}

function countLocals({ parameters, locals }) {
  return locals.reduce((sum, { count }) => sum + count, parameters);
}

function encodeInstructions({ flags, holes }, indices, instructions) {
  let text = "";
  /** Blocks that are open; of those that are chosen, whether the other branch has begun. */
  const open = [];
  for (let i = 0; i < instructions.length; i++) {
    const { op, operand, bytes } = instructions[i];
    const block = open.at(-1);
    if (op === OP.global_get) {
      const flag = FLAGS.indexOf(flags[operand]);
      check(flag >= 0, `src/kernel/variants.ts has no flag ${flags[operand]}`);
      text += `t${encode([flag])}`;
      if (instructions[i + 1].op === OP.if) {
        open.push({ chosen: true, other: false });
        i++;
      } else {
        text += encode([OP.i32_const, 1]) + OTHER_BRANCH + encode([OP.i32_const, 0]) + END_OF_CHOICE;
      }
    } else if (op === OP.call) {
      const hole = operand < holes.length;
      text += hole ? HOLES[holes[operand]] : encode([op, ...leb(indexOf(operand - holes.length, indices))]);
    } else if (op === OP.else && block?.chosen) {
      block.other = true;
      text += OTHER_BRANCH;
    } else if (op === OP.end && block?.chosen) {
      text += open.pop().other ? END_OF_CHOICE : OTHER_BRANCH + END_OF_CHOICE;
    } else {
      if (op >= OP.block && op <= OP.if) open.push({ chosen: false });
      if (op === OP.end) open.pop();
      checkBranch(op, operand, open);
      text += encode(bytes);
    }
  }
  return text;
}

/** Depths of branches count blocks, of which the chosen ones will not be there. */
function checkBranch(op, depth, open) {
  const leaves = (op === OP.br || op === OP.br_if) && open.slice(-1 - depth).some(({ chosen }) => chosen);
  check(!leaves, "a branch leaves a block that is chosen: write it without return, break and continue in there");
}

/** Where a function that is called is in every build that calls it. */
function indexOf(callee, indices) {
  const { at, kind } = indices.get(callee) ?? {};
  check(at !== undefined, "only the emulation may call functions that no export calls");
  check(
    kind !== FUNCTION.perDtype,
    "a function that depends on the dtype is called: have it inlined, or exported only",
  );
  return at;
}

/** A build's instructions for a hole: the body of its function, with its parameters and locals in those from HOLE_LOCALS on. */
function inlined(module, indices, name) {
  const { parameters, instructions } = module.functions[module.exports.get(name)];
  const body = instructions.slice(0, -1);
  const isLocal = ({ op }) => op >= OP.local_get && op <= OP.local_tee;
  checkInlined(module, name, body, body.filter(isLocal), parameters);
  const uses = (local) => body.filter((one) => isLocal(one) && one.operand === local).length;
  // Parameters that are read first, in their order, and never again, are where they are needed: on the stack.
  let ready = 0;
  while (ready < parameters && body[ready].op === OP.local_get && body[ready].operand === ready && uses(ready) === 1)
    ready++;
  const stored = Array.from({ length: parameters - ready }, (_, i) => HOLE_LOCALS + parameters - 1 - i);
  const moved = body
    .slice(ready)
    .map((one) => (isLocal(one) ? { ...one, bytes: [one.op, HOLE_LOCALS + one.operand] } : one));
  return encode(stored.flatMap((local) => [OP.local_set, local])) + encodeInstructions(module, indices, moved);
}

/** assemble.ts takes the call apart. */
function checkDispatch(instructions) {
  const [call, end] = instructions.slice(-2);
  const gets = instructions.slice(0, -2).every(({ op }) => op === OP.local_get);
  check(gets && call.op === OP.call && end.op === OP.end, "a function that calls a variant does nothing else");
}

function checkInlined({ holes }, name, body, locals, parameters) {
  check(!body.some(({ op }) => op === OP.return), `${name} returns before its end: it is written out where it is used`);
  check(!body.some(({ op, operand }) => op === OP.call && operand < holes.length), `${name} has a hole of its own`);
  // Locals begin as zeros in a function, but not every time around a loop in which it is written out.
  const written = new Set(Array.from({ length: parameters }, (_, i) => i));
  for (const { op, operand } of locals) {
    if (op !== OP.local_get) written.add(operand);
    check(written.has(operand), `${name} reads a local before it writes it`);
    check(HOLE_LOCALS + operand < 128, `${name} has too many locals`);
  }
}

/** What the source may not do fails here, not in a kernel that computes something else. */
function check(holds, message) {
  if (!holds) throw new Error(`assembly/: ${message}`);
}

function memoryImport(limits) {
  const name = (text) => vector(new TextEncoder().encode(text));
  return encode(section(2, [1, ...name("env"), ...name("memory"), KIND.memory, ...limits]));
}

function section(id, content) {
  return [id, ...vector(content)];
}

function vector(bytes) {
  return [...leb(bytes.length), ...bytes];
}

/** An unsigned LEB128. */
function leb(value) {
  return value < 128 ? [value] : [(value & 127) | 128, ...leb(value >> 7)];
}

/**
 * Text that compresses as well as the bytes do, which base64 does not: a byte always becomes the same characters, so that
 * repetitions stay. Bytes up to 79 are one character, as most bytes of WebAssembly are; the others have a first
 * character for their upper two bits.
 */
function encode(bytes) {
  return Array.from(bytes, (byte) =>
    byte < 80 ? String.fromCharCode(byte + 32) : String.fromCharCode(112 + (byte >> 6), 32 + (byte & 63)),
  ).join("");
}
