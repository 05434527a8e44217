import { decodeLatin1 } from "../io/text.js";
import { PickleCursor } from "./cursor.js";
import type { Node } from "./nodes.js";
import { OP } from "./opcodes.js";

/** About what a container costs an engine. */
const NODE_BYTES = 64;

/** The stack, the marks and the memo of a pickle, and the opcodes that concern nothing else. */
export class PickleStack extends PickleCursor {
  protected stack: Node[] = [];
  private readonly marks: Node[][] = [];
  private readonly memo = new Map<number, Node>();

  /** What a pickle builds takes memory as well, and one byte can build it. */
  protected charge(): void {
    this.options.budget.charge(NODE_BYTES, "what the pickle builds", this.where);
  }

  protected build(node: Node): true {
    this.charge();
    return this.push(node);
  }

  protected push(value: Node): true {
    this.stack.push(value);
    return true;
  }

  protected pop(): Node {
    if (this.stack.length === 0) this.fail("the pickle takes from an empty stack");
    return this.stack.pop() as Node;
  }

  protected top(): Node {
    if (this.stack.length === 0) this.fail("the pickle looks at an empty stack");
    return this.stack[this.stack.length - 1] as Node;
  }

  protected popMark(): Node[] {
    const items = this.stack;
    this.stack = this.marks.pop() ?? this.fail("the pickle looks for a mark that it never set");
    return items;
  }

  /** Values that hold nothing. */
  protected atom(code: number): boolean {
    switch (code) {
      case OP.NONE:
        return this.push(null);
      case OP.NEWTRUE:
        return this.push(true);
      case OP.NEWFALSE:
        return this.push(false);
      case OP.BININT:
        return this.push(this.view.getInt32(this.take(4), true));
      case OP.BININT1:
        return this.push(this.uint(1));
      case OP.BININT2:
        return this.push(this.uint(2));
      case OP.LONG1:
        return this.push(this.integer(this.uint(1)));
      case OP.LONG4:
        return this.push(this.integer(this.uint(4)));
      case OP.BINFLOAT:
        return this.push(this.view.getFloat64(this.take(8)));
      case OP.BINUNICODE:
        return this.push(this.text(this.uint(4)));
      case OP.SHORT_BINUNICODE:
        return this.push(this.text(this.uint(1)));
      case OP.BINUNICODE8:
        return this.push(this.text(this.uint(8)));
      case OP.BINSTRING:
        return this.push(decodeLatin1(this.raw(this.uint(4))));
      case OP.SHORT_BINSTRING:
        return this.push(decodeLatin1(this.raw(this.uint(1))));
      case OP.BINBYTES:
        return this.push(this.raw(this.uint(4)).slice());
      case OP.SHORT_BINBYTES:
        return this.push(this.raw(this.uint(1)).slice());
      case OP.BINBYTES8:
      case OP.BYTEARRAY8:
        return this.push(this.raw(this.uint(8)).slice());
      default:
        return false;
    }
  }

  /** The stack, the memo, and what frames the pickle. */
  protected memory(code: number): boolean {
    switch (code) {
      case OP.MARK:
        this.charge();
        this.marks.push(this.stack);
        this.stack = [];
        return true;
      case OP.POP:
        this.pop();
        return true;
      case OP.POP_MARK:
        this.popMark();
        return true;
      case OP.DUP:
        return this.push(this.top());
      case OP.BINPUT:
        return this.put(this.uint(1));
      case OP.LONG_BINPUT:
        return this.put(this.uint(4));
      case OP.MEMOIZE:
        return this.put(this.memo.size);
      case OP.BINGET:
        return this.get(this.uint(1));
      case OP.LONG_BINGET:
        return this.get(this.uint(4));
      case OP.PROTO:
        return this.protocol(this.uint(1));
      case OP.FRAME:
        // A hint for readers of streams: what it frames follows as it would without it.
        this.uint(8);
        return true;
      default:
        return false;
    }
  }

  private put(index: number): true {
    this.memo.set(index, this.top());
    return true;
  }

  private get(index: number): true {
    const value = this.memo.get(index);
    return this.push(value === undefined ? this.fail(`nothing was memorised as ${index}`) : value);
  }

  private protocol(version: number): true {
    if (version < 2 || version > 5) this.fail(`pickle protocol ${version}; 2 to 5 are read`);
    return true;
  }
}
