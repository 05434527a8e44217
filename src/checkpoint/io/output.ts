import { CheckpointError } from "./error.js";

/** A file that is laid out, but not written: its size is known, its bytes come piece by piece. */
export interface Output {
  size: number;
  /** In order; pieces may be views of the tensors themselves. */
  pieces(): Generator<Uint8Array>;
}

const CHUNK = 1 << 20;

/** The whole file, allocated once: each tensor is copied straight to its place. */
export function toArray(output: Output): Uint8Array<ArrayBuffer> {
  let file: Uint8Array<ArrayBuffer>;
  try {
    file = new Uint8Array(output.size);
  } catch {
    throw new CheckpointError(`the file takes ${output.size} bytes, which could not be allocated; stream it instead`);
  }
  let at = 0;
  for (const piece of output.pieces()) {
    file.set(piece, at);
    at += piece.length;
  }
  return file;
}

/** The file as chunks of at most 1 MiB. They are copies: the memory behind a tensor may grow or be transferred meanwhile. */
export function toStream(output: Output): ReadableStream<Uint8Array<ArrayBuffer>> {
  const chunks = chunksOf(output);
  return new ReadableStream({
    pull(controller) {
      const { done, value } = chunks.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  });
}

function* chunksOf(output: Output): Generator<Uint8Array<ArrayBuffer>> {
  let chunk = new Uint8Array(Math.min(CHUNK, output.size));
  let filled = 0;
  let left = output.size;
  for (const piece of output.pieces()) {
    for (let at = 0; at < piece.length; ) {
      const part = piece.subarray(at, at + chunk.length - filled);
      chunk.set(part, filled);
      at += part.length;
      filled += part.length;
      if (filled < chunk.length) continue;
      yield chunk;
      left -= filled;
      chunk = new Uint8Array(Math.min(CHUNK, left));
      filled = 0;
    }
  }
}
