import { fail } from "../io/error.js";
import { objectOrMap } from "../io/kind.js";
import type { Budget, CheckpointLimits } from "../io/limits.js";
import type { Reader } from "../io/source.js";
import { type AnyTensorData, elementCount } from "../io/tensor.js";
import { Complex, Dict, Global, Instance, List, type Node, PySet, Storage, Tensor, Tuple } from "../pickle/nodes.js";
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

type Composite = List | Tuple | Dict | PySet | Instance;

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

interface Frame {
  node: Composite;
  children: Iterator<Node>;
  height: number;
}

class Finisher {
  readonly byStorage = new Map<string, Pending[]>();
  private readonly done = new Map<Node, { value: unknown; height: number }>();
  private readonly open = new Set<Node>();
  private readonly stack: Frame[] = [];

  constructor(private readonly options: FinishOptions) {}

  /** Depth first on a stack of its own; what occurs twice is converted once and stays shared. */
  convert(root: Node): unknown {
    this.visit(root);
    for (let frame = this.stack.at(-1); frame !== undefined; frame = this.stack.at(-1)) {
      const next = frame.children.next();
      if (next.done) this.leave(frame);
      else this.visit(next.value, frame);
    }
    return this.valueOf(root);
  }

  private visit(node: Node, parent?: Frame): void {
    const known = this.done.get(node);
    if (known !== undefined) {
      if (parent !== undefined) this.raise(parent, known.height);
    } else if (node instanceof Instance) {
      this.enterInstance(node);
    } else if (isComposite(node)) {
      this.enter(node);
    }
  }

  /** An object is there before what it holds, which may lead back to it. */
  private enterInstance(node: Instance): void {
    const value = numpyValue(node, this.options.budget);
    if (value === undefined && !this.options.keep) refuseGlobal(node.of.name, node.where);
    this.done.set(node, { value: value ?? {}, height: 0 });
    if (value === undefined) this.enter(node);
  }

  private enter(node: Composite): void {
    if (this.open.has(node))
      fail("a container contains itself, which JavaScript's checkpoints cannot hold", this.options.where);
    this.open.add(node);
    this.stack.push({ node, children: childrenOf(node), height: 1 });
    this.checkDepth(this.stack.length);
  }

  private leave(frame: Frame): void {
    const { node } = frame;
    this.stack.pop();
    this.open.delete(node);
    if (node instanceof Instance) Object.assign(this.valueOf(node) as object, this.unknown(node));
    else this.done.set(node, { value: this.build(node), height: frame.height });
    const parent = this.stack.at(-1);
    if (parent !== undefined) this.raise(parent, frame.height);
  }

  private raise(frame: Frame, childHeight: number): void {
    frame.height = Math.max(frame.height, childHeight + 1);
    this.checkDepth(frame.height);
  }

  private checkDepth(depth: number): void {
    const { maxDepth } = this.options.limits;
    if (depth > maxDepth)
      fail(`containers are nested more than limits.maxDepth = ${maxDepth} deep`, this.options.where);
  }

  private valueOf(node: Node): unknown {
    if (typeof node !== "object" || node === null || node instanceof Uint8Array) return node;
    if (node instanceof Storage) return this.tensor(wholeOf(node));
    if (node instanceof Tensor) return this.tensor(node);
    if (node instanceof Complex) return { ...node };
    if (node instanceof Global) return this.global(node);
    return this.done.get(node)?.value;
  }

  private global({ name, known, where }: Global): unknown {
    if (known.isText) return name;
    return this.options.keep ? { unknown: name, args: null, state: null } : refuseGlobal(name, where);
  }

  private unknown({ of, args, keywords, state, list, dict }: Instance): object {
    return {
      unknown: of.name,
      args: this.valueOf(args),
      state: this.valueOf(state),
      ...(keywords && keywords.items.size > 0 && { keywords: this.valueOf(keywords) }),
      ...(list.items.length > 0 && { list: this.valueOf(list) }),
      ...(dict.items.size > 0 && { dict: this.valueOf(dict) }),
    };
  }

  private build(node: Exclude<Composite, Instance>): unknown {
    if (node instanceof PySet) return new Set(Array.from(node.items, (item) => this.valueOf(item)));
    if (!(node instanceof Dict)) return node.items.map((item) => this.valueOf(item));
    const entries = new Map(Array.from(node.items, ([key, value]) => [this.valueOf(key), this.valueOf(value)]));
    return objectOrMap(stateAsObject(entries));
  }

  /** Its elements come later; the object is there now, so that a tensor mentioned twice is one. */
  private tensor(tensor: Tensor): unknown {
    const known = this.done.get(tensor);
    if (known !== undefined) return known.value;
    this.options.budget.charge(elementCount(tensor.shape) * tensor.dtype.bytes, "a tensor", tensor.where);
    const output = {} as AnyTensorData;
    this.done.set(tensor, { value: output, height: 0 });
    const { key } = tensor.storage;
    const tensors = this.byStorage.get(key);
    if (tensors === undefined) this.byStorage.set(key, [{ tensor, output }]);
    else tensors.push({ tensor, output });
    return output;
  }
}

function isComposite(node: Node): node is Composite {
  return node instanceof List || node instanceof Dict || node instanceof Tuple || node instanceof PySet;
}

function* childrenOf(node: Composite): Generator<Node> {
  if (node instanceof Instance) {
    yield* [node.args, node.state, node.list, node.dict, ...(node.keywords ? [node.keywords] : [])];
    return;
  }
  if (node instanceof Dict) yield* node.items.keys();
  yield* node.items.values();
}

function wholeOf(storage: Storage): Tensor {
  return new Tensor(storage, storage.dtype, 0, [storage.length], [1], storage.where);
}
