// Files that are often met in place of a checkpoint.

const SIGNS: [pattern: RegExp, what: string][] = [
  [/^version https:\/\/git-lfs/, "a Git LFS pointer: `git lfs pull` fetches the file that it stands for"],
  [/^\s*<(!doctype|html|\?xml)/i, "an HTML page: the download failed"],
  [/^.{257}ustar/s, "a tar archive: unpack it first"],
  [/^PK/, "a zip archive, as torch.save writes: decodeTorch reads it"],
  [/^.{8}\s*\{\s*"/s, "a safetensors file: decodeSafetensors reads it"],
];

/** What a file is that `reader` does not read, by its first 512 bytes; undefined where they do not tell. */
export function whatElse(head: Uint8Array, reader: string): string | undefined {
  const text = String.fromCharCode(...head.subarray(0, 512));
  return SIGNS.find(([pattern, what]) => pattern.test(text) && !what.includes(reader))?.[1];
}
