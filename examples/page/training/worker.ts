// The Worker: makes an engine, loads the digits, takes up what was kept, and trains.

import { createEngine, type Engine } from "sgd-wasm";
import { createThreadedEngine, threadsAvailable } from "sgd-wasm/threads";
import { DEFAULTS } from "../../digits/defaults.js";
import { fetchDigits, fetchFile } from "../../digits/fetch.js";
import { type Command, GUEST, type Recorded, type Report } from "../protocol.js";
import { type Expected, Session } from "./session.js";
import { Store } from "./store.js";
import { Trainer } from "./trainer.js";

/** A network as small as this one needs no more. */
const MOST_THREADS = 4;

const ANOTHER_TAB =
  "Another tab has this page open, and what it learns is kept for a reload. Save a file to keep what is learned here.";

const send = (report: Report) => postMessage(report);

async function makeEngine(): Promise<Engine> {
  if (!threadsAvailable()) return createEngine();
  const threads = Math.min(MOST_THREADS, navigator.hardwareConcurrency);
  try {
    return await createThreadedEngine({ threads });
  } catch {
    return createEngine();
  }
}

async function openStore(): Promise<Store | null> {
  try {
    return await Store.open();
  } catch (error) {
    const text =
      `This browser keeps nothing for the page (IndexedDB: ${(error as Error).message}), so a reload will start anew. ` +
      "Save a file to keep what was learned.";
    send({ type: "notice", text });
    return null;
  }
}

async function begin(): Promise<Session> {
  const [engine, digits, recorded, store] = await Promise.all([
    makeEngine(),
    fetchDigits(DEFAULTS.dtype),
    fetchFile("digits/recorded.json").then(
      (bytes) => JSON.parse(new TextDecoder().decode(bytes)) as Recorded & Expected,
    ),
    openStore(),
  ]);
  const isGuest = self.name === GUEST;
  const session = new Session(engine, new Trainer(engine, digits), isGuest ? null : store, recorded, send);
  if (store && isGuest) send({ type: "notice", text: ANOTHER_TAB });
  try {
    const kept = await store?.read();
    if (kept) session.resume(kept);
  } catch (error) {
    send({ type: "notice", text: `What the browser had kept could not be taken up (${(error as Error).message}).` });
  }
  send({ type: "ready", recorded: { torch: recorded.torch, losses: recorded.losses }, drawing: session.drawing });
  session.report();
  void session.rest();
  return session;
}

send({ type: "begun" });
const session = begin();
session.catch((error: Error) => send({ type: "fatal", text: error.message }));
addEventListener("message", async ({ data }: MessageEvent<Command>) => {
  (await session.catch(() => null))?.receive(data);
});
