// Bodies of requests, in pieces of known sizes, and to their ends.

const PIECE = 65_536;

/** A reader that fills the buffer that it is handed: a runtime's own, beyond the standard's. */
interface FillingReader extends ReadableStreamBYOBReader {
  readAtLeast(least: number, view: Uint8Array): Promise<ReadableStreamReadResult<Uint8Array<ArrayBuffer>>>;
}

/** A body that is read piece by piece into one buffer, which is handed back and forth. */
export class BodyReader {
  readonly #reader: FillingReader | null;
  #buffer = new ArrayBuffer(0);

  constructor({ body }: Request) {
    this.#reader = body && (body.getReader({ mode: "byob" }) as FillingReader);
  }

  /** The next `byteLength` bytes, fewer at the body's end. Valid until the next call. */
  async read(byteLength: number): Promise<Uint8Array<ArrayBuffer>> {
    if (!this.#reader || byteLength === 0) return new Uint8Array(0);
    if (this.#buffer.byteLength < byteLength) this.#buffer = new ArrayBuffer(byteLength);
    const view = new Uint8Array(this.#buffer, 0, byteLength);
    const { value } = await this.#reader.readAtLeast(byteLength, view);
    if (value) this.#buffer = value.buffer;
    return value ?? new Uint8Array(0);
  }

  /** Reads to the end, since an answer before that breaks the connection. @returns the number of bytes */
  async drain(): Promise<number> {
    let length = 0;
    for (;;) {
      const { byteLength } = await this.read(PIECE);
      if (byteLength === 0) return length;
      length += byteLength;
    }
  }
}
