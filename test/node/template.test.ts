// What would make a wrong kernel of the compiled source is refused when the kernel is built.

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { templateOf } from "../../assembly/template/text.mjs";

const test = suite("template");

const leb = (n: number): number[] => (n < 128 ? [n] : [(n & 127) | 128, ...leb(n >> 7)]);
const vector = (items: number[][]): number[] => [...leb(items.length), ...items.flat()];
const bytes = (items: number[]): number[] => [...leb(items.length), ...items];
const name = (text: string): number[] => bytes([...new TextEncoder().encode(text)]);
const section = (id: number, content: number[]): number[] => [id, ...bytes(content)];

const I32 = 0x7f;
const V128 = 0x7b;
const END = 0x0b;
const GET = 0x20;
const SET = 0x21;
const CALL = 0x10;
const FLAG = 0x23;

/** Functions by name: a body's locals, and its instructions without the end. Those that are not given return what they get. */
interface Parts {
  functions?: Record<string, { locals?: number; code: number[] }>;
  flags?: string[];
  section?: number[];
}

const HOLES = ["multiplier_f32", "multiply_add_f32", "multiply_add_f64"];
const FILLED_IN = ["hardware", "emulated", "separate"].flatMap((build) => HOLES.map((hole) => `${build}_${hole}`));
const NAMES = ["update_f32", "update_f64", "sgd_f32", ...FILLED_IN];
/** The index of the first function that is not imported. */
const FIRST = HOLES.length;

/** A module like the compiled source: every function takes a vector and gives one. */
function moduleOf({ functions = {}, flags = ["decay", "single"], section: extra = [] }: Parts): Uint8Array {
  const names = [...NAMES, ...Object.keys(functions).filter((one) => !NAMES.includes(one))];
  const imports = [
    ...HOLES.map((hole) => [...name("inline"), ...name(hole), 0, 0]),
    ...flags.map((flag) => [...name("is"), ...name(flag), 3, I32, 0]),
    [...name("env"), ...name("memory"), 2, 0, 0],
  ];
  const bodies = names.map((one) => {
    const { locals = 0, code } = functions[one] ?? { code: [GET, 0] };
    return bytes([...vector(locals ? [[...leb(locals), V128]] : []), ...code, END]);
  });
  return Uint8Array.from([
    ...[0, 97, 115, 109, 1, 0, 0, 0],
    ...section(1, vector([[0x60, 1, V128, 1, V128]])),
    ...section(2, vector(imports)),
    ...section(3, vector(names.map(() => [0]))),
    ...section(7, vector(names.map((one, i) => [...name(one), 0, FIRST + i]))),
    ...section(10, vector(bodies)),
    ...extra,
  ]);
}

const refused = (parts: Parts, text: RegExp) => assert.throws(() => templateOf(moduleOf(parts)), text);
const decayed = (yes: number[]) => [FLAG, 0, 0x04, 0x40, ...yes, END, GET, 0];

test("a module with flags and holes becomes a template", () => {
  const code = decayed([GET, 0, CALL, 1, 0x1a]);
  const { template, inlined } = templateOf(moduleOf({ functions: { update_f32: { code } } }));
  assert.match(template, /t#/); // the flag decay is the fourth
  assert.match(template, /x/);
  assert.is(inlined.length, 3);
});

test("a branch must not leave a block that is chosen", () => {
  const inside = decayed([0x03, 0x40, 0x0c, 0, END]);
  templateOf(moduleOf({ functions: { update_f32: { code: inside } } }));
  const outside = [0x03, 0x40, ...decayed([0x0c, 1]), 0x1a, END, GET, 0];
  refused({ functions: { update_f32: { code: outside } } }, /a branch leaves a block that is chosen/);
});

test("flags must be known, and those of variants are for the update", () => {
  refused({ flags: ["decai", "single"], functions: { update_f32: { code: decayed([]) } } }, /no flag decai/);
  refused({ functions: { clamp_f32: { code: decayed([]) } } }, /flags of variants are for update_f32/);
});

test("a function that depends on the dtype must not be called", () => {
  const typed = { code: [FLAG, 1, 0x04, 0x40, END, GET, 0] };
  const call = { code: [GET, 0, CALL, FIRST + NAMES.length] };
  templateOf(moduleOf({ functions: { typed } }));
  refused({ functions: { typed, clamp_f32: call } }, /depends on the dtype is called/);
});

test("only the emulation has functions of its own", () => {
  // Exported under a name of the separate build, so that no build has it by itself.
  const helper = { code: [GET, 0] };
  const call = { code: [GET, 0, CALL, FIRST + NAMES.length] };
  refused(
    { functions: { separate_multiply_add_f64: call, separate_helper: helper } },
    /only the emulation may call functions that no export calls/,
  );
});

test("what is written out in place of a hole must not depend on being a function", () => {
  const of = (code: number[], locals = 0) => ({ functions: { emulated_multiply_add_f32: { code, locals } } });
  refused(of([GET, 0, 0x0f, GET, 0]), /returns before its end/);
  refused(of([GET, 0, CALL, 1]), /has a hole of its own/);
  templateOf(moduleOf(of([GET, 0, SET, 1, GET, 1], 1)));
  refused(of([GET, 1], 1), /reads a local before it writes it/);
});

test("a function with holes has few locals", () => {
  refused({ functions: { update_f32: { locals: 32, code: [GET, 0, CALL, 1] } } }, /33 locals: raise HOLE_LOCALS/);
});

test("what the builds would not have is refused", () => {
  refused({ section: section(8, [FIRST]) }, /a section that no build would have: 8/);
  refused({ functions: { clamp_f32: { code: [0xfe, 0, 0, 0] } } }, /an instruction that is not known here: 0xfe/);
  refused({ functions: { clamp_f32: { code: [0xfc, 10, 0, 0] } } }, /an instruction that is not known here: 0xfc/);
});

test.run();
