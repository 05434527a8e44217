import type { PickleOptions } from "./cursor.js";
import { callGlobal, findGlobal, findStorage, isKey } from "./globals.js";
import { Dict, List, type Node, PySet, Storage, Tensor, Tuple, typeName } from "./nodes.js";
import { OP } from "./opcodes.js";
import { PickleStack } from "./stack.js";

export interface Unpickled {
  value: Node;
  /** Bytes from the start to behind STOP. */
  length: number;
  /** Every storage that was mentioned, by its key. */
  storages: Map<string, Storage>;
}

/**
 * Runs one pickle on a stack of its own, without recursion. Throws `TruncatedError` when the bytes end before it does.
 */
export function unpickle(bytes: Uint8Array, options: PickleOptions): Unpickled {
  return new Unpickler(bytes, options).run();
}

class Unpickler extends PickleStack {
  private readonly storages = new Map<string, Storage>();

  run(): Unpickled {
    for (;;) {
      this.op = this.at;
      const code = this.uint(1);
      if (code === OP.STOP) return { value: this.pop(), length: this.at, storages: this.storages };
      if (!(this.atom(code) || this.container(code) || this.memory(code) || this.object(code))) this.unknown(code);
    }
  }

  private unknown(code: number): never {
    const hex = code.toString(16).padStart(2, "0");
    return this.fail(`opcode 0x${hex} is none that pickle protocols 2 to 5 write for a checkpoint`);
  }

  private container(code: number): boolean {
    switch (code) {
      case OP.EMPTY_LIST:
        return this.build(new List());
      case OP.EMPTY_DICT:
        return this.build(new Dict());
      case OP.EMPTY_SET:
        return this.build(new PySet());
      case OP.EMPTY_TUPLE:
        return this.build(new Tuple([]));
      case OP.TUPLE1:
      case OP.TUPLE2:
      case OP.TUPLE3:
        return this.shortTuple(code - OP.TUPLE1 + 1);
      case OP.TUPLE:
        return this.build(new Tuple(this.popMark()));
      case OP.APPEND:
        return this.append([this.pop()]);
      case OP.APPENDS:
        return this.append(this.popMark());
      case OP.SETITEM: {
        const value = this.pop();
        return this.setItems([this.pop(), value]);
      }
      case OP.SETITEMS:
        return this.setItems(this.popMark());
      case OP.ADDITEMS:
        return this.addItems(this.popMark());
      case OP.FROZENSET: {
        const items = this.popMark();
        return this.build(new PySet()) && this.addItems(items);
      }
      default:
        return false;
    }
  }

  private shortTuple(length: number): true {
    if (this.stack.length < length) this.fail(`a tuple of ${length} from a stack of ${this.stack.length}`);
    return this.build(new Tuple(this.stack.splice(-length)));
  }

  private append(items: Node[]): true {
    const list = this.top();
    if (!(list instanceof List)) return this.fail(`cannot append to ${typeName(list)}`);
    for (const item of items) list.items.push(item);
    return true;
  }

  private setItems(items: Node[]): true {
    const dict = this.top();
    if (!(dict instanceof Dict)) return this.fail(`cannot set items of ${typeName(dict)}`);
    if (items.length % 2 === 1) this.fail("a key without a value");
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i];
      if (!isKey(key)) return this.fail(`a key cannot be ${typeName(key)}`);
      dict.items.set(key, items[i + 1] as Node);
    }
    return true;
  }

  private addItems(items: Node[]): true {
    const set = this.top();
    if (!(set instanceof PySet)) return this.fail(`cannot add to ${typeName(set)}`);
    for (const item of items) {
      if (!isKey(item)) return this.fail(`${typeName(item)} cannot be in a set`);
      set.items.add(item);
    }
    return true;
  }

  /** Globals and what they make. */
  private object(code: number): boolean {
    switch (code) {
      case OP.GLOBAL:
        return this.global(this.line(), this.line());
      case OP.STACK_GLOBAL: {
        const name = this.pop();
        return this.global(this.pop(), name);
      }
      case OP.NEWOBJ_EX:
        if (!(this.top() instanceof Dict)) this.fail("keyword arguments must be a dict");
        if ((this.pop() as Dict).items.size > 0) this.fail("no checkpoint needs keyword arguments");
        return this.reduce();
      case OP.REDUCE:
      case OP.NEWOBJ:
        return this.reduce();
      case OP.BINPERSID:
        return this.storage(findStorage(this.pop(), this.where));
      case OP.BUILD:
        return this.dropAttributes();
      default:
        return false;
    }
  }

  private global(module: Node, name: Node): true {
    if (typeof module !== "string" || typeof name !== "string") {
      return this.fail(`a global is named by ${typeName(module)} and ${typeName(name)}`);
    }
    return this.push(findGlobal(module, name, this.where));
  }

  private reduce(): true {
    const args = this.pop();
    return this.build(callGlobal(this.pop(), args, this.where, this.options.budget));
  }

  private storage(storage: Storage): true {
    if (!this.storages.has(storage.key)) this.storages.set(storage.key, storage);
    return this.build(storage);
  }

  /** Attributes, such as `_metadata` of a model's state dict, are dropped. */
  private dropAttributes(): true {
    this.pop();
    const target = this.top();
    if (!(target instanceof Dict || target instanceof Tensor || target instanceof Storage)) {
      this.fail(`${typeName(target)} cannot have attributes`);
    }
    return true;
  }
}
