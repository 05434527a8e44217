// How training goes: a bar that is redrawn in place on a terminal, plain lines elsewhere.

const BAR_WIDTH = 30;
const REDRAW_MILLISECONDS = 50;
const LINE_EVERY = 100;

export interface Progress {
  /** A step was made; `loss` is the one before it. */
  update(done: number, loss: number): void;
}

export function showProgress(total: number, quiet: boolean): Progress {
  if (quiet) return { update() {} };
  return isInteractive() ? redrawnBar(total) : plainLines(total);
}

function isInteractive(): boolean {
  const { NO_COLOR, CI, TERM } = process.env;
  return process.stdout.isTTY === true && !NO_COLOR && !CI && TERM !== "dumb";
}

function redrawnBar(total: number): Progress {
  const rate = rateMeter();
  let drawn = 0;
  return {
    update(done, loss) {
      if (done < total && performance.now() - drawn < REDRAW_MILLISECONDS) return;
      drawn = performance.now();
      const filled = Math.round((done / total) * BAR_WIDTH);
      const bar = "█".repeat(filled) + "░".repeat(BAR_WIDTH - filled);
      // A carriage return to the start of the line, and "erase to its end" after it: nothing of a longer line stays.
      process.stdout.write(`\r${bar} ${describe(done, total, loss, rate(done))}\x1b[K${done === total ? "\n" : ""}`);
    },
  };
}

function plainLines(total: number): Progress {
  const rate = rateMeter();
  return {
    update(done, loss) {
      if (done % LINE_EVERY === 0 || done === total) console.log(describe(done, total, loss, rate(done)));
    },
  };
}

function describe(done: number, total: number, loss: number, rate: number): string {
  const width = String(total).length;
  return `${String(done).padStart(width)}/${total}  loss ${loss.toFixed(4)}  ${rate.toFixed(0)} steps/s`;
}

/** Steps per second since now. */
function rateMeter(): (done: number) => number {
  const start = performance.now();
  return (done) => done / ((performance.now() - start) / 1000);
}
