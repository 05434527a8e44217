// Averages bit for bit as PyTorch 1.13 and 2.14 compute them, special values among them.

import { createEngine } from "sgd-wasm";
import { AveragedModel } from "sgd-wasm/averaging";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import old from "../../fixtures/data/averaging_1.13.json.gz";
import recent from "../../fixtures/data/averaging_2.14.json.gz";
import { type HalfType, toHalves } from "../../reference/half.js";
import { sha256Of } from "../../reference/sha256.js";
import type { JsonNumber } from "../../reference/spelling.js";
import { canonicalBytes, toHex } from "../../support/bits.js";
import { record, rounding } from "../../support/context.js";
import { mulberry32, values } from "../../support/random.js";

interface Case {
  kind: "swa" | "ema" | "swa_multi" | "ema_multi";
  decay: number | null;
  dtype: "f32" | "f64" | "f16" | "bf16";
  seed: number;
  start: number;
  after: string[];
  sha256: string[];
}
interface File {
  torch: string;
  sizes: number[];
  special: JsonNumber[];
  cases: Case[];
}

const test = suite("averages against PyTorch");
const DTYPES = { f32: "float32", f64: "float64", f16: "float16", bf16: "bfloat16" } as const;
type DType = (typeof DTYPES)[keyof typeof DTYPES];

const isHalf = (dtype: DType): dtype is HalfType => dtype.endsWith("16");

/** New values of the parameters; in the sixth update the last parameter has special ones. */
function* steps({ sizes, special }: File, { decay, seed }: Case, dtype: DType): Generator<number[][]> {
  const next = mulberry32(seed);
  for (let step = 0; step <= 6; step++) {
    const drawn = sizes.map((n) => [...values(next, n, dtype === "float64" ? dtype : "float32")]);
    if (step === 6 && decay !== 0) {
      drawn.push(drawn.pop()!.map((_, i) => Number(special[(i * 5 + Math.floor(i / 14)) % 14])));
    }
    yield drawn;
  }
}

function check(file: File, one: Case): void {
  const dtype = DTYPES[one.dtype];
  const [method, formula = "single"] = one.kind.split("_") as ["swa" | "ema", "multi" | undefined];
  const [first, ...rest] = steps(file, one, dtype);
  const engine = createEngine({ rounding });
  const params = first.map((data) => engine.parameter(data.length, { dtype, data }));
  const average = new AveragedModel(params, { method, decay: one.decay ?? undefined, formula });
  average.nAveraged = one.start;
  rest.forEach((drawn, step) => {
    params.forEach(({ data }, i) => {
      data.set(isHalf(dtype) ? toHalves(drawn[i], dtype) : drawn[i]);
    });
    average.update();
    const where = `${one.kind} ${one.decay} ${one.dtype} from ${one.start}, update ${step}`;
    const all = average.params.map(({ data }) => canonicalBytes(data));
    const small = all.filter((_, i) => file.sizes[i] < 100).map(toHex);
    for (const { data } of average.params) record(`averaging/${rounding}/${where}`, data);
    // The data is that of fused multiply-add, which only "multi" has.
    if (rounding === "separate" && formula === "multi") return;
    assert.is(small.join(""), one.after[step], where);
    assert.is(sha256Of(all), one.sha256[step], where);
  });
  assert.is(average.nAveraged, one.start + 6);
}

for (const file of [old, recent] as File[]) {
  for (const kind of new Set(file.cases.map((one) => one.kind))) {
    test(`${kind} of ${file.torch}`, () => {
      // 1.13 rounds the numbers of the formulas to 16 bits first.
      const isTested = ({ dtype }: Case) => file !== (old as File) || dtype === "f32" || dtype === "f64";
      const cases = file.cases.filter((one) => one.kind === kind && isTested(one));
      assert.ok(cases.length > 0);
      for (const one of cases) check(file, one);
    });
  }
}

test.run();
