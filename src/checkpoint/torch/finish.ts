import { fail, placed, quote } from "../io/error.js";
import { objectOrMap } from "../io/kind.js";
import type { Budget, CheckpointLimits } from "../io/limits.js";
import type { Reader } from "../io/source.js";
import { type AnyTensorData, elementCount } from "../io/tensor.js";
import {
  Complex,
  Dict,
  Global,
  Instance,
  type List,
  type Node,
  PySet,
  Storage,
  Tensor,
  type Tuple,
} from "../pickle/nodes.js";
import { refuseGlobal } from "./globals.js";
import { numpyValue } from "./numpy.js";
import { stateAsObject } from "./state.js";
import { materialise, type RunOfBytes } from "./tensor.js";

export interface FinishOptions {
  limits: CheckpointLimits;
  budget: Budget;
  /** Whether what no checkpoint needs becomes inert data; it is refused otherwise. */
  keep: boolean;
  /** The pickle, for faults that have no place of their own. */
  where: number;
  /** Reads the run of elements that a storage names. */
  open(storage: Storage): Reader<RunOfBytes>;
}

type Container = List | Tuple | Dict | PySet | Instance;

/** Turns what a pickle built into JavaScript values, then reads the tensors' elements, one storage at a time. */
export function* finish(root: Node, options: FinishOptions): Reader<unknown> {
  const finisher = new Finisher(options);
  const value = finisher.convert(root);
  for (const tensors of finisher.byStorage.values()) {
    const run = yield* options.open((tensors[0] as Pending).tensor.storage);
    // Two tensors must not end up in one array.
    if (tensors.length > 1) run.owned = false;
    for (const { tensor, output } of tensors) Object.assign(output, materialise(tensor, run));
  }
  return value;
}

interface Pending {
  tensor: Tensor;
  output: AnyTensorData;
}

class Finisher {
  readonly byStorage = new Map<string, Pending[]>();
  /** What was converted already: what occurs twice stays shared. The height counts the containers in each other. */
  private readonly done = new Map<Node, { value: unknown; height: number }>();
  private readonly open = new Set<Node>();
  /** How many containers are open, and the most that were in the one at hand. */
  private depth = 0;
  private deepest = 0;

  constructor(private readonly options: FinishOptions) {}

  convert(root: Node): unknown {
    try {
      return this.valueOf(root);
    } catch (error) {
      if (error instanceof RangeError) fail("nested too deep for the engine's stack", this.options.where);
      return placed(this.options.where, error);
    }
  }

  private valueOf(node: Node): unknown {
    if (typeof node !== "object" || node === null || node instanceof Uint8Array) return node;
    if (node instanceof Complex) return { ...node };
    if (node instanceof Global) return this.global(node);
    const known = this.done.get(node);
    if (known !== undefined) {
      this.reach(this.depth + known.height);
      return known.value;
    }
    if (node instanceof Storage) return this.tensor(wholeOf(node));
    return node instanceof Tensor ? this.tensor(node) : this.container(node);
  }

  private reach(depth: number): void {
    const { maxDepth } = this.options.limits;
    if (depth > maxDepth) fail(`containers are nested more than limits.maxDepth = ${maxDepth} deep`);
    this.deepest = Math.max(this.deepest, depth);
  }

  private container(node: Container): unknown {
    if (this.open.has(node)) fail("a container contains itself");
    const { deepest } = this;
    this.open.add(node);
    this.deepest = 0;
    this.reach(++this.depth);
    const value = this.build(node);
    this.done.set(node, { value, height: this.deepest - --this.depth });
    this.deepest = Math.max(deepest, this.deepest);
    this.open.delete(node);
    return value;
  }

  private build(node: Container): unknown {
    if (node instanceof Instance) return this.instance(node);
    if (node instanceof PySet) return new Set(Array.from(node.items, (item) => this.valueOf(item)));
    if (!(node instanceof Dict)) return node.items.map((item) => this.valueOf(item));
    const entries = new Map(Array.from(node.items, ([key, value]) => [this.valueOf(key), this.valueOf(value)]));
    return objectOrMap(stateAsObject(entries));
  }

  private instance(node: Instance): unknown {
    const value = numpyValue(node, this.options.budget);
    if (value !== undefined) return value;
    const { of, args, keywords, state, list, dict } = node;
    const output = this.unknown(of);
    // What it holds may lead back to it.
    this.done.set(node, { value: output, height: 0 });
    return Object.assign(output, {
      args: this.valueOf(args),
      state: this.valueOf(state),
      ...(keywords !== null && { keywords: this.valueOf(keywords) }),
      ...(list.items.length > 0 && { list: this.valueOf(list) }),
      ...(dict.items.size > 0 && { dict: this.valueOf(dict) }),
    });
  }

  private global(node: Global): unknown {
    return node.known.isText ? node.name : this.unknown(node);
  }

  private unknown({ name, where }: Global): object {
    return this.options.keep ? { unknown: name, args: null, state: null } : refuseGlobal(name, where);
  }

  /** Its elements come later; the object is there now, so that a tensor mentioned twice is one. */
  private tensor(tensor: Tensor): unknown {
    this.options.budget.charge(elementCount(tensor.shape) * tensor.dtype.bytes, "a tensor", tensor.where);
    const output = {} as AnyTensorData;
    this.done.set(tensor, { value: output, height: 0 });
    const { key, dtype, where } = tensor.storage;
    const tensors = this.byStorage.get(key) ?? [];
    this.byStorage.set(key, tensors);
    tensors.push({ tensor, output });
    const { name } = tensors[0].tensor.storage.dtype;
    if (dtype.name !== name) fail(`storage ${quote(key)} has elements of ${name} and of ${dtype.name}`, where);
    return output;
  }
}

function wholeOf(storage: Storage): Tensor {
  return new Tensor(storage, storage.dtype, 0, [storage.length], [1], storage.where);
}
