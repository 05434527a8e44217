// What is used of TensorFlow.js, by its shape: nothing is imported from it, so that types are right without it.

/** The module of TensorFlow.js or of its core: `import * as tf from "@tensorflow/tfjs"`. */
export interface TensorFlow {
  readonly Optimizer: abstract new () => object;
  /** the name of the backend that is in use */
  getBackend(): string;
}

export interface Tensor {
  readonly dataId: object;
  readonly shape: readonly number[];
  readonly size: number;
  readonly dtype: string;
  readonly isDisposed: boolean;
  data(): Promise<Float32Array>;
  dataSync(): Float32Array;
  dispose(): void;
}

export interface Variable extends Tensor {
  readonly name: string;
  readonly trainable: boolean;
  assign(value: Tensor): void;
}

export interface NamedTensor {
  name: string;
  tensor: Tensor;
}

/** What `tf.Optimizer` gives to its subclasses. */
export interface Optimizer {
  readonly iterations: number;
  incrementIterations(): void;
  saveIterations(): Promise<NamedTensor>;
  extractIterations(weights: NamedTensor[]): Promise<NamedTensor[]>;
  dispose(): void;
}

export interface Tf extends TensorFlow {
  readonly Optimizer: new () => Optimizer;
  backend(): object;
  engine(): { readonly registeredVariables: Readonly<Record<string, Variable>> };
  tensor(values: Float32Array, shape: readonly number[], dtype: "float32"): Tensor;
  mul(a: Tensor, b: number): Tensor;
  clone(tensor: Tensor): Tensor;
  keep(tensor: Tensor): Tensor;
  tidy(run: () => void): void;
  readonly serialization: { registerClass(type: object): void };
}
