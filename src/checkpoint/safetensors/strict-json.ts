import { CheckpointError, quote } from "../error.js";
import { encodeText } from "../io/text.js";

/** What a header may hold. A number that is not written as a natural number is NaN: no header needs another. */
export type Json = null | boolean | number | string | Json[] | Map<string, Json>;

const MAX_DEPTH = 16;
const PUNCTUATION = "[]{}:,";
const SPACE = " \t\n\r";
const WORDS = new Map<string, Json>([
  ["null", null],
  ["true", true],
  ["false", false],
]);

/**
 * Parses JSON as the safetensors format wants it: unlike `JSON.parse`, it refuses a key that occurs twice. `base` is where
 * the text begins in the file, for messages.
 */
export function parseStrictJson(text: string, base: number): Json {
  return new Parser(text, base).document();
}

class Parser {
  /** The token at hand, and where it begins. */
  private current = "";
  private at = 0;

  constructor(
    private readonly text: string,
    private readonly base: number,
  ) {}

  document(): Json {
    this.advance();
    const value = this.value(0);
    if (this.current !== "") this.fail("something follows the header");
    return value;
  }

  private fail(what: string): never {
    throw new CheckpointError(
      `the header is not valid: ${what}`,
      this.base + encodeText(this.text.slice(0, this.at)).length,
    );
  }

  /** Goes to the next token, "" at the end; returns the one before. By hand: a regular expression may run out of stack. */
  private advance(): string {
    const previous = this.current;
    const { text } = this;
    let from = this.at + previous.length;
    while (from < text.length && SPACE.includes(text[from])) from++;
    this.at = from;
    let to = from + 1;
    if (text[from] === '"') {
      while (to < text.length && text[to] !== '"') to += text[to] === "\\" ? 2 : 1;
      if (to >= text.length) this.fail("a string has no end");
      to++;
    } else if (!PUNCTUATION.includes(text[from])) {
      while (to < text.length && !(PUNCTUATION + SPACE).includes(text[to]) && text[to] !== '"') to++;
    }
    this.current = text.slice(from, to);
    return previous;
  }

  private value(depth: number): Json {
    if (depth > MAX_DEPTH) this.fail(`nested more than ${MAX_DEPTH} deep`);
    if (this.current === "{") return this.object(depth);
    if (this.current === "[") return this.array(depth);
    if (this.current.startsWith('"')) return this.string();
    const word = this.advance();
    if (WORDS.has(word)) return WORDS.get(word) as Json;
    if (/^(0|[1-9]\d*)$/.test(word)) return Number(word);
    if (/^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(word)) return Number.NaN;
    return this.fail(word === "" ? "it ends too early" : `${quote(word)} is no value`);
  }

  private string(): string {
    const token = this.current;
    if (!token.startsWith('"')) this.fail(`expected a string, got ${quote(token)}`);
    try {
      const value = JSON.parse(token) as string;
      this.advance();
      return value;
    } catch {
      return this.fail("a string holds an escape or a control character that JSON does not have");
    }
  }

  private punctuation(expected: string): void {
    if (this.current !== expected) this.fail(`expected ${quote(expected)}, got ${quote(this.current)}`);
    this.advance();
  }

  private object(depth: number): Map<string, Json> {
    const object = new Map<string, Json>();
    this.punctuation("{");
    while (this.current !== "}") {
      if (object.size > 0) this.punctuation(",");
      const key = this.string();
      if (object.has(key)) this.fail(`the key ${quote(key)} occurs twice`);
      this.punctuation(":");
      object.set(key, this.value(depth + 1));
    }
    this.advance();
    return object;
  }

  private array(depth: number): Json[] {
    const array: Json[] = [];
    this.punctuation("[");
    while (this.current !== "]") {
      if (array.length > 0) this.punctuation(",");
      array.push(this.value(depth + 1));
    }
    this.advance();
    return array;
  }
}
