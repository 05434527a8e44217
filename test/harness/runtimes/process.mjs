// Child processes that never outlive the run.

import { spawn } from "node:child_process";

const running = new Set();

/** Starts a command in a process group of its own. `stop()` ends the whole group. */
export function start(command, args, options = {}) {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], ...options, detached: true });
  const process_ = { child, output: "", stop: () => stop(child) };
  running.add(child);
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text) => {
      process_.output += text;
    });
  }
  process_.ended = new Promise((resolve) => {
    child.on("error", (error) => resolve({ code: -1, error }));
    child.on("close", (code, signal) => resolve({ code: code ?? -1, signal }));
  });
  return process_;
}

/** Runs a command to its end: `{ code, output }`. Rejects when it takes longer than `seconds`. */
export async function run(command, args, { seconds, ...options }) {
  const process_ = start(command, args, options);
  try {
    const { code, error } = await within(seconds, process_.ended, () => tail(process_.output));
    if (error) throw error;
    return { code, output: process_.output };
  } finally {
    process_.stop();
  }
}

/** `promise`, or an error once `seconds` have passed. */
export async function within(seconds, promise, note = () => "") {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no result after ${seconds} seconds\n${note()}`.trim())), seconds * 1000);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The end of a long output. */
export function tail(text, length = 3000) {
  return text.length > length ? `…${text.slice(-length)}` : text;
}

function stop(child) {
  if (!running.delete(child)) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

process.on("exit", () => {
  for (const child of [...running]) stop(child);
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => process.exit(130));
