// The file that the page saves, continued by PyTorch; and PyTorch's, continued by the page.

import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decodeTorch } from "sgd-wasm/checkpoint";
import * as assert from "uvu/assert";
import { ISOLATION, servePage } from "../../../examples/page/build/serve.js";
import { suite } from "../../harness/suite.js";
import { Visit } from "../visit.mjs";

const PYTHON = "/usr/bin/python3";
const SCRIPT = fileURLToPath(new URL("../continue.py", import.meta.url));
const STEPS = 60;
/** Sums in another order differ in their last bit, and training carries that on: measured 4e-8. */
const TOLERANCE = 1e-6;

export function pytorch(browser, { folder, scratch }) {
  const test = suite("PyTorch");
  const ours = join(scratch, "ours.pt");
  const theirs = join(scratch, "theirs.pt");
  let site;
  let driver;
  let visit;
  let result;

  test.before(async () => {
    site = await servePage(folder, ISOLATION);
    driver = await browser.launch();
    visit = new Visit(driver);
    await visit.open(site.url);
  });
  test.after(async () => {
    await driver?.close();
    site?.close();
  });

  test("PyTorch opens a file of the page, its model, optimizer and schedule, and trains on as the page does", async () => {
    await driver.choose("#schedule", "CosineAnnealingLR");
    await driver.click("#nesterov");
    await driver.until(() => document.getElementById("nesterov").checked);
    await visit.pace("100");
    await visit.train();
    await visit.reached(60);
    await visit.pause();
    const step = await visit.step();
    writeFileSync(ours, await visit.save());
    result = JSON.parse(python(ours, theirs, STEPS));
    assert.is(result.step, step);
    await visit.pace("");
    await visit.train();
    await visit.reached(600);
    await visit.atRest();
    const { losses } = decodeTorch(await visit.save());
    const here = Array.from(losses.data.subarray(step, step + STEPS));
    assert.is(here.length, result.losses.length);
    const distance = Math.max(...here.map((loss, i) => Math.abs(loss - result.losses[i])));
    assert.ok(distance <= TOLERANCE, `losses up to ${distance} apart`);
  });

  test("the page opens PyTorch's file, and goes on with its step, options and schedule", async () => {
    const { step, lr } = result;
    const loaded = await visit.load(scratch, "theirs.pt", readFileSync(theirs));
    assert.match(loaded, new RegExp(`theirs\\.pt is loaded: training goes on at step ${step + STEPS}\\.`));
    const { optimizer, scheduler, scheduler_name } = decodeTorch(await visit.save());
    assert.is(optimizer.param_groups[0].lr, lr);
    assert.is(optimizer.param_groups[0].nesterov, true);
    assert.is(scheduler.last_epoch, step + STEPS);
    assert.is(scheduler_name, "CosineAnnealingLR");
    await visit.trainFully();
    assert.ok((await visit.accuracy()) >= 90);
  });

  test.run();
}

function python(...args) {
  const { status, stdout, stderr, error } = spawnSync(PYTHON, [SCRIPT, ...args.map(String)], { encoding: "utf8" });
  if (status !== 0) throw error ?? new Error(`${SCRIPT} ended with ${status}\n${stderr}`);
  return stdout;
}
