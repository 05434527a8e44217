// A Worker that makes an engine in its handler, where workerd compiles no bytes: it answers with what it is told.

import { createEngine } from "sgd-wasm";

export class UserModel {}

export default {
  fetch(): Response {
    try {
      return new Response(createEngine().info.fma);
    } catch (error) {
      return new Response((error as Error).message);
    }
  },
};
