/// <reference lib="esnext.disposable" preserve="true" />

// Averages of parameters over a training: AveragedModel of torch.optim.swa_utils.

import { checkKeys, checkNumber, checkOneOf } from "../common/checks.js";
import { ELEMENT_BYTES } from "../common/dtype.js";
import { writeTensor } from "../common/elements.js";
import { present, summaryOf } from "../common/present.js";
import type { AnyParameter } from "../parameter.js";
import { type ListedParameter, listParameters } from "../parameter-list.js";
import { type Formula, type Method, ruleOf } from "./rule.js";
import { type Pair, spansOf } from "./span.js";
import { type AveragedModelState, checkState, saveState } from "./state.js";

export type { Formula, Method } from "./rule.js";
export type { AveragedModelState } from "./state.js";

/** Options of `new AveragedModel`. */
export interface AveragedModelOptions {
  /** `"swa"` (default): the mean of all values that were taken in; `"ema"`: older ones count less and less */
  method?: Method;
  /** for `"ema"`: what the average is multiplied by, from 0 to 1; default 0.999 */
  decay?: number;
  /**
   * The bits of PyTorch's `avg_fn` (`"single"`) or `multi_avg_fn` (`"multi"`, a linear interpolation with one multiply-add);
   * default: `"single"` for `"swa"`, `"multi"` for `"ema"`
   */
  formula?: Formula;
}

const DEFAULTS = { method: "swa", decay: 0.999, formula: undefined } as const;

/** Parameters of a model, with or without names. */
export type Averaged<P extends AnyParameter> =
  | P
  | Iterable<P>
  | Iterable<readonly [name: string, parameter: P]>
  | { readonly [name: string]: P };

/**
 * An average of parameters over a training, which often generalizes better than the last values: stochastic weight averaging
 * (Izmailov et al., "Averaging Weights Leads to Wider Optima and Better Generalization", 2018), or an exponential moving average.
 *
 * The average takes as much memory as the parameters.
 *
 * @example
 * ```ts
 * const average = new AveragedModel(params, { method: "ema", decay: 0.999 });
 * optimizer.step();
 * average.update(); // after every step
 * average.swap();   // evaluate with the averages in the place of the parameters
 * average.swap();
 * ```
 */
export class AveragedModel<P extends AnyParameter = AnyParameter> {
  /** the averages, in the order of the parameters and with their names */
  readonly params: readonly P[];
  /** how often values were taken in */
  nAveraged = 0;
  readonly #pairs: readonly Pair[];
  readonly #method: Method;
  readonly #decay: number;
  readonly #formula: Formula;
  #swapped = false;

  /**
   * The averages start as copies, which do not count: the first `update` replaces them.
   *
   * @param params parameters, or parameters by name; one that comes twice has one average
   * @throws RangeError for a decay that is not from 0 to 1, or when memory runs out; TypeError for anything but a parameter
   */
  constructor(params: Averaged<P>, options: AveragedModelOptions = {}) {
    checkKeys(options, Object.keys(DEFAULTS), "AveragedModel");
    const { method = DEFAULTS.method, decay = DEFAULTS.decay, formula } = options;
    checkOneOf("method", method, ["swa", "ema"]);
    this.#method = method;
    this.#formula = formula ?? (method === "swa" ? "single" : "multi");
    checkOneOf("formula", this.#formula, ["single", "multi"]);
    checkNumber("decay", decay);
    if (!(decay >= 0 && decay <= 1)) {
      throw new RangeError(`Invalid decay value ${decay} provided. Please provide a value in [0,1] range.`);
    }
    this.#decay = decay;
    this.#pairs = copyAll(listParameters(params));
    this.params = this.#pairs.map(({ average }) => average as P);
    present(this, [], () => this.#summary());
  }

  /**
   * Takes the parameters' values into the averages: one pass of the kernel per span of adjacent ones.
   *
   * @throws Error, with nothing changed, while averages and parameters are swapped, or when a parameter was disposed
   */
  update(): void {
    this.#checkAlive();
    if (this.#swapped) throw new Error("update() while averages and parameters are swapped: call swap() first");
    if (this.nAveraged === 0) {
      for (const { live, average } of this.#pairs) average.data.set(live.data as never);
    } else {
      for (const { engine, dtype, live, average, size } of spansOf(this.#pairs)) {
        const { rule, first, second } = ruleOf(this.#method, this.#formula, dtype, this.nAveraged, this.#decay);
        engine.kernel[dtype].average(rule, average, live, size, first, second);
      }
    }
    this.nAveraged += 1;
  }

  /**
   * Exchanges the values of averages and parameters, to evaluate the averages in the parameters' place. A second call takes
   * everything back; there is no `update` until then.
   */
  swap(): void {
    this.#checkAlive();
    for (const { engine, dtype, live, average, size } of spansOf(this.#pairs)) {
      engine.kernel.swap(live, average, size * ELEMENT_BYTES[dtype]);
    }
    this.#swapped = !this.#swapped;
  }

  /**
   * A snapshot that `AveragedModel.load_state_dict` takes for a model with these names: `n_averaged`, and the averages by name
   * behind `module.`. Parameters without a name go by their position.
   *
   * @throws TypeError when two parameters have the same name
   */
  stateDict(): AveragedModelState {
    this.#checkAlive();
    return saveState(
      this.nAveraged,
      this.#named(({ live, average }) => (this.#swapped ? live : average)),
    );
  }

  /**
   * Takes over a state dict, also one of a torch checkpoint; what else is in it, such as running statistics, is left out. Values are
   * rounded to the averages' dtype.
   *
   * @throws Error, with nothing changed, when an average is missing or has another shape, or while swapped; TypeError when two have the same name
   */
  loadStateDict(dict: AveragedModelState): void {
    this.#checkAlive();
    if (this.#swapped) throw new Error("loadStateDict() while averages and parameters are swapped: call swap() first");
    const { nAveraged, tensors } = checkState(
      dict,
      this.#named(({ average }) => average),
    );
    for (const [average, tensor] of tensors) writeTensor(average.data, average.dtype, tensor);
    this.nAveraged = nAveraged;
  }

  /** Frees the averages. The parameters stay as they are. */
  dispose(): void {
    for (const average of this.params) average.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #summary(): string {
    const { nAveraged, params } = this;
    const options = {
      method: this.#method,
      ...(this.#method === "ema" && { decay: this.#decay }),
      formula: this.#formula,
    };
    return summaryOf("AveragedModel", { ...options, nAveraged, swapped: this.#swapped, parameters: params.length });
  }

  #named(side: (pair: Pair) => AnyParameter): Map<string, AnyParameter> {
    const named = new Map<string, AnyParameter>();
    this.#pairs.forEach((pair, i) => {
      const name = pair.average.name ?? String(i);
      if (named.has(name)) {
        throw new TypeError(
          `two parameters are called "${name}": a state dict needs new AveragedModel({ name: parameter, … })`,
        );
      }
      named.set(name, side(pair));
    });
    return named;
  }

  #checkAlive(): void {
    for (const { live, average } of this.#pairs) {
      live.checkAlive();
      average.checkAlive();
    }
  }
}

/** A copy of each parameter; none is left when memory runs out. */
function copyAll(listed: readonly ListedParameter[]): Pair[] {
  const pairs = new Map<AnyParameter, Pair>();
  try {
    for (const { parameter: live, name } of listed) {
      if (!pairs.has(live)) pairs.set(live, { live, average: live.copy(name) });
    }
  } catch (error) {
    for (const { average } of pairs.values()) average.dispose();
    throw error;
  }
  return [...pairs.values()];
}
