// Which globals a pickle may name. docs/checkpoints.md says of each that PyTorch allows what is done with it.

import { fail, quote } from "../io/error.js";
import { BUILTINS } from "../pickle/builtins.js";
import { Global, type Known } from "../pickle/nodes.js";
import { dtypeOf, storageOf, TORCH } from "./rebuild.js";

const KNOWN = new Map([...Object.entries(BUILTINS), ...Object.entries(TORCH)]);

/**
 * Names of what is never called, and calls that are kept as they are: classes of storages and tensors; numpy's objects, whose
 * content comes later in a pickle; optimizers and schedulers, because PyTorch 1 saved some schedulers with methods, and with
 * them the objects these are bound to; what a defaultdict makes.
 */
const INERT =
  /^(torch\.(Tensor|optim\.(\w+\.)+\w+)|builtins\.(list|int|float)|numpy\.(dtype|ndarray|_?core\.(multiarray\.scalar|multiarray\._reconstruct|numeric\._frombuffer)))$/;
const inert: Known = {};

/** The global a pickle names, or the refusal of it. With `keep` every other one is inert data. */
export function findGlobal(name: string, where: number, keep: boolean): Global {
  let known = KNOWN.get(name);
  if (dtypeOf(name) !== undefined) known = { isText: true };
  else if (keep || INERT.test(name) || storageOf(name) !== undefined) known ??= inert;
  return known === undefined ? refuseGlobal(name, where) : new Global(name, known, where);
}

export function refuseGlobal(name: string, where: number): never {
  const reason = name.startsWith("torch._utils._rebuild_")
    ? "a kind of tensor that is not read: save tensor.to_dense(), .dequantize() or .cpu()"
    : 'which no checkpoint of tensors and plain values needs ({ unknown: "keep" } reads around it)';
  return fail(`the pickle wants the global ${quote(name)}, ${reason}: refused`, where);
}
