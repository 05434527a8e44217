// PyTorch's globals that checkpoints of tensors name. Nothing is executed: each call is re-enacted here, and an argument that
// is not understood is refused.

import { fail, quote } from "../io/error.js";
import { DTYPES, type DTypeInfo, dtypeInfo, elementCount } from "../io/tensor.js";
import {
  type CallContext,
  Dict,
  expect,
  Global,
  isAttributes,
  type Known,
  type Node,
  Storage,
  Tensor,
  Tuple,
  typeName,
} from "../pickle/nodes.js";

const UTILS = "torch._utils._rebuild_";

export const TORCH: Record<string, Known> = {
  [`${UTILS}tensor`]: { call: rebuildV1 },
  [`${UTILS}tensor_v2`]: { call: rebuildV2 },
  [`${UTILS}tensor_v3`]: { call: rebuildV3 },
  [`${UTILS}parameter`]: { call: rebuildParameter },
  [`${UTILS}parameter_with_state`]: { call: rebuildParameter },
  "torch.nn.parameter.Parameter": { call: rebuildParameter },
  "torch.nn.parameter.Buffer": { call: rebuildParameter },
  [`${UTILS}device_tensor_from_cpu_tensor`]: { call: fromCpuTensor },
  "torch._tensor._rebuild_from_type_v2": { call: rebuildFromType },
  "torch.Size": { call: ([sizes], { where }) => expect(sizes, Tuple, "the argument of torch.Size", where) },
  "torch.device": { call: makeDevice },
  "torch.Tensor": {},
  "torch.storage.UntypedStorage": {},
  "torch.UntypedStorage": {},
};

const STORAGES = new Map<string, DTypeInfo>();
const DTYPE_GLOBALS = new Map<string, DTypeInfo>();
for (const info of DTYPES) {
  DTYPE_GLOBALS.set(`torch.${info.name}`, info);
  TORCH[`torch.${info.name}`] = { isText: true };
  if (info.storage === null) continue;
  for (const name of [`torch.${info.storage}`, `torch.cuda.${info.storage}`]) {
    STORAGES.set(name, info);
    TORCH[name] = {};
  }
}

/** The storage that a persistent id stands for: ("storage", class, key, location, number of elements[, view]). */
export function findStorage(id: Node, where: number): Storage {
  const { items } = expect(id, Tuple, "a persistent id", where);
  const [kind, type, key, location, length, view] = items;
  if (textOf(kind) !== "storage") fail(`a persistent id must be that of a storage, this is ${typeName(kind)}`, where);
  if (items.length > 6 || textOf(location) === undefined) fail("a storage with flags that are not known", where);
  const { name } = expect(type, Global, "the class of a storage", where);
  const dtype = name.endsWith(".UntypedStorage") ? dtypeInfo("uint8") : STORAGES.get(name);
  const label = textOf(key) ?? (typeof key === "number" ? String(key) : undefined);
  if (dtype === undefined || label === undefined) {
    return fail(`a storage of class ${quote(name)} with ${typeName(key)} as its key`, where);
  }
  const total = count(length, "the length of a storage", where);
  if (view === undefined || view === null) return new Storage(dtype, label, total, 0, total, where);
  const [, offset, size] = expect(view, Tuple, "the view of a storage", where).items;
  const first = count(offset, "the offset of a storage", where);
  const viewed = count(size, "the length of a storage", where);
  if (first + viewed > total) fail(`a view of elements ${first} to ${first + viewed} of a storage of ${total}`, where);
  return new Storage(dtype, label, total, first, viewed, where);
}

/** Python 2 pickles may hold strings as bytes. */
export function textOf(node: Node | undefined): string | undefined {
  if (node instanceof Uint8Array) return String.fromCharCode(...node.subarray(0, 256));
  return typeof node === "string" ? node : undefined;
}

function count(node: Node | undefined, what: string, where: number): number {
  if (typeof node === "number" && Number.isSafeInteger(node) && node >= 0) return node;
  const given = typeof node === "number" ? String(node) : typeName(node);
  return fail(`${what} must be an integer from 0 to 2^53, this is ${given}`, where);
}

export function counts(node: Node | undefined, what: string, where: number): number[] {
  const { items } = expect(node, Tuple, what, where);
  if (items.length > 64) fail(`${what} has ${items.length} dimensions, at most 64 are read`, where);
  return items.map((item) => count(item, what, where));
}

// (storage, offset, shape, strides)
function rebuildV1(args: Node[], context: CallContext): Tensor {
  checkCount(args, 4, context);
  return rebuildTensor(args, undefined, undefined, context);
}

// (storage, offset, shape, strides, requires_grad, backward_hooks[, metadata])
function rebuildV2(args: Node[], context: CallContext): Tensor {
  checkCount(args, 7, context);
  checkGradient(args.slice(4), context);
  return rebuildTensor(args, undefined, args[6], context);
}

// (storage, offset, shape, strides, requires_grad, backward_hooks, dtype[, metadata])
function rebuildV3(args: Node[], context: CallContext): Tensor {
  checkCount(args, 8, context);
  checkGradient(args.slice(4), context);
  return rebuildTensor(args, dtypeOf(args[6], context.where), args[7], context);
}

function checkCount(args: Node[], most: number, { target, where }: CallContext): void {
  if (args.length > most) fail(`${target.name} has ${args.length} arguments, ${most} are known`, where);
}

function dtypeOf(node: Node | undefined, where: number): DTypeInfo {
  const { name } = expect(node, Global, "the dtype of a tensor", where);
  return DTYPE_GLOBALS.get(name) ?? fail(`${quote(name)} is no dtype of a tensor`, where);
}

/** `requires_grad` says nothing about the values; hooks would be functions. */
function checkGradient([requiresGrad, hooks]: Node[], { target, where }: CallContext): void {
  const isKnown = requiresGrad === undefined || typeof requiresGrad === "boolean";
  const noHooks = hooks === undefined || hooks === null || (hooks instanceof Dict && hooks.items.size === 0);
  if (!isKnown || !noHooks) fail(`${target.name} with requires_grad or backward hooks that are not known`, where);
}

function rebuildTensor(
  args: Node[],
  given: DTypeInfo | undefined,
  metadata: Node | undefined,
  { where }: CallContext,
): Tensor {
  const storage = expect(args[0], Storage, "the storage of a tensor", where);
  const dtype = given ?? storage.dtype;
  const offset = count(args[1], "the offset of a tensor", where);
  const shape = counts(args[2], "the shape of a tensor", where);
  const strides = counts(args[3], "the strides of a tensor", where);
  const elements = elementCount(shape);
  if (strides.length !== shape.length || Number.isNaN(elements)) {
    fail(`a tensor cannot have shape [${shape}] and strides [${strides}]`, where);
  }
  const available = Math.floor((storage.length * storage.dtype.bytes) / dtype.bytes);
  const end = elements === 0 ? 0 : shape.reduce((last, size, i) => last + (size - 1) * strides[i], offset) + 1;
  if (!(end <= available)) {
    const place = `shape [${shape}], strides [${strides}] and offset ${offset}`;
    fail(`a tensor of ${place} ends at element ${end}, its storage has ${available}`, where);
  }
  const negative = readMetadata(metadata, where);
  if (negative && dtype.name === "bool") fail("a tensor of booleans has the negative bit", where);
  return new Tensor(storage, dtype, offset, shape, strides, where, negative);
}

/** Whether the negative bit is set. */
function readMetadata(node: Node | undefined, where: number): boolean {
  if (node === undefined || node === null) return false;
  let negative = false;
  for (const [key, value] of expect(node, Dict, "the metadata of a tensor", where).items) {
    if (typeof value !== "boolean" || (key !== "neg" && key !== "conj")) {
      fail(`a tensor has the flag ${typeof key === "string" ? quote(key) : typeName(key)}, which is not known`, where);
    }
    if (key === "neg") negative = value;
    else if (value) fail("a tensor has the conjugate bit: save tensor.resolve_conj() instead", where);
  }
  return negative;
}

// (tensor, requires_grad, backward_hooks[, attributes, which are dropped])
function rebuildParameter(args: Node[], context: CallContext): Node {
  checkCount(args, 4, context);
  checkGradient(args.slice(1), context);
  checkAttributes(args[3], context.where);
  return expect(args[0], Tensor, "the data of a parameter", context.where);
}

function checkAttributes(node: Node | undefined, where: number): void {
  if (node !== undefined && !isAttributes(node)) fail(`a tensor whose attributes are ${typeName(node)}`, where);
}

// (tensor, dtype, device, requires_grad): of a device that holds no elements in a file.
function fromCpuTensor(args: Node[], context: CallContext): Node {
  checkCount(args, 4, context);
  const tensor = expect(args[0], Tensor, "the data of a tensor", context.where);
  if (tensor.dtype !== dtypeOf(args[1], context.where))
    fail("a tensor with another dtype than its data", context.where);
  return tensor;
}

// A tensor with Python attributes, or a Parameter with them: (function, class, arguments, attributes).
function rebuildFromType([call, type, args, state]: Node[], context: CallContext): Node {
  const { where } = context;
  const target = expect(call, Global, "what rebuilds a tensor", where);
  const { name } = expect(type, Global, "the class of a tensor", where);
  if (!target.name.startsWith(UTILS) || target.known.call === undefined) {
    return fail(`a tensor cannot be rebuilt by ${quote(target.name)}`, where);
  }
  if (name !== "torch.Tensor" && TORCH[name]?.call !== rebuildParameter) {
    fail(`a tensor of the class ${quote(name)}, which may mean other elements`, where);
  }
  checkAttributes(state, where);
  return target.known.call(expect(args, Tuple, "the arguments of a tensor", where).items, { ...context, target });
}

function makeDevice([type, index]: Node[], { where }: CallContext): string {
  const name = textOf(type);
  if (name === undefined) return fail(`a device is named by ${typeName(type)}`, where);
  return index === undefined || index === null ? name : `${name}:${count(index, "the index of a device", where)}`;
}
