// The drawing board under a mouse, a finger and a pen: each draws the same, and only one at a time.

import * as assert from "uvu/assert";
import { ISOLATION, servePage } from "../../../examples/page/build/serve.js";
import { suite } from "../../harness/suite.js";
import { SEVEN, Visit } from "../visit.mjs";

export function pointers(browser, { folder }) {
  const test = suite(`Pointers in ${browser.title}`);
  let site;
  let driver;
  let visit;
  let expected;

  test.before(async () => {
    site = await servePage(folder, ISOLATION);
    driver = await browser.launch();
    visit = new Visit(driver);
    await visit.open(site.url);
    await driver.evaluate(() => {
      window.pointers = [];
      const board = document.getElementById("board");
      for (const type of ["pointerdown", "pointercancel"]) {
        board.addEventListener(type, ({ pointerType }) => window.pointers.push(`${type} ${pointerType}`));
      }
    });
    await visit.draw(SEVEN);
    await visit.reading();
    expected = await visit.pixels();
  });
  test.after(async () => {
    await driver?.close();
    site?.close();
  });

  for (const pointer of browser.pointers) {
    test(`a ${pointer} draws, and moves nothing but its line`, async () => {
      await visit.clear();
      await driver.evaluate(() => window.pointers.splice(0));
      await visit.draw(SEVEN, pointer);
      await visit.reading();
      assert.equal(await driver.evaluate(() => window.pointers), [`pointerdown ${pointer}`]);
      assert.equal(await visit.pixels(), expected);
    });
  }

  // Of the drivers, Chromium's alone has two fingers.
  if (browser.pointers.includes("pen")) {
    test("a second finger draws nothing, and the board may be cleared under the first", async () => {
      await visit.clear();
      const [[first, ...others], [corner]] = await driver.onScreen("#board", [...SEVEN, [[0.95, 0.95]]]);
      const { touchscreen } = driver.page;
      const finger = await touchscreen.touchStart(first.x, first.y);
      const second = await touchscreen.touchStart(corner.x, corner.y);
      for (const { x, y } of others) {
        await finger.move(x, y);
        await second.move(corner.x - 40, corner.y);
      }
      await visit.reading();
      await second.end();
      assert.equal(await visit.pixels(), expected);
      await driver.evaluate(() => document.getElementById("clear").click());
      await finger.move(first.x, first.y);
      await finger.end();
      await driver.until(() => document.getElementById("reading").textContent === "–");
      assert.ok((await visit.pixels()).every((pixel) => pixel === 0));
      assert.equal(driver.errors, []);
    });
  }

  test.run();
}
