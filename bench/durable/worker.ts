// The parameter server with a counter of the rows that it writes, which is what is billed.

import {
  createHandler,
  ParameterCoordinator as PublishedCoordinator,
  ParameterShard as PublishedShard,
  tokens,
} from "sgd-wasm/durable";

const rows = { shard: 0, coordinator: 0 };

interface Context {
  storage: {
    sql: { exec(query: string, ...bindings: unknown[]): { rowsWritten: number } };
    setAlarm(time: number): Promise<void>;
  };
}

function counted(context: Context, object: keyof typeof rows): never {
  const { storage } = context;
  const { exec } = Object.getPrototypeOf(storage.sql);
  const { setAlarm } = Object.getPrototypeOf(storage);
  storage.sql.exec = (query, ...bindings) => {
    const cursor = exec.call(storage.sql, query, ...bindings);
    rows[object] += cursor.rowsWritten;
    return cursor;
  };
  storage.setAlarm = (time) => {
    rows[object]++;
    return setAlarm.call(storage, time);
  };
  return context as never;
}

export class ParameterShard extends PublishedShard {
  constructor(context: Context, env: never) {
    super(counted(context, "shard"), env);
  }
}

export class ParameterCoordinator extends PublishedCoordinator {
  constructor(context: Context, env: never) {
    super(counted(context, "coordinator"), env);
  }
}

const handler = createHandler<{ TRAINING_SECRET: string }>({ authorize: tokens((env) => env.TRAINING_SECRET) });

export default {
  fetch(request: Request, env: { TRAINING_SECRET: string }): Response | Promise<Response> {
    return new URL(request.url).pathname === "/rows" ? Response.json(rows) : handler.fetch(request, env);
  },
};
