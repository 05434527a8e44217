// How training goes, in numbers and sentences.

import type { Kernel, Progress, Verdict } from "../protocol.js";
import { byId, setText, setValue } from "./dom.js";

export function showFigures(progress: Progress, loss: number | undefined, accuracy: number | undefined): void {
  const { step, from, target, running, stepsPerSecond, lessons, undo, verdict } = progress;
  setText(byId("step"), `${number(step)} / ${number(target)}`);
  setText(byId("loss"), Number.isFinite(loss) ? loss!.toPrecision(3) : "–");
  setText(byId("accuracy"), accuracy === undefined ? "–" : `${(accuracy * 100).toFixed(1)} %`);
  setText(byId("rate"), stepsPerSecond > 0 ? number(Math.round(stepsPerSecond)) : "–");
  const bar = byId<HTMLProgressElement>("progress");
  bar.max = target - from;
  bar.value = step - from;
  setText(byId("train"), running ? "Pause" : step >= target ? "Train on" : step > from ? "Go on" : "Train");
  document.body.classList.toggle("running", running);
  setValue(byId<HTMLSelectElement>("pace"), String(progress.pace ?? ""));
  const button = byId<HTMLButtonElement>("undo");
  button.disabled = undo === null;
  button.title = undo === null ? "" : `Take back ${undo}`;
  setText(byId("lessons"), describeLessons(lessons, undo));
  showVerdict(verdict);
}

export function describeKernel({ info, memory, parameters, nanoseconds }: Kernel): string {
  const { fma, threads, allocatedBytes } = info;
  const kernel = {
    hardware: "multiply-add in hardware",
    emulated: "multiply-add emulated exactly",
    none: "multiply and add apart",
  }[fma];
  return [
    `Kernel: WebAssembly SIMD, ${kernel}`,
    `${threads} ${threads === 1 ? "thread" : "threads"}`,
    `${number(memory)} bytes of linear memory, ${number(allocatedBytes)} in use`,
    `${nanoseconds.toPrecision(2)} ns per element of a step of ${number(parameters)}`,
  ].join(" · ");
}

function describeLessons(lessons: number, undo: string | null): string {
  const learned = lessons === 0 ? "" : `${lessons} ${lessons === 1 ? "drawing" : "drawings"} in the training set. `;
  return learned + (undo === null ? "" : `Undo takes back ${undo}.`);
}

function showVerdict(verdict: Verdict | null): void {
  const target = byId<HTMLElement>("verdict");
  target.classList.toggle("same", verdict !== null && verdict.hash === verdict.expected);
  setText(target, verdict ? describeVerdict(verdict) : "");
}

function describeVerdict({ hash, expected, node, correct, recorded, tested }: Verdict): string {
  const score = `${correct} of ${tested} unseen digits read right; PyTorch: ${recorded}. `;
  if (hash === "") return `${score}Over https the page would also compare the bits with Node’s.`;
  if (hash === expected)
    return `Same bits: the SHA-256 of all parameters, ${shorten(hash)}, is that of Node ${node}. ${score}`;
  return `Other bits: the SHA-256 of all parameters is ${shorten(hash)}, Node ${node} gave ${shorten(expected)}. ${score}`;
}

function shorten(hash: string): string {
  return `${hash.slice(0, 8)}…${hash.slice(-8)}`;
}

function number(value: number): string {
  return value.toLocaleString("en-US");
}
