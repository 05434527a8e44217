import { tagOf } from "../../common/checks.js";

const encoder = /* @__PURE__ */ new TextEncoder();
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

// ED A0..BF xx is what UTF-8 would spell for U+D800..U+DFFF. Pieces between go through the strict decoder, so that every other
// fault is still refused.
function decodeWithSurrogates(bytes: Uint8Array): string | null {
  const pieces = decodeLatin1(bytes).split(/\xed([\xa0-\xbf][\x80-\xbf])/);
  const decoded = pieces.map((piece, i) => {
    if (i % 2 === 0) return decodeUtf8(encodeLatin1(piece));
    return String.fromCharCode(0xd000 | ((piece.charCodeAt(0) & 63) << 6) | (piece.charCodeAt(1) & 63));
  });
  return decoded.includes(null) ? null : decoded.join("");
}

/** One character per byte. */
export function decodeLatin1(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 4096) text += String.fromCharCode(...bytes.subarray(i, i + 4096));
  return text;
}

/** The inverse of `decodeLatin1`. */
export function encodeLatin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

// Browsers refuse to decode out of a SharedArrayBuffer.
function unshared(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return tagOf(bytes.buffer) === "ArrayBuffer" ? (bytes as Uint8Array<ArrayBuffer>) : bytes.slice();
}
