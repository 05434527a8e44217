import { kindOf } from "./kind.js";

const encoder = new TextEncoder();
// Python keeps a byte order mark that begins a string, so it must not be swallowed here.
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const LONE_SURROGATE = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/;

export function isWellFormed(text: string): boolean {
  return !LONE_SURROGATE.test(text);
}

/**
 * UTF-8; a lone surrogate takes three bytes, as with Python's "surrogatepass". Real files have them: the name of a file that
 * is not UTF-8 is such a string in Python, and checkpoints hold names of files.
 */
export function encodeText(text: string): Uint8Array {
  if (isWellFormed(text)) return encoder.encode(text);
  const bytes: number[] = [];
  for (const character of text) {
    const code = character.codePointAt(0) as number;
    if (code >= 0xd800 && code <= 0xdfff) {
      bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
    } else {
      bytes.push(...encoder.encode(character));
    }
  }
  return Uint8Array.from(bytes);
}

/** The inverse of `encodeText`; null where the bytes are not that. */
export function decodeText(bytes: Uint8Array): string | null {
  return decodeUtf8(bytes) ?? decodeWithSurrogates(bytes);
}

/** UTF-8; null where the bytes are not that. */
export function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return strict.decode(unshared(bytes));
  } catch {
    return null;
  }
}

// Pieces between surrogates go through the strict decoder, so that every other fault is still refused.
function decodeWithSurrogates(bytes: Uint8Array): string | null {
  const pieces: string[] = [];
  let from = 0;
  try {
    for (let i = 0; i + 2 < bytes.length; i++) {
      const second = bytes[i + 1];
      const third = bytes[i + 2];
      // ED A0..BF xx is what UTF-8 would spell for U+D800..U+DFFF.
      if (bytes[i] !== 0xed || second < 0xa0 || second > 0xbf || (third & 0xc0) !== 0x80) continue;
      pieces.push(strict.decode(unshared(bytes.subarray(from, i))));
      pieces.push(String.fromCharCode(0xd000 | ((second & 63) << 6) | (third & 63)));
      from = i + 3;
    }
    pieces.push(strict.decode(unshared(bytes.subarray(from))));
  } catch {
    return null;
  }
  return from === 0 ? null : pieces.join("");
}

/** One character per byte. */
export function decodeLatin1(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 4096) text += String.fromCharCode(...bytes.subarray(i, i + 4096));
  return text;
}

// Browsers refuse to decode out of a SharedArrayBuffer.
function unshared(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return kindOf(bytes.buffer) === "ArrayBuffer" ? (bytes as Uint8Array<ArrayBuffer>) : bytes.slice();
}
