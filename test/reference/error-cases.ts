// The Python expressions of errors.json, by name, as TypeScript. `any` stands where wrong arguments are the point.

import { createEngine, type Parameter, SGD, type StateDict } from "sgd-wasm";
import { rounding } from "../support/context.js";

const engine = createEngine({ rounding });
const P = (dtype: "float32" | "float64" = "float32"): Parameter => engine.parameter(2, { dtype, data: [1, 2] });
// biome-ignore lint/suspicious/noExplicitAny: wrong arguments are what these cases are about
const sgd = (params: any, options?: any): SGD => new SGD(params, options);

function stepped(options: object, dtype?: "float64"): void {
  const parameter = P(dtype);
  parameter.grad = [1, 1];
  sgd([parameter], options).step();
}

function* two(): Generator<Parameter> {
  yield P();
  yield P();
}

const lrOnly = { lr: 0.1 };

/** What gives an optimizer, or nothing; or throws. */
export const CASES: Readonly<Record<string, () => unknown>> = {
  no_lr: () => sgd([P()]),
  lr_neg: () => sgd([P()], { lr: -0.1 }),
  lr_neg_int: () => sgd([P()], { lr: -1 }),
  lr_neg_tiny: () => sgd([P()], { lr: -1e-300 }),
  lr_negzero: () => sgd([P()], { lr: -0 }),
  lr_nan: () => sgd([P()], { lr: Number.NaN }),
  lr_inf: () => sgd([P()], { lr: Number.POSITIVE_INFINITY }),
  lr_neginf: () => sgd([P()], { lr: Number.NEGATIVE_INFINITY }),
  lr_none: () => sgd([P()], { lr: null }),
  lr_str: () => sgd([P()], { lr: "0.1" }),
  lr_true: () => sgd([P()], { lr: true }),
  lr_0: () => sgd([P()], { lr: 0 }),
  mom_neg: () => sgd([P()], { lr: 0.1, momentum: -0.9 }),
  mom_nan: () => sgd([P()], { lr: 0.1, momentum: Number.NaN }),
  mom_gt1: () => sgd([P()], { lr: 0.1, momentum: 2 }),
  wd_neg: () => sgd([P()], { lr: 0.1, weightDecay: -1e-4 }),
  wd_nan: () => sgd([P()], { lr: 0.1, weightDecay: Number.NaN }),
  damp_neg: () => sgd([P()], { lr: 0.1, dampening: -5 }),
  damp_str_momentum0: () => sgd([P()], { lr: 0.1, dampening: "x" }),
  nest_nomom: () => sgd([P()], { lr: 0.1, nesterov: true }),
  nest_damp: () => sgd([P()], { lr: 0.1, momentum: 0.9, dampening: 0.1, nesterov: true }),
  nest_nanmom: () => sgd([P()], { lr: 0.1, momentum: Number.NaN, nesterov: true }),
  nest_truthy: () => sgd([P()], { lr: 0.1, momentum: 0.9, nesterov: "no" }),
  order_lr_before_mom: () => sgd([P()], { lr: -1, momentum: -1, weightDecay: -1 }),
  order_mom_before_wd: () => sgd([P()], { lr: 1, momentum: -1, weightDecay: -1 }),
  order_wd_before_nest: () => sgd([P()], { lr: 1, momentum: 0, weightDecay: -1, nesterov: true }),
  order_hyper_before_params: () => sgd([], { lr: -1 }),
  order_nest_before_params: () => sgd([], { lr: 1, nesterov: true }),
  empty: () => sgd([], lrOnly),
  empty_gen: () => sgd([].values(), lrOnly),
  tensor_params: () => sgd(P(), lrOnly),
  double_tensor_params: () => sgd(P("float64"), lrOnly),
  dict_params_top: () => sgd({ params: [P()] }, lrOnly),
  set_top: () => sgd(new Set([P()]), lrOnly),
  none_params: () => sgd(null, lrOnly),
  int_params: () => sgd(3, lrOnly),
  str_in_list: () => sgd(["a"], lrOnly),
  int_in_list: () => sgd([1], lrOnly),
  float_in_list: () => sgd([1.5], lrOnly),
  none_in_list: () => sgd([null], lrOnly),
  list_in_list: () => sgd([[P()]], lrOnly),
  tensor_then_dict: () => sgd([P(), { params: [P()] }], lrOnly),
  dict_then_tensor: () => sgd([{ params: [P()] }, P()], lrOnly),
  group_no_params: () => sgd([{ lr: 0.1 }], lrOnly),
  group_params_none: () => sgd([{ params: null }], lrOnly),
  group_empty_list: () => sgd([{ params: [] }], lrOnly),
  group_missing_lr: () => sgd([{ params: [P()] }]),
  group_missing_lr_second: () => sgd([{ params: [P()], lr: 0.1 }, { params: [P()] }]),
  group_has_lr: () => sgd([{ params: [P()], lr: 0.1 }]),
  group_neg_lr_override: () => sgd([{ params: [P()], lr: -0.1 }], lrOnly),
  group_neg_mom_override: () => sgd([{ params: [P()], momentum: -0.1 }], lrOnly),
  group_nest_override: () => sgd([{ params: [P()], nesterov: true }], lrOnly),
  group_extra_key: () => sgd([{ params: [P()], name: "bias" }], lrOnly),
  group_str_params: () => sgd([{ params: "ab" }], lrOnly),
  dup_in_group: () => {
    const p = P();
    return sgd([p, p], lrOnly);
  },
  dup_across: () => {
    const p = P();
    return sgd([{ params: [p] }, { params: [p] }], lrOnly);
  },
  dup_add_group: () => {
    const p = P();
    sgd([p], lrOnly).addParamGroup({ params: [p] });
  },
  add_group_notdict_list: () => sgd([P()], lrOnly).addParamGroup([P()] as never),
  add_group_tensor: () => sgd([P()], lrOnly).addParamGroup(P() as never),
  add_group_single_tensor: () => sgd([P()], lrOnly).addParamGroup({ params: P() }),
  add_group_missing_lr: () => sgd([{ params: [P()], lr: 0.1 }]).addParamGroup({ params: [P()] }),
  add_group_gen: () => sgd([P()], lrOnly).addParamGroup({ params: two() }),
  load_ngroups: () => {
    const { stateDict } = saved([{ params: [P()] }, { params: [P()] }]);
    sgd([P()], lrOnly).loadStateDict(stateDict);
  },
  load_sizes: () => sgd([P()], lrOnly).loadStateDict(saved([P(), P()]).stateDict),
  load_empty: () => sgd([P()], lrOnly).loadStateDict({} as StateDict),
  load_nostate: () => {
    const { param_groups } = saved([P()]).stateDict;
    sgd([P()], lrOnly).loadStateDict({ param_groups } as StateDict);
  },
  load_none: () => sgd([P()], lrOnly).loadStateDict(null as never),
  step_lr_overflows_f32: () => stepped({ lr: 1e39 }),
  step_lr_overflow_ok_f64: () => stepped({ lr: 1e39 }, "float64"),
  step_wd_overflows_f32: () => stepped({ lr: 1, weightDecay: 1e39 }),
  step_lr_max_f32_ok: () => stepped({ lr: 3.4028234663852886e38 }),
  step_lr_just_over_max_f32: () => stepped({ lr: 3.402823466385289e38 }),
  step_no_grads_lr_overflow_ok: () => sgd([P()], { lr: 1e39 }).step(),
  closure_not_callable: () => sgd([P()], { lr: 1 }).step(3 as never),
  grad_wrong_shape: () => {
    P().grad = [1];
  },
  grad_wrong_dtype: () => {
    P().grad = new Float64Array([1, 2]);
  },
};

function saved(params: unknown): { stateDict: StateDict } {
  return { stateDict: sgd(params, lrOnly).stateDict() };
}

/** Cases that stay out, and why. */
export const LEFT_OUT: Readonly<Record<string, string>> = {
  unknown_kw: "fused is PyTorch 2's, and accepted",
  lr_tensor: "options are numbers, not tensors",
  lr_neg_tensor: "options are numbers, not tensors",
  plain_tensor_params: "every tensor is a Parameter: the same as tensor_params",
  tuple_named: "JavaScript has no tuples: the same as list_in_list",
  group_set: "sets are ordered in JavaScript, and accepted",
  nonleaf: "there is no autograd graph",
  nonleaf_retains: "there is no autograd graph",
  nonleaf_differentiable: "there is no autograd graph",
  nograd_leaf: "there is no autograd graph",
  int_tensor_leaf: "parameters are float32 or float64",
  differentiable_leaf_step: "there is no autograd graph: a differentiable step is recorded",
  positional: "options are named",
  positional_too_many: "options are named",
  buffer_wrong_shape_step: "loadStateDict checks shapes itself",
};

/** The optimizers of `repr`, by their expression. */
export const TEXTS: Readonly<Record<string, () => SGD>> = {
  "SGD([P()],lr=0.1)": () => sgd([P()], lrOnly),
  "SGD([P()],lr=1e-5,momentum=0.9,nesterov=True)": () => sgd([P()], { lr: 1e-5, momentum: 0.9, nesterov: true }),
  "SGD([{'params':[P()],'lr':1e-5,'name':'x'},{'params':[P()],'momentum':0.9,'weight_decay':1,'nesterov':True}],lr=1,foreach=True)":
    () =>
      sgd(
        [
          { params: [P()], lr: 1e-5, name: "x" },
          { params: [P()], momentum: 0.9, weightDecay: 1, nesterov: true },
        ],
        { lr: 1, foreach: true },
      ),
  "SGD([P()],lr=123456789.0,weight_decay=0.0001,maximize=True)": () =>
    sgd([P()], { lr: 123456789.0, weightDecay: 0.0001, maximize: true }),
  "SGD([P()],lr=1e16,dampening=0.5)": () => sgd([P()], { lr: 1e16, dampening: 0.5 }),
  "SGD([P()],lr=1e22)": () => sgd([P()], { lr: 1e22 }),
  "SGD([P()],lr=1e-7,momentum=1.0)": () => sgd([P()], { lr: 1e-7, momentum: 1 }),
  "SGD([P()],lr=float('nan'))": () => sgd([P()], { lr: Number.NaN }),
  "SGD([P()],lr=float('inf'))": () => sgd([P()], { lr: Number.POSITIVE_INFINITY }),
  "SGD([P()],lr=0.00001234,foreach=False,differentiable=True)": () =>
    sgd([P()], { lr: 0.00001234, foreach: false, differentiable: true }),
  "SGD([P()],lr=9999999999999998.0)": () => sgd([P()], { lr: 9999999999999998 }),
};
