import { tagOf } from "../../common/checks.js";
import { isBytes, isMap, isPlainObject, isSet } from "../io/kind.js";
import { type Output, toArray, toStream } from "../io/output.js";
import { type AnyTensorData, checkTensor, elementCount, littleEndianBytes, looksLikeTensor } from "../io/tensor.js";
import * as op from "../pickle/opcodes.js";
import { PickleWriter } from "../pickle/write.js";
import { planZip, type StoredEntry } from "../zip/write.js";
import { isIntegerKey, parametersOf } from "./state.js";

const MAX_DEPTH = 500;
const HYPERPARAMETERS = new Set(["lr", "momentum", "dampening", "weight_decay"]);

/**
 * A file of `torch.save`: `torch.load` reads it from version 1.6 on, with `weights_only=True` and `mmap=True` where they
 * exist, and `torch.optim.SGD.load_state_dict` accepts an optimizer's `stateDict()` from it.
 *
 * Objects become dicts with string keys, `Map`s dicts whose keys keep their type (arrays as keys become tuples), arrays
 * lists, `Set`s sets, `Uint8Array`s bytes, `{ dtype, shape, data }` tensors, `{ re, im }` complex numbers. A number is written
 * as an integer when it is one up to 2^53 (and not -0), a `BigInt` always. In an object with the shape of a `StateDict` the
 * keys of `state` become integers, and lr, momentum, dampening and weight_decay floats. What occurs twice is written once,
 * tensors over the same elements share a storage.
 *
 * The file is allocated once and tensors are copied straight into it. Throws a `TypeError` that names the place in
 * `value` for whatever Python has no counterpart of: functions, undefined, class instances, cycles, what
 * `decodeTorch(…, { unknown: "keep" })` kept.
 *
 * ```ts
 * const bytes = encodeTorch({ model, optimizer: optimizer.stateDict(), epoch: 3 });
 * ```
 */
export function encodeTorch(value: unknown): Uint8Array<ArrayBuffer> {
  return toArray(planTorch(value));
}

/**
 * As `encodeTorch`, in chunks of at most 1 MiB. The tensors are read as the stream is: they must stay as they are until
 * it has ended (an optimizer's `stateDict()` does). What cannot be written throws at once.
 */
export function encodeTorchStream(value: unknown): ReadableStream<Uint8Array<ArrayBuffer>> {
  return toStream(planTorch(value));
}

function planTorch(value: unknown): Output {
  const encoder = new Encoder();
  encoder.write(value, "value", "plain");
  const text = (name: string, content: string) => entryOf(name, new TextEncoder().encode(content));
  return planZip([
    entryOf("archive/data.pkl", encoder.pickle.finish()),
    text("archive/byteorder", "little"),
    ...encoder.storages,
    text("archive/version", "3\n"),
  ]);
}

function entryOf(name: string, bytes: Uint8Array): StoredEntry {
  return { name, size: bytes.length, content: () => bytes };
}

/** What an object is within a `StateDict`, which decides the types of its keys and numbers. */
type Role = "plain" | "state" | "groups" | "group";

class Encoder {
  readonly pickle = new PickleWriter();
  readonly storages: StoredEntry[] = [];
  private readonly keys = new Map<string, string>();
  private readonly bufferIds = new Map<ArrayBufferLike, number>();
  private readonly open = new Set<object>();
  private readonly identities = new Map<object, Map<Role, object>>();
  /** What the groups call parameters, by the `state` beside them. */
  private readonly params = new Map<unknown, ReadonlySet<unknown>>();

  write(value: unknown, path: string, role: Role): void {
    switch (typeof value) {
      case "boolean":
        this.pickle.op(value ? op.NEWTRUE : op.NEWFALSE);
        return;
      case "number":
        this.number(value);
        return;
      case "bigint":
        this.bigint(value, path);
        return;
      case "string":
        this.pickle.string(value);
        return;
      case "object":
        if (value === null) this.pickle.op(op.NONE);
        else this.object(value, path, role);
        return;
      default:
        refuse(path, value === undefined ? "undefined (write null for None)" : `a ${typeof value}`);
    }
  }

  private number(value: number): void {
    if (Number.isInteger(value) && Math.abs(value) <= 2 ** 53 && !Object.is(value, -0))
      this.pickle.integer(BigInt(value));
    else this.pickle.float(value);
  }

  private bigint(value: bigint, path: string): void {
    if (BigInt.asIntN(2032, value) !== value) refuse(path, "an integer of more than 2032 bits");
    this.pickle.integer(value);
  }

  private object(value: object, path: string, role: Role): void {
    if (this.open.has(value)) refuse(path, "a cycle: it contains itself");
    if (this.pickle.recall(this.identity(value, role))) return;
    if (this.open.size >= MAX_DEPTH) refuse(path, `nested more than ${MAX_DEPTH} deep`);
    this.open.add(value);
    if (looksLikeTensor(value)) this.tensor(value, path);
    else if (Array.isArray(value)) this.array(value, path, role);
    else if (isMap(value)) this.map(value, path);
    else if (isSet(value)) this.set(value, path);
    else if (isBytes(value)) this.pickle.bytes(value).memorise(value);
    else if (isComplexNumber(value)) this.pickle.complex(value.re, value.im).memorise(value);
    else this.plain(value, path, role);
    this.open.delete(value);
  }

  /** What an object is memorised under: within a `StateDict` it is written otherwise than elsewhere, and so not shared. */
  private identity(value: object, role: Role): object {
    if (role === "plain") return value;
    const roles = this.identities.get(value) ?? new Map<Role, object>();
    this.identities.set(value, roles);
    const identity = roles.get(role) ?? {};
    roles.set(role, identity);
    return identity;
  }

  private array(array: unknown[], path: string, role: Role): void {
    this.pickle.op(op.EMPTY_LIST).memorise(this.identity(array, role));
    if (array.length === 0) return;
    this.pickle.op(op.MARK);
    for (let i = 0; i < array.length; i++) this.write(array[i], `${path}[${i}]`, role === "groups" ? "group" : "plain");
    this.pickle.op(op.APPENDS);
  }

  private map(map: Map<unknown, unknown>, path: string): void {
    this.pickle.op(op.EMPTY_DICT).memorise(map);
    if (map.size === 0) return;
    this.pickle.op(op.MARK);
    this.distinct(map.keys(), path);
    for (const [key, value] of map) {
      this.key(key, path);
      this.write(value, `${path}.get(${String(key)})`, "plain");
    }
    this.pickle.op(op.SETITEMS);
  }

  /** As protocol 2 spells it: `set([…])`. Its opcodes for sets came later. */
  private set(set: Set<unknown>, path: string): void {
    this.distinct(set, path);
    this.pickle.global("__builtin__", "set").op(op.EMPTY_LIST).op(op.MARK);
    for (const item of set) this.key(item, path);
    this.pickle.op(op.APPENDS).op(op.TUPLE1).op(op.REDUCE).memorise(set);
  }

  /** To Python 1, 1.0 and True are the same key, and so are equal tuples: the second would replace the first. */
  private distinct(keys: Iterable<unknown>, path: string): void {
    const seen = new Set<string>();
    for (const key of keys) {
      const identity = identityInPython(key, path);
      if (seen.has(identity)) refuse(path, `keyed by ${identity} twice, as Python sees it`);
      seen.add(identity);
    }
  }

  /** Arrays as keys were tuples in Python, which lists could not be. */
  private key(key: unknown, path: string): void {
    if (Array.isArray(key)) {
      this.pickle.op(op.MARK);
      for (const item of key) this.key(item, path);
      this.pickle.op(op.TUPLE);
      return;
    }
    if (typeof key === "object" && key !== null && !isBytes(key)) refuse(path, "keyed by an object");
    this.write(key, `a key of ${path}`, "plain");
  }

  private plain(object: object, path: string, role: Role): void {
    if (!isPlainObject(object)) refuse(path, nameOfClass(object));
    if (Object.getOwnPropertySymbols(object).length > 0) refuse(path, "an object with a symbol as key");
    if (isKept(object)) refuse(path, `{ unknown: ${JSON.stringify(object.unknown)} }`);
    const entries = Object.entries(object);
    const isStateDict = role === "plain" && this.findState(object);
    this.pickle.op(op.EMPTY_DICT).memorise(this.identity(object, role));
    if (entries.length === 0) return;
    const params = role === "state" ? this.params.get(object) : undefined;
    this.pickle.op(op.MARK);
    for (const [key, value] of entries) {
      if (params !== undefined && isIntegerKey(key, params)) this.pickle.integer(BigInt(key));
      else this.pickle.string(key);
      if (role === "group" && HYPERPARAMETERS.has(key) && typeof value === "number") this.pickle.float(value);
      else this.write(value, pathOf(path, key), isStateDict ? roleInStateDict(key) : "plain");
    }
    this.pickle.op(op.SETITEMS);
  }

  /** Whether an object has the shape of a `StateDict`. */
  private findState({ state, param_groups }: { state?: unknown; param_groups?: unknown }): boolean {
    const params = parametersOf(state, param_groups);
    if (params !== null) this.params.set(state, params);
    return params !== null;
  }

  private tensor(tensor: AnyTensorData, path: string): void {
    const info = checkTensor(tensor, path);
    if (info.storage === null) refuse(path, `a tensor of ${info.name}, which torch.load of 1.13 does not know`);
    const strides: number[] = new Array(tensor.shape.length);
    let stride = 1;
    for (let i = tensor.shape.length - 1; i >= 0; i--) {
      strides[i] = stride;
      stride *= Math.max(tensor.shape[i], 1);
    }
    const { pickle } = this;
    pickle.global("torch._utils", "_rebuild_tensor_v2").op(op.MARK);
    pickle.op(op.MARK).string("storage").global("torch", `${info.storage}Storage`);
    pickle
      .string(this.storageKey(tensor))
      .string("cpu")
      .integer(BigInt(elementCount(tensor.shape)));
    pickle.op(op.TUPLE).op(op.BINPERSID);
    pickle.integer(0n).integers(tensor.shape).integers(strides).op(op.NEWFALSE);
    pickle.global("collections", "OrderedDict").op(op.EMPTY_TUPLE).op(op.REDUCE);
    pickle.op(op.TUPLE).op(op.REDUCE).memorise(tensor);
  }

  /** The same elements in the same memory are one storage, as tied parameters are in PyTorch. */
  private storageKey(tensor: AnyTensorData): string {
    const { buffer, byteOffset, byteLength } = tensor.data;
    const bufferId = this.bufferIds.get(buffer) ?? this.bufferIds.size;
    this.bufferIds.set(buffer, bufferId);
    const id = `${tensor.dtype} ${bufferId} ${byteOffset} ${byteLength}`;
    const known = this.keys.get(id);
    if (known !== undefined && byteLength > 0) return known;
    const key = String(this.storages.length);
    this.keys.set(id, key);
    this.storages.push({ name: `archive/data/${key}`, size: byteLength, content: () => littleEndianBytes(tensor) });
    return key;
  }
}

function identityInPython(key: unknown, path: string, depth = 0): string {
  if (depth > 16) refuse(path, "keyed by an array nested too deep");
  if (typeof key === "string") return JSON.stringify(key);
  if (typeof key === "boolean") return String(Number(key));
  if (Array.isArray(key)) return `(${key.map((item) => identityInPython(item, path, depth + 1)).join(",")})`;
  return isBytes(key) ? `bytes ${key.join(",")}` : String(key);
}

/** What a complex number of Python is here. */
function isComplexNumber(value: object): value is { re: number; im: number } {
  const { re, im } = value as { re?: unknown; im?: unknown };
  return typeof re === "number" && typeof im === "number" && Object.keys(value).length === 2;
}

/** What `decodeTorch(…, { unknown: "keep" })` gives for things that it does not know. */
function isKept(value: object): value is { unknown: string } {
  return "args" in value && "state" in value && typeof (value as { unknown?: unknown }).unknown === "string";
}

function roleInStateDict(key: string): Role {
  return key === "state" ? "state" : key === "param_groups" ? "groups" : "plain";
}

function pathOf(path: string, key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;
}

function nameOfClass(object: object): string {
  if (ArrayBuffer.isView(object)) {
    return `${tagOf(object)}, write it as { dtype, shape, data }`;
  }
  return `an instance of ${object.constructor?.name || "a class"}`;
}

function refuse(path: string, what: string): never {
  throw new TypeError(`${path} is ${what}; Python has no counterpart that a checkpoint could hold`);
}
