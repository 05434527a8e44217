// Learning-rate schedulers: those of torch.optim.lr_scheduler of PyTorch 1.13, and SWALR.

export type { AnnealStrategy } from "./annealing.js";
export { ChainedScheduler, SequentialLR, type SequentialOptions } from "./composite.js";
export {
  CosineAnnealingLR,
  type CosineAnnealingOptions,
  CosineAnnealingWarmRestarts,
  type WarmRestartsOptions,
} from "./cosine.js";
export { CyclicLR, type CyclicOptions, type ScaleFn } from "./cyclic.js";
export {
  ExponentialLR,
  type ExponentialOptions,
  MultiStepLR,
  type MultiStepOptions,
  StepLR,
  type StepOptions,
} from "./decay.js";
export { LambdaLR, type LambdaOptions, type LrLambda, MultiplicativeLR } from "./lambda.js";
export { OneCycleLR, type OneCycleOptions } from "./one-cycle.js";
export type { Optimizer, ScheduledGroup } from "./optimizer.js";
export type { PerGroup, SchedulerOptions } from "./options.js";
export { type PlateauOptions, ReduceLROnPlateau } from "./plateau.js";
export {
  ConstantLR,
  type ConstantOptions,
  LinearLR,
  type LinearOptions,
  PolynomialLR,
  type PolynomialOptions,
} from "./polynomial.js";
export { LRScheduler, Scheduler } from "./scheduler.js";
export type { SchedulerState } from "./state.js";
export { SWALR, type SWALROptions } from "./swa.js";
