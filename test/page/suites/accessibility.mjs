// What axe-core finds, in every state, both themes and from a telephone to a wide screen; and that motion can be done without.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import * as assert from "uvu/assert";
import { ISOLATION, servePage } from "../../../examples/page/build/serve.js";
import { suite } from "../../harness/suite.js";
import { SEVEN, Visit } from "../visit.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const WIDTHS = [360, 1280, 1920];

export function accessibility(browser, { folder, scratch }) {
  const test = suite("Accessibility");
  let site;
  let driver;
  let visit;

  test.before(async () => {
    site = await servePage(folder, ISOLATION);
    driver = await browser.launch();
    visit = new Visit(driver);
    await visit.open(site.url);
    // Outside of the page's policy, as extensions are.
    await driver.page.evaluate(AXE);
  });
  test.after(async () => {
    await driver?.close();
    site?.close();
  });

  const look = async (features, width = 1280) => {
    await driver.page.emulateMediaFeatures(Object.entries(features).map(([name, value]) => ({ name, value })));
    await driver.page.setViewport({ width, height: 900 });
  };

  /** Violations in both themes, at every width. */
  const audit = async () => {
    const found = [];
    for (const scheme of ["light", "dark"]) {
      for (const width of WIDTHS) {
        // Without motion nothing is between two colours.
        await look({ "prefers-color-scheme": scheme, "prefers-reduced-motion": "reduce" }, width);
        const violations = await driver.evaluate(async (tags) => {
          const results = await axe.run(document, { runOnly: { type: "tag", values: tags } });
          return results.violations.flatMap(({ id, nodes }) =>
            nodes.map((node) => `${id}: ${node.target} ${node.failureSummary}`),
          );
        }, RULES);
        found.push(...violations.map((violation) => `${scheme}, ${width}: ${violation}`));
        const [needed, available] = await driver.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
        if (needed > available) found.push(`${scheme}, ${width}: ${needed} pixels wide`);
      }
    }
    return found;
  };

  test("nothing to find at the start", async () => {
    assert.equal(await audit(), []);
  });

  test("nothing to find when it is drawn on, trained and taught", async () => {
    await look({});
    await visit.draw(SEVEN);
    await visit.trainFully();
    await driver.until(() => document.getElementById("verdict").textContent);
    assert.equal(await audit(), []);
    await look({});
    await visit.teach(3);
    await visit.reached(640);
    await visit.atRest();
    assert.equal(await audit(), []);
  });

  test("nothing to find in messages", async () => {
    await visit.load(scratch, "broken.pt", Buffer.from("broken"));
    await driver.evaluate(() => document.querySelector("#save").click());
    await driver.until(() => document.querySelectorAll(".notice").length === 2);
    assert.equal(await audit(), []);
  });

  test("every control is reached and named by the keyboard", async () => {
    await look({});
    await driver.evaluate(() => document.activeElement.blur());
    const reached = new Set();
    for (let i = 0; i < 60; i++) {
      await driver.press("Tab");
      const id = await driver.evaluate(
        () => document.activeElement.id || document.activeElement.getAttribute("aria-label"),
      );
      reached.add(id);
    }
    const controls = [
      "clear",
      "example",
      "undo",
      "train",
      "restart",
      "pace",
      "lr",
      "momentum",
      "weightDecay",
      "schedule",
      "nesterov",
      "defaults",
      "save",
      "load",
    ];
    assert.equal(
      controls.filter((id) => !reached.has(id)),
      [],
    );
    assert.ok(
      reached.has("Teach that this is a 9") && [...reached].some((name) => name?.startsWith("row 1, column 1")),
    );
  });

  test("nothing moves by itself where motion is reduced", async () => {
    await look({ "prefers-reduced-motion": "reduce" });
    const moving = await driver.evaluate(
      () =>
        [...document.querySelectorAll("*")].filter((each) => /[1-9]/.test(getComputedStyle(each).transitionDuration))
          .length,
    );
    assert.is(moving, 0);
    await look({});
  });

  test.run();
}
