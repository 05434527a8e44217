// PyTorch's globals that checkpoints of tensors name. Nothing is executed: each call is re-enacted here, and an argument that
// is not understood is refused.

import { fail, quote } from "../io/error.js";
import { DTYPES, type DTypeInfo, dtypeInfo, elementCount } from "../io/tensor.js";
import {
  type CallContext,
  callGlobal,
  checkAttributes,
  Dict,
  expect,
  Global,
  type Known,
  type Node,
  Storage,
  Tensor,
  Tuple,
  typeName,
} from "../pickle/nodes.js";

const UTILS = "torch._utils._rebuild_";

export const TORCH: Record<string, Known> = {
  [`${UTILS}tensor`]: { call: (args, context) => rebuildTensor(args, undefined, undefined, context), most: 4 },
  [`${UTILS}tensor_v2`]: { call: rebuildV2, most: 7 },
  [`${UTILS}tensor_v3`]: { call: rebuildV3, most: 8 },
  [`${UTILS}parameter`]: { call: rebuildParameter, most: 3 },
  [`${UTILS}parameter_with_state`]: { call: rebuildParameter, most: 4 },
  "torch.nn.parameter.Parameter": { call: rebuildParameter, most: 2 },
  "torch.nn.parameter.Buffer": { call: rebuildParameter, most: 2 },
  "torch._tensor._rebuild_from_type_v2": { call: rebuildFromType, most: 4 },
  "torch.Size": { call: ([sizes]) => expect(sizes, Tuple), most: 1 },
  "torch.device": { call: makeDevice, most: 2 },
};

/** The element type that `torch.float32` or the like names. */
export function dtypeOf(name: string): DTypeInfo | undefined {
  return name.startsWith("torch.") ? dtypeInfo(name.slice(6)) : undefined;
}

/** The element type of a class of storages, which may be one of a device. */
export function storageOf(name: string): DTypeInfo | undefined {
  if (/^torch\.(storage\.)?UntypedStorage$/.test(name)) return dtypeInfo("uint8");
  const [, kind] = /^torch\.(?:cuda\.)?(\w+)Storage$/.exec(name) ?? [];
  return DTYPES.find(({ storage }) => storage !== null && storage === kind);
}

/** The storage that a persistent id stands for: ("storage", class, key, location, number of elements[, view]). */
export function findStorage(id: Node, where: number): Storage {
  const { items } = expect(id, Tuple);
  const [kind, type, key, location, length, view] = items;
  if (textOf(kind) !== "storage") fail(`a persistent id must be that of a storage`);
  if (items.length > 6 || textOf(location) === undefined) fail("a storage has flags that are not known");
  const { name } = expect(type, Global);
  const dtype = storageOf(name);
  const label = textOf(key) ?? (typeof key === "number" ? String(key) : undefined);
  if (dtype === undefined || label === undefined) return fail(`a storage of ${quote(name)}, called ${typeName(key)}`);
  const total = count(length);
  if (view === undefined || view === null) return new Storage(dtype, label, total, 0, total, where);
  const [, offset, size] = expect(view, Tuple).items;
  const first = count(offset);
  const viewed = count(size);
  if (first + viewed > total) fail(`a view of elements beyond a storage of ${total}`);
  return new Storage(dtype, label, total, first, viewed, where);
}

/** Python 2 pickles may hold strings as bytes. */
export function textOf(node: Node | undefined): string | undefined {
  if (node instanceof Uint8Array) return String.fromCharCode(...node.subarray(0, 256));
  return typeof node === "string" ? node : undefined;
}

function count(node: Node | undefined): number {
  if (typeof node === "number" && Number.isSafeInteger(node) && node >= 0) return node;
  return fail(`expected an integer from 0 to 2^53, got ${typeof node === "number" ? node : typeName(node)}`);
}

export function counts(node: Node | undefined): number[] {
  const { items } = expect(node, Tuple);
  if (items.length > 64) fail(`${items.length} dimensions, at most 64 are read`);
  return items.map(count);
}

// (storage, offset, shape, strides, requires_grad, backward_hooks[, metadata])
function rebuildV2(args: Node[], context: CallContext): Tensor {
  checkGradient(args.slice(4));
  return rebuildTensor(args, undefined, args[6], context);
}

// (storage, offset, shape, strides, requires_grad, backward_hooks, dtype[, metadata])
function rebuildV3(args: Node[], context: CallContext): Tensor {
  checkGradient(args.slice(4));
  const { name } = expect(args[6], Global);
  return rebuildTensor(args, dtypeOf(name) ?? fail(`${quote(name)} is no dtype`), args[7], context);
}

/** `requires_grad` says nothing about the values; hooks would be functions. */
function checkGradient([requiresGrad, hooks]: Node[]): void {
  const isKnown = requiresGrad === undefined || typeof requiresGrad === "boolean";
  const noHooks = hooks === undefined || hooks === null || (hooks instanceof Dict && hooks.items.size === 0);
  if (!isKnown || !noHooks) fail("requires_grad or backward hooks that are not known");
}

// (storage, offset, shape, strides)
function rebuildTensor(
  args: Node[],
  given: DTypeInfo | undefined,
  metadata: Node | undefined,
  { where }: CallContext,
): Tensor {
  const storage = expect(args[0], Storage);
  const dtype = given ?? storage.dtype;
  const offset = count(args[1]);
  const shape = counts(args[2]);
  const strides = counts(args[3]);
  const elements = elementCount(shape);
  if (strides.length !== shape.length || Number.isNaN(elements)) {
    fail(`a tensor cannot have shape [${shape}] and strides [${strides}]`);
  }
  const available = Math.floor((storage.length * storage.dtype.bytes) / dtype.bytes);
  const end = elements === 0 ? 0 : shape.reduce((last, size, i) => last + (size - 1) * strides[i], offset) + 1;
  if (!(end <= available)) {
    const place = `shape [${shape}], strides [${strides}] and offset ${offset}`;
    fail(`a tensor of ${place} ends at element ${end}, its storage has ${available}`);
  }
  const negative = readMetadata(metadata);
  if (negative && dtype.name === "bool") fail("a tensor of booleans has the negative bit");
  return new Tensor(storage, dtype, offset, shape, strides, where, negative);
}

/** Whether the negative bit is set. */
function readMetadata(node: Node | undefined): boolean {
  if (node === undefined || node === null) return false;
  let negative = false;
  for (const [key, value] of expect(node, Dict).items) {
    if (typeof value !== "boolean" || (key !== "neg" && key !== "conj")) {
      fail(`a tensor has the flag ${typeof key === "string" ? quote(key) : typeName(key)}, which is not known`);
    }
    if (key === "neg") negative = value;
    else if (value) fail("a tensor has the conjugate bit: save tensor.resolve_conj() instead");
  }
  return negative;
}

// (tensor, requires_grad, backward_hooks[, attributes, which are dropped])
function rebuildParameter(args: Node[]): Node {
  checkGradient(args.slice(1));
  checkAttributes(args[3]);
  return expect(args[0], Tensor);
}

// A tensor with Python attributes, or a Parameter with them: (function, class, arguments, attributes).
function rebuildFromType([call, type, args, attributes]: Node[], context: CallContext): Node {
  const target = expect(call, Global);
  const { name } = expect(type, Global);
  if (!target.name.startsWith(UTILS) || target.known.call === undefined) fail(`${quote(target.name)} makes no tensor`);
  if (name !== "torch.Tensor" && TORCH[name]?.call !== rebuildParameter) {
    fail(`a tensor of the class ${quote(name)}, which may mean other elements`);
  }
  checkAttributes(attributes);
  return callGlobal(target, expect(args, Tuple), context);
}

function makeDevice([type, index]: Node[]): string {
  const name = textOf(type) ?? fail(`a device is named by ${typeName(type)}`);
  return index === undefined || index === null ? name : `${name}:${count(index)}`;
}
