// @huggingface/hub reads a file as if it lay on the hub.

import { parseSafetensorsMetadata } from "@huggingface/hub";

/** Dtypes, shapes and metadata, as the parser gives them. */
export async function readByHub(file: Uint8Array<ArrayBuffer>) {
  const { header } = await parseSafetensorsMetadata({ repo: "a/b", path: "model.safetensors", fetch: serve(file) });
  const { __metadata__: metadata, ...rest } = header;
  const entries = Object.entries(rest) as [string, { dtype: string; shape: number[] }][];
  const tensors = Object.fromEntries(
    entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, { dtype, shape }]) => [name, [dtype, shape]]),
  );
  return { tensors, metadata };
}

/** A `fetch` that has one file, and gives any range of it. */
function serve(file: Uint8Array<ArrayBuffer>) {
  return async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const url = String(input instanceof Request ? input.url : input);
    if (!url.includes("model.safetensors")) return new Response("", { status: 404 });
    const range = /bytes=(\d+)-(\d*)/.exec(new Headers(init.headers).get("range") ?? "");
    const start = range ? Number(range[1]) : 0;
    const end = range?.[2] ? Math.min(Number(range[2]) + 1, file.length) : file.length;
    const headers = {
      etag: '"1"',
      "content-range": `bytes ${start}-${end - 1}/${file.length}`,
      "content-length": String(end - start),
    };
    return new Response(file.slice(start, end), { status: range ? 206 : 200, headers });
  };
}
