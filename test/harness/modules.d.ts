// What the bundler of test/harness/bundle.mjs makes of the files that suites import.

declare module "*.bin" {
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}
declare module "*.pt" {
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}
declare module "*.u8" {
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}
declare module "*.i32" {
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}
declare module "*.safetensors" {
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}
/** decompressed and parsed while bundling */
declare module "*.json.gz" {
  const value: unknown;
  export default value;
}
/** decompressed while bundling */
declare module "*.gz" {
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}
/** a program in AssemblyScript, by its path in test/, compiled while bundling */
declare module "assemblyscript:*" {
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}
