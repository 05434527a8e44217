// The settings: each acts on the parameter group as soon as it is changed.

import { DEFAULTS } from "../../digits/defaults.js";
import type { ScheduleName, Settings } from "../protocol.js";
import { byId, setText, setValue } from "./dom.js";

/** The values that each slider stops at. */
const STOPS = {
  lr: [0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2],
  momentum: [0, 0.5, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99],
  weightDecay: [0, 1e-5, 1e-4, 2e-4, 5e-4, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1],
} as const;

const { lr, momentum, nesterov, weightDecay } = DEFAULTS;
const INITIAL: Settings = { lr, momentum, nesterov, weightDecay, schedule: "constant" };

type Slider = keyof typeof STOPS;
const SLIDERS = Object.keys(STOPS) as Slider[];

export class SettingsForm {
  readonly #nesterov = byId<HTMLInputElement>("nesterov");
  readonly #schedule = byId<HTMLSelectElement>("schedule");

  constructor(private readonly changed: (settings: Partial<Settings>) => void) {
    for (const name of SLIDERS) {
      const slider = byId<HTMLInputElement>(name);
      slider.max = String(STOPS[name].length - 1);
      slider.addEventListener("input", () => this.changed({ [name]: STOPS[name][slider.valueAsNumber] }));
    }
    this.#nesterov.addEventListener("change", () => this.changed({ nesterov: this.#nesterov.checked }));
    this.#schedule.addEventListener("change", () => this.changed({ schedule: this.#schedule.value as ScheduleName }));
    byId("defaults").addEventListener("click", () => this.changed(INITIAL));
    byId("settings").addEventListener("submit", (event) => event.preventDefault());
    this.show(INITIAL);
  }

  /** Shows what is in force: schedules change it, and files bring values that no slider has. */
  show(settings: Settings): void {
    for (const name of SLIDERS) {
      const text = readable(settings[name]);
      setText(byId(`${name}-value`), text);
      const slider = byId<HTMLInputElement>(name);
      setValue(slider, String(nearest(STOPS[name], settings[name])));
      slider.setAttribute("aria-valuetext", text);
    }
    this.#nesterov.checked = settings.nesterov;
    setValue(this.#schedule, settings.schedule);
  }
}

/** The index of the stop that is closest to a value; of the last, when all are infinitely far. */
function nearest(stops: readonly number[], value: number): number {
  const distances = stops.map((stop) => Math.abs(stop - value));
  return distances.lastIndexOf(Math.min(...distances));
}

function readable(value: number): string {
  return value !== 0 && Math.abs(value) < 1e-4 ? value.toExponential(0) : String(Number(value.toPrecision(3)));
}
