// The Worker of the documentation, whose objects stop where a test says: before or after a statement of SQL, or a call to a shard. What is
// published knows nothing of it: the storage and the bindings that the objects are given are watched.

import {
  createHandler,
  ParameterCoordinator as PublishedCoordinator,
  ParameterShard as PublishedShard,
  tokens,
} from "sgd-wasm/durable";

/** Stops at the `nth` point whose name matches; or at any, by chance. */
export interface Fault {
  point?: string;
  nth?: number;
  /** how often from there on; default once */
  times?: number;
  /** one of so many points */
  oneOf?: number;
  seed?: number;
  /** alarms go off after so many milliseconds, whatever was asked for */
  alarmMs?: number;
}

let fault: Fault | null = null;
let seen = 0;
let fired = 0;
let random = 0;
let alarmMs: number | undefined;
let alarms = 0;

function reach(name: string, context: DurableContext): void {
  if (!fault) return;
  if (fault.point !== undefined) {
    if (!new RegExp(fault.point).test(name) || ++seen < fault.nth!) return;
    if (seen === fault.nth! + (fault.times ?? 1) - 1) fault = null;
  } else {
    random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
    if ((random >>> 8) % fault.oneOf! !== 0) return;
  }
  fired++;
  context.abort(`a fault at ${name}`);
}

interface DurableContext {
  storage: {
    sql: { exec(query: string, ...bindings: unknown[]): unknown };
    setAlarm(time: number): Promise<void>;
    deleteAll(): Promise<void>;
  };
  abort(reason: string): void;
}

/** Reaches a point before and after every statement that writes and a deletion of all; alarms come early. */
function watched(object: string, context: DurableContext): never {
  const { storage } = context;
  const { sql } = storage;
  const { exec } = Object.getPrototypeOf(sql);
  const { setAlarm, deleteAll } = Object.getPrototypeOf(storage);
  storage.setAlarm = (time) => setAlarm.call(storage, alarmMs === undefined ? time : Date.now() + alarmMs);
  storage.deleteAll = async () => {
    reach(`${object} before deleteAll`, context);
    await deleteAll.call(storage);
    reach(`${object} after deleteAll`, context);
  };
  sql.exec = (query, ...bindings) => {
    const [statement] = /^\s*(CREATE|INSERT INTO|UPDATE|DELETE FROM) \w+( \w+)?/.exec(query) ?? [];
    if (statement) reach(`${object} before ${statement.trim()}`, context);
    const result = exec.call(sql, query, ...bindings);
    if (statement) reach(`${object} after ${statement.trim()}`, context);
    return result;
  };
  return context as never;
}

type AnyStub = Record<string, (...args: unknown[]) => Promise<unknown>>;

/** Reaches a point before and after every call. */
function watchedNamespace(namespace: { getByName(name: string): AnyStub }, context: DurableContext) {
  const watchedStub = (stub: AnyStub) =>
    new Proxy(stub, {
      get:
        (_, method: string) =>
        async (...args: unknown[]) => {
          reach(`coordinator before ${method}`, context);
          const result = await stub[method](...args);
          reach(`coordinator after ${method}`, context);
          return result;
        },
    });
  return { getByName: (name: string) => watchedStub(namespace.getByName(name)) };
}

export class ParameterShard extends PublishedShard {
  constructor(context: DurableContext, env: never) {
    super(watched("shard", context), env);
  }
}

export class ParameterCoordinator extends PublishedCoordinator {
  constructor(context: DurableContext, env: { PARAMETER_SHARD: { getByName(name: string): AnyStub } }) {
    const PARAMETER_SHARD = watchedNamespace(env.PARAMETER_SHARD, context);
    super(watched("coordinator", context), { ...env, PARAMETER_SHARD } as never);
  }

  alarm(): Promise<void> {
    alarms++;
    const { alarm } = PublishedCoordinator.prototype as unknown as { alarm(): Promise<void> };
    return alarm.call(this);
  }
}

const handler = createHandler<{ TRAINING_SECRET: string }>({ authorize: tokens((env) => env.TRAINING_SECRET) });

export default {
  async fetch(request: Request, env: { TRAINING_SECRET: string }): Promise<Response> {
    if (new URL(request.url).pathname !== "/fault") return handler.fetch(request, env);
    const answer = { fired, alarms };
    fault = (await request.json()) as Fault | null;
    seen = fired = alarms = 0;
    alarmMs = fault?.alarmMs;
    random = fault?.seed ?? 0;
    return Response.json(answer);
  },
};
