import { fail } from "../io/error.js";
import type { Budget } from "../io/limits.js";
import type { Node } from "./nodes.js";

/** About what a container costs an engine. */
const NODE_BYTES = 64;

/** The stack, the marks and the memo of a pickle. */
export class Stack {
  private items: Node[] = [];
  private readonly marks: Node[][] = [];
  private readonly memo = new Map<number, Node>();

  constructor(private readonly budget: Budget) {}

  push(node: Node): void {
    this.items.push(node);
  }

  /** Pushes something new. What a pickle builds takes memory, and one byte can build it. */
  build(node: Node): void {
    this.charge();
    this.items.push(node);
  }

  private charge(): void {
    this.budget.charge(NODE_BYTES, "what the pickle builds");
  }

  pop(): Node {
    const { items } = this;
    return items.length > 0 ? (items.pop() as Node) : fail("the stack is empty");
  }

  popLast(count: number): Node[] {
    if (this.items.length < count) fail("the stack is empty");
    return this.items.splice(-count);
  }

  get top(): Node {
    const { items } = this;
    return items.length > 0 ? (items.at(-1) as Node) : fail("the stack is empty");
  }

  mark(): void {
    this.charge();
    this.marks.push(this.items);
    this.items = [];
  }

  /** Takes everything above the latest mark. */
  popMark(): Node[] {
    const { items } = this;
    this.items = this.marks.pop() ?? fail("there is no mark");
    return items;
  }

  put(index: number): void {
    this.memo.set(index, this.top);
  }

  memoize(): void {
    this.put(this.memo.size);
  }

  get(index: number): void {
    const node = this.memo.get(index);
    this.push(node === undefined ? fail(`nothing was memorised as ${index}`) : node);
  }
}
