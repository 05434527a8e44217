import { type AnyTensorData, elementCount } from "../dtype.js";
import { fail, type Place } from "../error.js";
import type { Reader } from "../io/source.js";
import type { Budget, CheckpointLimits } from "../limits.js";
import { Dict, Global, List, type Node, PySet, Storage, Tensor, Tuple } from "../pickle/nodes.js";
import { materialise, type RunOfBytes } from "./tensor.js";

export interface FinishOptions {
  limits: CheckpointLimits;
  budget: Budget;
  /** The pickle, for faults that have no place of their own. */
  where: Place;
  /** Reads the run of elements that a storage names. */
  open(storage: Storage): Reader<RunOfBytes>;
}

type Composite = List | Tuple | Dict | PySet;

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
    if (isComposite(root)) this.enter(root);
    for (let frame = this.stack.at(-1); frame !== undefined; frame = this.stack.at(-1)) {
      const next = frame.children.next();
      if (next.done) {
        this.leave(frame);
      } else if (isComposite(next.value)) {
        const known = this.done.get(next.value);
        if (known === undefined) this.enter(next.value);
        else this.raise(frame, known.height);
      }
    }
    return this.valueOf(root);
  }

  private enter(node: Composite): void {
    if (this.open.has(node))
      fail("a container contains itself, which JavaScript's checkpoints cannot hold", this.options.where);
    this.open.add(node);
    this.stack.push({ node, children: childrenOf(node), height: 1 });
    this.checkDepth(this.stack.length);
  }

  private leave(frame: Frame): void {
    this.stack.pop();
    this.open.delete(frame.node);
    this.done.set(frame.node, { value: this.build(frame.node), height: frame.height });
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
    if (node instanceof Global) return fail(`the global ${node.name} is no value of a checkpoint`, this.options.where);
    return this.done.get(node)?.value;
  }

  private build(node: Composite): unknown {
    if (node instanceof PySet) return new Set(Array.from(node.items, (item) => this.valueOf(item)));
    if (!(node instanceof Dict)) return node.items.map((item) => this.valueOf(item));
    if (hasPlainKeys(node)) {
      // Without a prototype, so that no key of a file means anything but itself.
      const object = Object.create(null) as Record<string, unknown>;
      for (const [key, value] of node.items) object[String(key)] = this.valueOf(value);
      return object;
    }
    return new Map(Array.from(node.items, ([key, value]) => [this.valueOf(key), this.valueOf(value)]));
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
  if (node instanceof Dict) yield* node.items.keys();
  yield* node.items.values();
}

/** Strings and integers, no two of which are spelled alike. */
function hasPlainKeys({ items }: Dict): boolean {
  const names = new Set<string>();
  for (const key of items.keys()) {
    const plain = typeof key === "string" || typeof key === "bigint" || Number.isSafeInteger(key);
    if (!plain || names.has(String(key))) return false;
    names.add(String(key));
  }
  return true;
}

function wholeOf(storage: Storage): Tensor {
  return new Tensor(storage, storage.dtype, 0, [storage.length], [1], storage.where);
}
