// The page: puts its parts together and speaks with the Worker.

import { type Command, type Handlers, handle, type Report } from "./protocol.js";
import { Bars } from "./view/bars.js";
import { Board } from "./view/board.js";
import { Client } from "./view/client.js";
import { Curves } from "./view/curves.js";
import { byId, element, setText } from "./view/dom.js";
import { describeKernel, showFigures } from "./view/figures.js";
import { Grid } from "./view/grid.js";
import { notify } from "./view/notices.js";
import { SettingsForm } from "./view/settings.js";

const FILE_NAME = "digits.pt";
const LARGEST_FILE = 50e6;

const send = (command: Command) => client.send(command);

const board = new Board((pixels) => draw(pixels));
const grid = new Grid((pixels) => {
  board.show(pixels);
  draw(board.pixels);
});
const bars = new Bars();
const curves = new Curves();
const settings = new SettingsForm((changed) => send({ type: "settings", settings: changed }));
let running = false;

/** Tells the other views and the Worker what is on the board now. */
function draw(pixels: Uint8Array | null): void {
  setText(byId("truth"), "");
  grid.show(pixels);
  send({ type: "draw", pixels });
}

function show(pixels: Uint8Array | null): void {
  board.show(pixels);
  draw(board.pixels);
}

const reports: Handlers<Report> = {
  begun() {},
  ready({ recorded, drawing }) {
    curves.record(recorded);
    board.show(drawing);
    grid.show(drawing);
    for (const id of ["train", "restart", "save"]) byId<HTMLButtonElement>(id).disabled = false;
    document.body.dataset.state = "ready";
  },
  kernel: ({ kernel }) => setText(byId("kernel"), describeKernel(kernel)),
  progress({ progress }) {
    running = progress.running;
    curves.show(progress);
    showFigures(progress, curves.loss, curves.accuracy);
    settings.show(progress.settings);
    bars.show(progress.prediction);
  },
  example({ pixels, label }) {
    show(pixels);
    setText(byId("truth"), `written as a ${label}`);
  },
  file: ({ bytes }) => offer(bytes),
  notice: ({ text }) => notify(text),
  error: ({ text }) => notify(text, "error"),
  fatal: ({ text }) => stop(`This page cannot train here: ${text}`),
};

const client = new Client((report) => handle(reports, report), stop);

function stop(text: string): void {
  notify(text, "error");
  setText(byId("kernel"), "No kernel is running.");
  document.querySelector("main")!.inert = true;
  document.body.dataset.state = "failed";
}

/** Hands a file to the visitor. */
function offer(bytes: Uint8Array): void {
  const url = URL.createObjectURL(new Blob([bytes as BlobPart], { type: "application/octet-stream" }));
  const link = element("a", { href: url, download: FILE_NAME });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
  notify(`${FILE_NAME} is saved: torch.load reads it, and so does this page.`);
}

async function load(file: File): Promise<void> {
  if (file.size > LARGEST_FILE)
    notify(`${file.name} was not loaded: it has ${file.size} bytes, of at most ${LARGEST_FILE}.`, "error");
  else send({ type: "load", name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) });
}

function teach(label: number): void {
  const { pixels } = board;
  if (!pixels) notify("Draw a digit first, then say which one it is.");
  else send({ type: "teach", lesson: { pixels, label } });
}

const onClick = (id: string, act: () => void) => byId(id).addEventListener("click", act);
onClick("train", () => send({ type: running ? "pause" : "train" }));
onClick("restart", () => send({ type: "restart" }));
onClick("undo", () => send({ type: "undo" }));
onClick("save", () => send({ type: "save" }));
onClick("example", () => send({ type: "example" }));
onClick("clear", () => show(null));
for (let label = 0; label < 10; label++) {
  const button = element("button", { type: "button", "aria-label": `Teach that this is a ${label}` }, String(label));
  button.addEventListener("click", () => teach(label));
  byId("labels").append(button);
}
const pace = byId<HTMLSelectElement>("pace");
pace.addEventListener("change", () => send({ type: "pace", pace: pace.value === "" ? null : Number(pace.value) }));
const input = byId<HTMLInputElement>("load");
input.addEventListener("change", async () => {
  const [file] = input.files ?? [];
  if (file) await load(file);
  // So that the same file can be chosen again.
  input.value = "";
});
addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") send({ type: "keep" });
});

// Without https or localhost there is no service worker, and the page works only online.
navigator.serviceWorker?.register("service-worker.js").catch(() => {});
