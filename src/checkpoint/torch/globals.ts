// Which globals a pickle may name. docs/checkpoints.md says of each that PyTorch allows what is done with it.

import { fail, quote } from "../io/error.js";
import { BUILTINS } from "../pickle/builtins.js";
import { Global, type Known } from "../pickle/nodes.js";
import { isNumpy, NUMPY } from "./numpy.js";
import { TORCH } from "./rebuild.js";

const KNOWN = new Map([...Object.entries(BUILTINS), ...Object.entries(TORCH)]);

/** Optimizers and schedulers: PyTorch 1 saved some schedulers with methods, and with them the objects these are bound to. */
const INERT = /^torch\.optim\.(\w+\.)+\w+$/;
const inert: Known = {};

/** What is refused with advice. */
const ADVICE: [name: RegExp, advice: string][] = [
  [/_get_layout$|_rebuild_sparse/, "a sparse tensor: save tensor.to_dense()"],
  [/_rebuild_qtensor$|\.per_(tensor|channel)_|\.QU?Int/, "a quantized tensor: save tensor.dequantize()"],
  [/_rebuild_nested|nested_tensor/, "a nested tensor: save its parts"],
  [/_rebuild_meta/, "a tensor of the meta device, which has no elements"],
  [/_rebuild_(wrapper|xla|device)|DTensor/, "a tensor that is not in the file as such: save tensor.cpu()"],
];

/** The global a pickle names, or the refusal of it. With `keep` every other one is inert data. */
export function findGlobal(name: string, where: number, keep: boolean): Global {
  const known = KNOWN.get(name) ?? (isNumpy(name) ? NUMPY : INERT.test(name) ? inert : undefined);
  if (known !== undefined) return new Global(name, known, where);
  return keep ? new Global(name, inert, where) : refuseGlobal(name, where);
}

export function refuseGlobal(name: string, where: number): never {
  const [, advice] = ADVICE.find(([pattern]) => pattern.test(name)) ?? [];
  const reason =
    advice ?? 'which no checkpoint of tensors and plain values needs ({ unknown: "keep" } reads around it)';
  return fail(`the pickle wants the global ${quote(name)}, ${reason}: refused`, where);
}
