// What is used of the packages in this folder, so that types can be checked where they are not installed.

declare module "@huggingface/hub" {
  export function parseSafetensorsMetadata(params: {
    repo: string;
    path: string;
    fetch: typeof fetch;
  }): Promise<{ header: Record<string, unknown> }>;
}

declare module "@jax-js/loaders" {
  type Tensor = { dtype: string; shape: number[]; data: ArrayBufferView<ArrayBuffer> };
  export const safetensors: {
    parse(data: Uint8Array<ArrayBuffer>): { tensors: Record<string, Tensor>; metadata?: Record<string, string> };
  };
}
