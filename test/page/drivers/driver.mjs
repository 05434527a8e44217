// What the tests do in a browser, whichever drives it.

const SECONDS = 60;
const POLL_MILLISECONDS = 30;

export class Driver {
  /** what went wrong in the page, as its console says */
  errors = [];

  /** Waits until the function gives something true in the page, and gives it. */
  async until(code, ...args) {
    const end = Date.now() + SECONDS * 1000;
    for (;;) {
      const value = await this.evaluate(code, ...args);
      if (value) return value;
      if (Date.now() > end) throw new Error(`${SECONDS} seconds have passed without ${code}\n${await this.state()}`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MILLISECONDS));
    }
  }

  /** The page's text, and its errors: what a failure is explained by. */
  async state() {
    return [...this.errors, await this.evaluate(() => document.body.innerText)].join("\n");
  }

  text(selector) {
    return this.evaluate((selector) => document.querySelector(selector).textContent, selector);
  }

  /** Chooses an option of a select by its value. */
  choose(selector, value) {
    return this.evaluate(
      (selector, value) => {
        const select = document.querySelector(selector);
        select.value = value;
        select.dispatchEvent(new Event("change", { bubbles: true }));
      },
      selector,
      value,
    );
  }

  focus(selector) {
    return this.evaluate((selector) => document.querySelector(selector).focus(), selector);
  }

  /** Draws strokes of points from 0 to 1 on an element, with a mouse, a finger ("touch") or a pen. */
  async draw(selector, strokes, pointer = "mouse") {
    for (const points of await this.onScreen(selector, strokes)) await this.drag(points, pointer);
  }

  /** Strokes on an element, from 0 to 1, in pixels of the window. */
  async onScreen(selector, strokes) {
    const box = await this.evaluate((selector) => {
      const element = document.querySelector(selector);
      element.scrollIntoView({ block: "center" });
      const { left, top, width, height } = element.getBoundingClientRect();
      return { left, top, width, height };
    }, selector);
    return strokes.map((stroke) =>
      stroke.map(([x, y]) => ({ x: Math.round(box.left + x * box.width), y: Math.round(box.top + y * box.height) })),
    );
  }
}
