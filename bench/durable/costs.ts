// What training costs, from the rows that were counted and the prices that Cloudflare publishes.

import type { Table } from "../support/table.js";

/**
 * https://developers.cloudflare.com/durable-objects/platform/pricing and https://developers.cloudflare.com/workers/platform/pricing, in
 * USD, of the paid plan, beyond what it includes each month.
 */
export const PRICES = {
  date: "November 2026",
  rowsWritten: 1.0e-6,
  objectRequest: 0.15e-6,
  workerRequest: 0.3e-6,
  gigabyteSecond: 12.5e-6,
  gigabyteMonth: 0.2,
};

const STEPS = 10_000;
const SHARD = 2_097_152;
/** seconds that an object is awake in a step, for a slice of 8 MB in and out at 100 Mbit/s shared by 6 connections */
const AWAKE = 5;
const OBJECT_GIGABYTES = 0.128;
const SIZES: [name: string, elements: number][] = [
  ["10 M", 10e6],
  ["100 M", 100e6],
  ["1 B", 1e9],
];

/** @param rows written a step by a shard of `SHARD` elements, and by the coordinator */
export function costTable(rows: { shard: number; coordinator: number }, workers: number): Table {
  return {
    title: `USD for ${STEPS.toLocaleString("en")} steps of ${workers} workers, float32 with momentum`,
    head: [
      "parameters",
      "shards",
      "rows a step",
      "rows",
      "duration",
      "object requests",
      "Worker requests",
      "sum",
      "stored, a month",
      "a worker moves each step",
    ],
    rows: SIZES.map(([name, elements]) => costRow(name, elements, rows, workers)),
    notes: [
      `Prices of ${PRICES.date}, beyond what is included. Rows were counted for a shard of ${SHARD.toLocaleString("en")} elements.`,
      `Objects are taken to be awake ${AWAKE} s a step.`,
    ],
  };
}

function costRow(
  name: string,
  elements: number,
  rows: { shard: number; coordinator: number },
  workers: number,
): string[] {
  const shards = Math.ceil(elements / SHARD);
  const rowsOfStep = Math.ceil((elements / SHARD) * rows.shard + rows.coordinator);
  const perStep = {
    rows: rowsOfStep * PRICES.rowsWritten,
    duration: (shards + 1) * AWAKE * OBJECT_GIGABYTES * PRICES.gigabyteSecond,
    // A pull and a push of every worker, prepare and commit; ready of every shard, and a wait of every worker.
    objects: (shards * (2 * workers + 2) + shards + workers) * PRICES.objectRequest,
    worker: workers * (2 * shards + 1) * PRICES.workerRequest,
  };
  const sum = Object.values(perStep).reduce((total, price) => total + price, 0);
  const dollars = (price: number) => (price * STEPS).toFixed(2);
  // Two versions of the parameters, momentum, and a push of every worker.
  const gigabytes = (elements * 4 * (3 + workers)) / 1e9;
  return [
    name,
    String(shards),
    rowsOfStep.toLocaleString("en"),
    ...[perStep.rows, perStep.duration, perStep.objects, perStep.worker, sum].map(dollars),
    `${(gigabytes * PRICES.gigabyteMonth).toFixed(2)} (${gigabytes.toFixed(1)} GB)`,
    `${((elements * 8) / 1e6).toLocaleString("en")} MB`,
  ];
}
