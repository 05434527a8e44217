// Eight tables: eight bytes are folded in per step instead of one.
const TABLES = makeTables();

function makeTables(): Uint32Array {
  const tables = new Uint32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let c = byte;
    for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
    tables[byte] = c;
  }
  for (let i = 256; i < tables.length; i++) {
    const previous = tables[i - 256];
    tables[i] = tables[previous & 255] ^ (previous >>> 8);
  }
  return tables;
}

/** The CRC-32 of zip (reflected polynomial EDB88320). */
export function crc32(bytes: Uint8Array): number {
  const t = TABLES;
  const b = bytes;
  const blocks = bytes.length & ~7;
  let c = ~0;
  let i = 0;
  for (; i < blocks; i += 8) {
    const low = c ^ (b[i] | (b[i + 1] << 8) | (b[i + 2] << 16) | (b[i + 3] << 24));
    c =
      t[1792 + (low & 255)] ^
      t[1536 + ((low >>> 8) & 255)] ^
      t[1280 + ((low >>> 16) & 255)] ^
      t[1024 + (low >>> 24)] ^
      t[768 + b[i + 4]] ^
      t[512 + b[i + 5]] ^
      t[256 + b[i + 6]] ^
      t[b[i + 7]];
  }
  for (; i < bytes.length; i++) c = t[(c ^ b[i]) & 255] ^ (c >>> 8);
  return ~c >>> 0;
}
