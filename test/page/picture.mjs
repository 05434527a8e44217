// `npm run page:picture` writes docs/page.png: the page in Chromium while it trains. It looks best where the font Inter is
// installed (Debian's fonts-inter), which the page takes first.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildPage } from "../../examples/page/build/build.js";
import { ISOLATION, servePage } from "../../examples/page/build/serve.js";
import { chromium } from "./drivers/puppeteer.mjs";
import { Visit } from "./visit.mjs";

const PICTURE = "docs/page.png";
const WIDTH = 1180;
/** Below the last card that is in the picture. */
const MARGIN = 16;
const STEP = 420;
/** A digit in one stroke: the points that a smooth line goes through. */
const FIVE = [
  [0.68, 0.17],
  [0.4, 0.18],
  [0.36, 0.3],
  [0.34, 0.45],
  [0.48, 0.41],
  [0.62, 0.47],
  [0.67, 0.62],
  [0.6, 0.77],
  [0.46, 0.84],
  [0.31, 0.77],
];

/** A curve through the points (Catmull-Rom), as a hand would draw it. */
function smooth(points, parts = 8) {
  return points.slice(0, -1).flatMap((point, i) => {
    const [before, next, after] = [points[i - 1] ?? point, points[i + 1], points[i + 2] ?? points[i + 1]];
    return Array.from({ length: parts }, (_, part) => {
      const t = part / parts;
      const along = (k) =>
        point[k] +
        (t / 2) *
          (next[k] -
            before[k] +
            t * (2 * before[k] - 5 * point[k] + 4 * next[k] - after[k]) +
            t * t * (3 * (point[k] - next[k]) + after[k] - before[k]));
      return [along(0), along(1)];
    });
  });
}

const folder = mkdtempSync(join(tmpdir(), "sgd-wasm-picture-"));
await buildPage(folder);
const site = await servePage(folder, ISOLATION);
const driver = await chromium.launch();
try {
  await driver.page.setViewport({ width: WIDTH, height: 900 });
  const visit = new Visit(driver);
  await visit.open(site.url);
  await visit.draw([smooth(FIVE)]);
  await visit.pace("100");
  await visit.train();
  await visit.reached(STEP);
  await driver.page.mouse.move(0, 0);
  const bottom = await driver.evaluate(() => document.querySelector(".training").getBoundingClientRect().bottom);
  const clip = { x: 0, y: 0, width: WIDTH, height: Math.round(bottom) + MARGIN };
  await driver.page.screenshot({ path: PICTURE, clip, captureBeyondViewport: true });
  console.log(`${PICTURE}, at step ${await visit.step()}`);
} finally {
  await driver.close();
  site.close();
  rmSync(folder, { recursive: true });
}
