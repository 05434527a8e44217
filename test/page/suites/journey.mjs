// One visit, from the first stroke to a file: each test goes on where the one before left the page.

import { decodeTorch, encodeTorch } from "sgd-wasm/checkpoint";
import * as assert from "uvu/assert";
import { ISOLATION, servePage } from "../../../examples/page/build/serve.js";
import { suite } from "../../harness/suite.js";
import { ONE, SEVEN, Visit } from "../visit.mjs";

/** The first and the last digits of the hash that every runtime gives: see test/node/digits-example.test.ts. */
const HASH = "cb726d8f…7a744591";
const CORRECT = "274 of 297";
const LEAST_ACCURACY = 92;
/** Curves that agree differ by less than this many pixels. */
const PIXEL = 0.5;

export function journey(browser, { folder, scratch }) {
  const test = suite(`The page in ${browser.title}`);
  let site;
  let driver;
  let visit;
  let drawn;

  test.before(async () => {
    site = await servePage(folder, ISOLATION);
    driver = await browser.launch();
    visit = new Visit(driver);
  });
  test.after(async () => {
    await driver?.close();
    site?.close();
  });

  test("begins, and says which kernel runs, with how many threads, in how many bytes and how fast", async () => {
    assert.is(await visit.open(site.url), "ready");
    const processors = await driver.evaluate(() => navigator.hardwareConcurrency);
    const threads = browser.threads ? Math.min(4, processors) : 1;
    assert.match(
      await visit.kernel(),
      new RegExp(
        `^Kernel: WebAssembly SIMD, multiply-add (in hardware|emulated exactly) · ${threads} threads? · ` +
          "[\\d,]+ bytes of linear memory, [\\d,]+ in use · [\\d.]+ ns per element of a step of 1,810$",
      ),
    );
  });

  test("reads while one draws", async () => {
    await visit.draw(SEVEN);
    await visit.reading();
    const sum = (await visit.percentages()).reduce((total, percent) => total + percent, 0);
    assert.ok(Math.abs(sum - 100) <= 5, `the bars add up to ${sum} %`);
    const ink = await visit.pixels();
    assert.is(ink.length, 64);
    assert.ok(Math.max(...ink) === 16 && ink.slice(0, 8).some((pixel) => pixel > 0), "the digit fills the pixels");
  });

  test("trains 600 steps to PyTorch's accuracy and the bits of Node, along PyTorch's curve", async () => {
    await visit.trainFully();
    const verdict = await driver.until(() => document.getElementById("verdict").textContent);
    assert.ok(verdict.startsWith("Same bits") && verdict.includes(HASH) && verdict.includes(CORRECT), verdict);
    assert.ok((await visit.accuracy()) >= LEAST_ACCURACY);
    assert.is(await visit.reading(), "7");
    const [ours, pytorch] = [await visit.curve("ours"), await visit.curve("pytorch")];
    assert.is(ours.length, 600);
    assert.is(pytorch.length, 600);
    assert.is(firstDifference(ours, pytorch), -1);
  });

  test("pauses and goes on, and takes a learning rate in the middle", async () => {
    await visit.startOver();
    await visit.pace("100");
    await visit.train();
    await visit.reached(40);
    await visit.pause();
    const paused = await visit.step();
    await driver.focus("#lr");
    await driver.press("ArrowRight");
    await driver.until(() => document.getElementById("lr-value").textContent === "0.2");
    await driver.focus("#weightDecay");
    await driver.press("ArrowRight");
    await driver.until(() => document.getElementById("weightDecay-value").textContent === "1e-5");
    assert.is(await visit.step(), paused);
    const [group] = decodeTorch(await visit.save()).optimizer.param_groups;
    assert.equal([group.lr, group.weight_decay, group.momentum], [0.2, 1e-5, 0.9]);
    await visit.train();
    await visit.running();
    await driver.focus("#momentum");
    await driver.press("ArrowLeft");
    await driver.until(() => document.getElementById("momentum-value").textContent === "0.85");
    await visit.pace("");
    await visit.reached(600);
    await visit.atRest();
    const first = firstDifference(await visit.curve("ours"), await visit.curve("pytorch"));
    assert.ok(first > paused && first < paused + 30, `the curve leaves PyTorch's after step ${paused}, at ${first}`);
    assert.is(await driver.text("#verdict"), "");
    assert.ok((await visit.accuracy()) >= 85);
  });

  test("learns a drawing, and undo brings back all that was before", async () => {
    await driver.click("#defaults");
    await visit.startOver();
    await visit.trainFully();
    const verdict = await driver.until(() => document.getElementById("verdict").textContent);
    const [before, bars] = [await visit.reading(), await visit.percentages()];
    assert.is(before, "7");
    await visit.teach(2);
    await visit.reached(640);
    await visit.atRest();
    assert.is(await visit.reading(), "2");
    assert.match(await driver.text("#lessons"), /^1 drawing in the training set/);
    await driver.click("#undo");
    await driver.until(() => /^600 /.test(document.getElementById("step").textContent));
    assert.is(await visit.reading(), before);
    assert.equal(await visit.percentages(), bars);
    assert.is(await driver.until(() => document.getElementById("verdict").textContent), verdict);
    assert.is(await driver.text("#lessons"), "Undo takes back starting over.");
  });

  test("learns one's own hand: another drawing, taught and read", async () => {
    await visit.clear();
    await visit.draw(ONE);
    await visit.reading();
    await visit.teach(4);
    await visit.reached(640);
    await visit.atRest();
    assert.is(await visit.reading(), "4");
  });

  test("saves a file, and a reload goes on where the page was", async () => {
    drawn = await visit.save();
    assert.is(await visit.reload(), "ready");
    assert.is(await visit.step(), 640);
    assert.is(await visit.reading(), "4");
    assert.equal(await visit.save(), drawn);
  });

  test("loads the file that it saved", async () => {
    await visit.startOver();
    assert.not.equal(await visit.save(), drawn);
    assert.match(await visit.load(scratch, "mine.pt", drawn), /mine\.pt is loaded: training goes on at step 640/);
    assert.equal(await visit.save(), drawn);
    assert.match(await driver.text("#lessons"), /^1 drawing in the training set\. Undo takes back loading mine\.pt\./);
  });

  test("says what is wrong with a broken file, and changes nothing", async () => {
    const halved = drawn.subarray(0, drawn.length / 2);
    assert.match(await visit.load(scratch, "halved.pt", halved), /^halved\.pt was not loaded: /);
    assert.match(await visit.load(scratch, "words.pt", Buffer.from("no checkpoint")), /^words\.pt was not loaded: /);
    assert.equal(await visit.save(), drawn);
  });

  test("stops in a sentence when the loss is no number, and undo brings back what was before", async () => {
    const file = decodeTorch(drawn);
    file.optimizer.param_groups[0].lr = 1e38;
    await visit.load(scratch, "large.pt", encodeTorch(file));
    await visit.dismiss();
    await visit.train();
    assert.match(await visit.message(), /^The loss is no longer a number, so training has stopped: .*start over\.$/);
    await visit.atRest();
    assert.equal([await driver.text("#loss"), await driver.text("#reading")], ["–", "–"]);
    assert.not.match(await driver.text("#bars"), /NaN/);
    await driver.click("#undo");
    await visit.reading();
    assert.equal(await visit.save(), drawn);
    await visit.dismiss();
  });

  test("goes on training after a reload in the middle of it", async () => {
    await visit.startOver();
    await visit.pace("25");
    await visit.train();
    await visit.reached(5);
    assert.is(await visit.reload(), "ready");
    await visit.running();
    await visit.reached(10);
    await visit.pause();
  });

  test("is drawn on with the keyboard alone", async () => {
    await driver.click("#clear");
    await driver.focus("#grid [tabindex='0']");
    for (const key of ["ArrowRight", "ArrowRight", "ArrowRight", " ", "ArrowDown", " "]) await driver.press(key);
    await visit.reading();
    const inked = await driver.evaluate(() =>
      [...document.querySelectorAll("#grid [role=gridcell]")].flatMap((cell, i) =>
        cell.dataset.value === "16" ? [i] : [],
      ),
    );
    assert.equal(inked, [3, 11]);
    assert.is(
      await driver.evaluate(() => document.activeElement.getAttribute("aria-label")),
      "row 2, column 4: 16 of 16",
    );
  });

  test("has said nothing of errors in its console", () => {
    assert.equal(driver.errors, []);
  });

  test.run();
}

/** The first step at which two curves are apart, or -1. */
function firstDifference(ours, theirs) {
  return ours.findIndex(([x, y], i) => Math.abs(x - theirs[i][0]) > PIXEL || Math.abs(y - theirs[i][1]) > PIXEL);
}
