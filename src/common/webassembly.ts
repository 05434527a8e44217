// WebAssembly's types as the public surface names them. A project without them (TypeScript for Node, without "dom") gets what
// is used of them.

type Of<Name extends string, Otherwise> = typeof globalThis extends {
  WebAssembly: { [N in Name]: { prototype: infer Type } };
}
  ? Type
  : Otherwise;

export type WebAssemblyMemory = Of<"Memory", { readonly buffer: ArrayBufferLike; grow(pages: number): number }>;
export type WebAssemblyModule = Of<"Module", object>;
