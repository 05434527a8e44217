// The class of optimizers: a tf.Optimizer whose work an SGD does.

import type { SGD } from "../sgd.js";
import { type Config, fromConfig, toConfig } from "./config.js";
import { checkWeights } from "./momentum.js";
import type { TfjsOptions } from "./options.js";
import { type Gradients, pairsOf } from "./pairs.js";
import { Training } from "./training.js";
import type { NamedTensor, Optimizer, Tf } from "./types.js";

/** What the optimizer has besides the members of `tf.Optimizer`. */
export interface TorchSGD {
  /** the SGD inside: options by group, schedules, `stateDict()`; its parameters stand for the variables, by their names */
  readonly sgd: SGD;
  /** Gives all groups a learning rate. */
  setLearningRate(lr: number): void;
}

type TorchSGDClass = new (options: TfjsOptions) => Optimizer & TorchSGD;

/** of the names that tf.train.momentum gives momentum when it is saved */
const SUFFIX = "/momentum";

const classes = new WeakMap<object, TorchSGDClass>();

/** The class for a copy of tfjs, registered there, so that models saved with it are loaded. */
export function optimizerClass(tf: Tf): TorchSGDClass {
  let type = classes.get(tf.Optimizer);
  if (!type) {
    type = defineClass(tf);
    tf.serialization.registerClass(type);
    classes.set(tf.Optimizer, type);
  }
  return type;
}

function defineClass(tf: Tf): TorchSGDClass {
  return class TorchSGD extends tf.Optimizer {
    static readonly className = "TorchSGD";
    readonly #training: Training;
    /** what `getWeights` gave last */
    #given: NamedTensor[] = [];

    static fromConfig(type: TorchSGDClass, config: Config) {
      return new type(fromConfig(config));
    }

    constructor(options: TfjsOptions) {
      super();
      this.#training = new Training(tf, options);
    }

    get sgd(): SGD {
      return this.#training.sgd;
    }

    setLearningRate(lr: number): void {
      for (const group of this.sgd.paramGroups) group.lr = lr;
    }

    applyGradients(gradients: Gradients): void {
      tf.tidy(() => this.#training.step(pairsOf(tf, gradients)));
      this.incrementIterations();
    }

    async getWeights(): Promise<NamedTensor[]> {
      this.#disposeGiven();
      const momentum = [...this.#training.saveMomentum()].map(([name, { shape, data }]) => {
        return { name: name + SUFFIX, tensor: tf.keep(tf.tensor(data, shape, "float32")) };
      });
      this.#given = [await this.saveIterations(), ...momentum];
      return this.#given;
    }

    async setWeights(weights: NamedTensor[]): Promise<void> {
      checkWeights(weights);
      const momentum = weights.slice(1).map(async ({ name, tensor }) => {
        return [name.slice(0, -SUFFIX.length), { shape: tensor.shape, data: (await tensor.data()).slice() }] as const;
      });
      this.#training.loadMomentum(new Map(await Promise.all(momentum)));
      await this.extractIterations(weights);
    }

    getConfig(): Config {
      return toConfig(this.#training.options, this.sgd.paramGroups);
    }

    override dispose(): void {
      super.dispose();
      this.#disposeGiven();
      this.#training.dispose();
    }

    #disposeGiven(): void {
      for (const { tensor } of this.#given) tensor.dispose();
      this.#given = [];
    }
  };
}
