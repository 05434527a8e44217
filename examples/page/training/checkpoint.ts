// Training as a .pt file, which PyTorch continues, and from one, which may be PyTorch's.
//
//   model           model.state_dict() of Sequential(OrderedDict(hidden=Linear(64, 24), tanh=Tanh(), output=Linear(24, 10)))
//   optimizer       optimizer.state_dict() of torch.optim.SGD
//   scheduler       scheduler.state_dict() of the class `scheduler_name`; both None without one
//   step            steps made
//   losses          the loss before each of them
//   lesson_images, lesson_labels   the visitor's drawings: uint8 tensors

import { type AnyTensorData, decodeTorch, encodeTorch, type StateDict, type TensorData } from "sgd-wasm/checkpoint";
import type { SchedulerState } from "sgd-wasm/schedule";
import { BRIGHTEST, CLASSES, PIXELS } from "../../digits/data.js";
import { LAYERS } from "../../digits/defaults.js";
import { type Lesson, SCHEDULE_NAMES, type ScheduleName } from "../protocol.js";
import type { Snapshot } from "./trainer.js";

const [INPUTS, UNITS, OUTPUTS] = LAYERS;
const MODEL = {
  "hidden.weight": [UNITS, INPUTS],
  "hidden.bias": [UNITS],
  "output.weight": [OUTPUTS, UNITS],
  "output.bias": [OUTPUTS],
};

export function toFile({ model, optimizer, schedule, step, losses, lessons }: Snapshot): Uint8Array {
  return encodeTorch({
    model,
    optimizer,
    scheduler: schedule.state,
    scheduler_name: schedule.state && schedule.name,
    step,
    losses: { dtype: "float32", shape: [losses.length], data: Float32Array.from(losses) },
    lesson_images: uint8(
      [lessons.length, PIXELS],
      lessons.flatMap(({ pixels }) => [...pixels]),
    ),
    lesson_labels: uint8(
      [lessons.length],
      lessons.map(({ label }) => label),
    ),
  });
}

/**
 * What a file says. What only the page's own files have may be missing, and so may the optimizer, as in a model's state dict;
 * then it is that of `current`.
 *
 * @throws Error, whose message is a sentence
 */
export function fromFile(bytes: Uint8Array, current: Snapshot): Snapshot {
  const file = decodeTorch(bytes);
  if (typeof file !== "object" || file === null) throw new Error("it holds no state dict");
  const model = modelFrom(file.model ?? file.model_state_dict ?? file.state_dict ?? file);
  const step = stepFrom(file);
  const losses = tensorValues(file.losses);
  return {
    model,
    optimizer: (file.optimizer ?? file.optimizer_state_dict ?? current.optimizer) as StateDict,
    schedule: scheduleFrom(file),
    step,
    losses: Array.from({ length: step }, (_, i) => losses[i] ?? Number.NaN),
    accuracies: { steps: [], values: [] },
    lessons: lessonsFrom(file),
    comparable: false,
  };
}

/** Tensors by the names used here: the file's own, or in the file's order when it calls them otherwise. */
function modelFrom(tensors: Record<string, AnyTensorData>): Record<string, TensorData> {
  const found = Object.values(tensors);
  const model: Record<string, TensorData> = {};
  for (const [i, [name, shape]] of Object.entries(MODEL).entries()) {
    const tensor = (tensors[name] ?? found[i]) as TensorData | undefined;
    if (String(tensor?.shape) !== String(shape)) {
      const got = found.map((one) => (one?.shape ? `[${one.shape}]` : typeof one)).join(", ");
      throw new Error(
        `its model is another one: this network has tensors of shapes ${Object.values(MODEL)
          .map((one) => `[${one}]`)
          .join(", ")}, the file ${got || "none"}`,
      );
    }
    model[name] = tensor!;
  }
  return model;
}

const STEPS_PER_EPOCH = 30;

function stepFrom({ step, epoch }: { step?: unknown; epoch?: unknown }): number {
  const steps = step ?? Number(epoch ?? 0) * STEPS_PER_EPOCH;
  if (!Number.isInteger(steps) || (steps as number) < 0 || (steps as number) > 1e6) {
    throw new Error(`its step must be a whole number up to a million, got ${String(steps)}`);
  }
  return steps as number;
}

/** PyTorch's schedulers do not save what they are: without a name their keys tell. */
function scheduleFrom({ scheduler, scheduler_name }: { scheduler?: SchedulerState | null; scheduler_name?: unknown }) {
  if (!scheduler) return { name: "constant" as const, state: null };
  const name = scheduler_name ?? nameByKeys(scheduler);
  if (!SCHEDULE_NAMES.includes(name as ScheduleName)) {
    throw new Error(
      `this page does not have its scheduler ${String(name)}: it has ${SCHEDULE_NAMES.slice(1).join(", ")}`,
    );
  }
  return { name: name as ScheduleName, state: scheduler };
}

function nameByKeys(scheduler: object): string {
  if ("T_max" in scheduler) return "CosineAnnealingLR";
  if ("step_size" in scheduler) return "StepLR";
  if ("start_factor" in scheduler) return "LinearLR";
  return Object.keys(scheduler).includes("gamma") && !("milestones" in scheduler) ? "ExponentialLR" : "of this kind";
}

function lessonsFrom({ lesson_images, lesson_labels }: Record<string, unknown>): Lesson[] {
  const [images, labels] = [tensorValues(lesson_images), tensorValues(lesson_labels)];
  const fits = (values: number[], most: number) => values.every((value) => value >= 0 && value <= most);
  if (images.length !== labels.length * PIXELS || !fits(images, BRIGHTEST) || !fits(labels, CLASSES - 1)) {
    throw new Error("its lessons are not images of 64 pixels from 0 to 16, each with a digit");
  }
  return labels.map((label, i) => ({
    label,
    pixels: Uint8Array.from(images.slice(i * PIXELS, (i + 1) * PIXELS)),
  }));
}

function tensorValues(tensor: unknown): number[] {
  return Array.from((tensor as TensorData | undefined)?.data ?? []);
}

function uint8(shape: number[], values: number[]): AnyTensorData {
  return { dtype: "uint8", shape, data: Uint8Array.from(values) };
}
