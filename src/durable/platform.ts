// What Durable Objects give, as far as it is used here.

import { DurableObject } from "cloudflare:workers";
import type { ParameterCoordinator } from "./coordinator.js";
import type { ParameterShard } from "./shard.js";

export type SqlValue = string | number | null | ArrayBuffer;
type SqlRow = Record<string, SqlValue>;

export interface SqlStorage {
  exec<T extends object = SqlRow>(query: string, ...bindings: (SqlValue | Uint8Array)[]): { toArray(): T[] };
}

export interface ObjectStorage {
  readonly sql: SqlStorage;
  transactionSync<T>(closure: () => T): T;
  sync(): Promise<void>;
  setAlarm(time: number): Promise<void>;
  deleteAlarm(): Promise<void>;
  deleteAll(): Promise<void>;
}

export interface ObjectContext {
  readonly storage: ObjectStorage;
  waitUntil(promise: Promise<unknown>): void;
}

/** The methods of an object as its stub has them. */
export type Stub<T> = {
  [K in keyof T]: T[K] extends (...args: infer A) => infer R ? (...args: A) => Promise<Awaited<R>> : never;
};

export interface Namespace<T> {
  getByName(name: string): Stub<T>;
}

/** The bindings, by whose names the objects call each other. */
export interface Bindings {
  PARAMETER_COORDINATOR: Namespace<ParameterCoordinator>;
  PARAMETER_SHARD: Namespace<ParameterShard>;
}

/** `DurableObject`, with types that need none of Cloudflare's. */
export const ObjectBase: new (ctx: ObjectContext, env: Bindings) => object = DurableObject;
