// examples/federated with a page as one of its workers: the page goes through the death of the server, and through a reload.

import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import * as assert from "uvu/assert";
import { suite } from "../harness/suite.js";
// @ts-expect-error: without types
import { chromium } from "../page/drivers/puppeteer.mjs";

const test = suite("federated");
/** A group of its own, so that all that npm starts can be ended. */
const startExample = () =>
  spawn("npm", ["run", "--silent", "example:federated", "--", "--page"], {
    detached: true,
    stdio: ["ignore", "pipe", "inherit"],
  });

if (!chromium.present() && !process.env.SGD_REQUIRE_ALL) test.skip("two processes and a page");
else {
  test("two processes and a page", async () => {
    const example = startExample();
    const ended = new Promise((resolve) => example.once("exit", resolve));
    const output = text(example.stdout);
    const driver = await chromium.launch();
    try {
      const address = await new Promise<string>((resolve, reject) => {
        example.stdout.on("data", (chunk) => {
          const [, address] = /Open (\S+)\s/.exec(String(chunk)) ?? [];
          if (address) resolve(address);
        });
        ended.then((code) => reject(new Error(`the example ended with ${code}`)));
      });
      await driver.open(address);
      const says = (what: string) => driver.until((what: string) => document.body.textContent!.includes(what), what);
      await says("step 2");
      await driver.reload();
      await says("step 80 of 80");
      await says("has ended");
      assert.match(
        await driver.text("output"),
        /^Worker [012]: step 80 of 80, loss 0\.\d{4}\. The training has ended\.$/,
      );
      assert.match(await output, "80 steps by 2 processes and a page");
      assert.match(await output, "the same parameters, bit for bit");
      assert.is(await ended, 0);
    } finally {
      await driver.close();
      if (example.exitCode === null) process.kill(-example.pid!);
    }
  });
}

test.run();
