// The parts of examples/page that need no browser.

import { encodeTorch } from "sgd-wasm/checkpoint";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { fromFile, toFile } from "../../examples/page/training/checkpoint.js";
import { withLessons } from "../../examples/page/training/lessons.js";
import type { Snapshot } from "../../examples/page/training/trainer.js";
import { rasterize, type Stroke } from "../../examples/page/view/raster.js";
import { thin } from "../../examples/page/view/thin.js";

const test = suite("examples/page");

const UPRIGHT: Stroke[] = [
  [
    { x: 0.5, y: 0.125 },
    { x: 0.5, y: 0.875 },
  ],
];

test("an upright stroke fills the middle columns from top to bottom, and nothing else", () => {
  const pixels = rasterize(UPRIGHT);
  for (let row = 0; row < 8; row++) {
    const ink = [...pixels.subarray(row * 8, row * 8 + 8)];
    assert.equal([...ink.slice(0, 3), ...ink.slice(5)], [0, 0, 0, 0, 0, 0]);
    assert.ok(ink[3] >= 4 && ink[3] === ink[4], `row ${row}: ${ink}`);
  }
});

test("a digit gives the same pixels wherever and however large it is drawn", () => {
  const hook: Stroke[] = [
    [
      { x: 0.25, y: 0.25 },
      { x: 0.75, y: 0.25 },
      { x: 0.5, y: 0.75 },
    ],
    [
      { x: 0.25, y: 0.5 },
      { x: 0.75, y: 0.5 },
    ],
  ];
  const moved = hook.map((stroke) => stroke.map(({ x, y }) => ({ x: x / 4 + 0.5, y: y / 4 + 0.25 })));
  assert.equal(rasterize(moved), rasterize(hook));
});

test("a dot is a round spot in the middle, and nothing is nothing", () => {
  const pixels = rasterize([[{ x: 0.1, y: 0.9 }]]);
  const spot = [27, 28, 35, 36].map((i) => pixels[i]);
  assert.ok(spot[0] > 0 && new Set(spot).size === 1, String(spot));
  assert.is(
    pixels.reduce((sum, pixel) => sum + pixel, 0),
    4 * spot[0],
  );
  assert.equal(rasterize([]), new Uint8Array(64));
});

test("a long curve keeps the least and the greatest value of every stretch, in order", () => {
  const values = Array.from({ length: 1000 }, (_, i) => (i === 333 ? 50 : i === 334 ? -50 : i % 7));
  const kept = thin(values, 100);
  assert.ok(kept.length <= 200);
  assert.ok(kept.includes(333) && kept.includes(334));
  assert.equal(
    kept,
    [...kept].sort((a, b) => a - b),
  );
  assert.equal(thin(values, 500), [...values.keys()]);
});

test("values that are not known hide none that are", () => {
  const values = [Number.NaN, Number.NaN, 5, 1, 9, 5, Number.NaN, Number.NaN];
  assert.equal(thin(values, 1), [3, 4]);
  assert.equal(thin([], 100), []);
});

test("lessons follow the batch in turn; without them the batch stays as it is", () => {
  const batch = { images: new Float32Array(2 * 64).fill(0.5), labels: Uint8Array.of(1, 2) };
  assert.equal(withLessons(batch, [], 3), batch);
  const lessons = [7, 8, 9].map((label) => ({ label, pixels: new Uint8Array(64).fill(label) }));
  const { images, labels } = withLessons(batch, lessons, 1);
  // Ten of them, beginning with number 10 of the endless row 7, 8, 9, 7, …
  assert.equal([...labels], [1, 2, 8, 9, 7, 8, 9, 7, 8, 9, 7, 8]);
  assert.equal([...images.subarray(0, 128)], [...batch.images]);
  assert.is(images[128], 8 / 16);
  assert.is(images.length, 12 * 64);
});

const SHAPES = { "hidden.weight": [24, 64], "hidden.bias": [24], "output.weight": [10, 24], "output.bias": [10] };

function model(names = Object.keys(SHAPES)) {
  const tensors = Object.values(SHAPES).map((shape, i) => {
    const size = shape.reduce((product, n) => product * n, 1);
    return { dtype: "float32" as const, shape, data: Float32Array.from({ length: size }, (_, j) => i + j / 1024) };
  });
  return Object.fromEntries(names.map((name, i) => [name, tensors[i]]));
}

const GROUP = { lr: 0.1, momentum: 0.9, dampening: 0, weight_decay: 0, nesterov: false, maximize: false };
const SNAPSHOT: Snapshot = {
  model: model(),
  optimizer: {
    state: {},
    param_groups: [{ ...GROUP, foreach: null, differentiable: false, params: [0, 1, 2, 3] }],
  },
  schedule: { name: "constant", state: null },
  step: 2,
  losses: [2.5, 1.25],
  accuracies: { steps: [0], values: [0.1] },
  lessons: [{ label: 4, pixels: new Uint8Array(64).fill(3) }],
  comparable: true,
};

test("a file gives back what went into it", () => {
  const back = fromFile(toFile(SNAPSHOT), SNAPSHOT);
  assert.equal(toFile(back), toFile(SNAPSHOT));
  assert.equal(back.lessons, SNAPSHOT.lessons);
  assert.equal(back.losses, SNAPSHOT.losses);
  assert.is(back.comparable, false);
});

test("a model alone is enough, whatever its layers are called", () => {
  const names = ["0.weight", "0.bias", "2.weight", "2.bias"];
  for (const file of [model(names), { model: model() }, { state_dict: model(names), epoch: 3 }]) {
    const { model: loaded, optimizer, step } = fromFile(encodeTorch(file), SNAPSHOT);
    assert.equal(loaded["output.bias"].data, SNAPSHOT.model["output.bias"].data);
    assert.equal(optimizer, SNAPSHOT.optimizer);
    assert.is(step, "epoch" in file ? 90 : 0);
  }
});

test("files of other things are refused in a sentence", () => {
  const refused = (file: unknown, message: RegExp) => {
    assert.throws(
      () => fromFile(encodeTorch(file), SNAPSHOT),
      (error: Error) => message.test(error.message) || error,
    );
  };
  refused([1, 2, 3], /model is another one: .*\[24,64\].*the file number, number, number/);
  refused(null, /holds no state dict/);
  refused({ model: { "0.weight": SNAPSHOT.model["hidden.bias"] } }, /the file \[24\]/);
  refused({ model: model(), step: -1 }, /step must be a whole number up to a million, got -1/);
  refused({ model: model(), step: 1.5 }, /got 1\.5/);
  const tensor = (values: number[]) => ({ dtype: "uint8", shape: [values.length], data: Uint8Array.from(values) });
  const lessons = /lessons are not images of 64 pixels from 0 to 16, each with a digit/;
  const image = tensor(new Array(64).fill(16));
  refused({ model: model(), lesson_images: tensor([1, 2]), lesson_labels: tensor([1]) }, lessons);
  refused({ model: model(), lesson_images: image, lesson_labels: tensor([10]) }, lessons);
  refused({ model: model(), lesson_images: tensor(new Array(64).fill(17)), lesson_labels: tensor([1]) }, lessons);
  refused({ model: model(), scheduler: { max_lrs: [1] } }, /does not have its scheduler of this kind/);
  refused({ model: model(), scheduler: {}, scheduler_name: "toString" }, /does not have its scheduler toString/);
});

test.run();
