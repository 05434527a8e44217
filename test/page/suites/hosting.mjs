// Hosts, policies and browsers that give less: what still works does, and what does not is a sentence.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { sizeOf } from "../../../examples/page/build/build.js";
import { ISOLATION, servePage } from "../../../examples/page/build/serve.js";
import { suite } from "../../harness/suite.js";
import { Visit } from "../visit.mjs";

/** For all of the page's responses, Workers included: files of its own, no blob: and no inline script. */
const STRICT =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'";
const NO_WASM = STRICT.replace(" 'wasm-unsafe-eval'", "");
/** Of all that is loaded beside the images, compressed, as hosts send it. */
const MOST_BYTES = 120_000;

export function hosting(browser, { folder, files }) {
  const test = suite(`Hosting for ${browser.title}`);
  let driver;
  let visit;

  /** Does something with the page as it is served with `headers`, from an origin of its own. */
  const served = async (headers, act) => {
    const site = await servePage(folder, headers);
    try {
      await act(site);
    } finally {
      site.close();
    }
  };

  test.before(async () => {
    driver = await browser.launch();
    visit = new Visit(driver);
  });
  test.after(() => driver?.close());

  test("trains on one thread without isolation headers, to the same bits", () =>
    served({}, async ({ url }) => {
      assert.is(await visit.open(url), "ready");
      assert.match(await visit.kernel(), / · 1 thread · /);
      await visit.trainFully();
      assert.match(await driver.until(() => document.getElementById("verdict").textContent), /^Same bits/);
    }));

  test("runs under a strict policy that holds for its Workers as well, with threads from a file", () =>
    served({ ...ISOLATION, "Content-Security-Policy": STRICT }, async ({ url }) => {
      assert.is(await visit.open(url), "ready");
      const processors = await driver.evaluate(() => navigator.hardwareConcurrency);
      const threads = browser.threads ? Math.min(4, processors) : 1;
      assert.match(await visit.kernel(), new RegExp(` · ${threads} threads? · `));
    }));

  test("says that it cannot train where WebAssembly is refused", () =>
    served({ "Content-Security-Policy": NO_WASM }, async ({ url }) => {
      assert.is(await visit.open(url), "failed");
      assert.match(await visit.message(), /^This page cannot train here: .*WebAssembly/s);
      assert.ok(await driver.evaluate(() => document.querySelector("main").inert));
    }));

  test("works offline once it was loaded", () =>
    served(ISOLATION, async (site) => {
      await visit.open(site.url);
      await driver.until(() => navigator.serviceWorker.ready.then(({ active }) => active.state === "activated"));
      await driver.until(() => navigator.serviceWorker.controller !== null);
      site.close();
      assert.is(await visit.reload(), "ready");
      await visit.trainFully();
      assert.match(await driver.until(() => document.getElementById("verdict").textContent), /^Same bits/);
    }));

  if (browser.tabs) {
    test("what a second tab learns takes nothing from the first", () =>
      served(ISOLATION, async ({ url }) => {
        await visit.open(url);
        await visit.trainFully();
        const second = new Visit(await driver.another());
        await second.open(url);
        assert.match(await second.message(), /^Another tab has this page open, and what it learns is kept/);
        assert.is(await second.step(), 600);
        await second.startOver();
        await second.driver.page.close();
        assert.is(await visit.reload(), "ready");
        assert.is(await visit.step(), 600);
        assert.is(await driver.evaluate(() => document.querySelectorAll(".notice").length), 0);
      }));
  }

  if (browser.launchBlocked) {
    test("trains where the browser keeps nothing, and says so", () =>
      served(ISOLATION, async ({ url }) => {
        const blocked = await browser.launchBlocked();
        try {
          const guest = new Visit(blocked);
          assert.is(await guest.open(url), "ready");
          assert.match(await guest.message(), /keeps nothing for the page \(IndexedDB: .*a reload will start anew/);
          await guest.trainFully();
        } finally {
          await blocked.close();
        }
      }));
  }

  test("loads few bytes, and nothing from elsewhere", () => {
    const { compressed } = sizeOf(folder, files);
    assert.ok(compressed <= MOST_BYTES, `${compressed} bytes`);
    for (const name of files.filter((name) => /\.(html|css|js)$/.test(name))) {
      const addresses = readFileSync(join(folder, name), "utf8").match(/\bhttps?:\/\/[\w.-]+/g) ?? [];
      assert.equal(
        addresses.filter((address) => !/w3\.org|pytorch\.org/.test(address)),
        [],
        name,
      );
    }
  });

  test.run();
}
