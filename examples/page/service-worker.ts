// Keeps the page's files, so that it works offline: what the network gives is the newest, what was kept is the fallback.

/** All files of the folder, and a name for their contents: build/build.ts fills them in. */
declare const FILES: string[];
declare const VERSION: string;

interface Extendable extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface Fetching extends Extendable {
  request: Request;
  respondWith(response: Promise<Response>): void;
}

const PREFIX = "sgd-wasm page ";
const cacheName = PREFIX + VERSION;

async function install(): Promise<void> {
  const cache = await caches.open(cacheName);
  await cache.addAll(FILES);
  await (globalThis as unknown as { skipWaiting(): Promise<void> }).skipWaiting();
}

/** Takes charge of the pages that are open, and forgets older files. */
async function activate(): Promise<void> {
  const old = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== cacheName);
  await Promise.all(old.map((name) => caches.delete(name)));
  await (globalThis as unknown as { clients: { claim(): Promise<void> } }).clients.claim();
}

async function answer(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch (error) {
    const kept = await caches.match(request, { ignoreSearch: true });
    if (kept) return kept;
    throw error;
  }
}

addEventListener("install", (event) => (event as Extendable).waitUntil(install()));
addEventListener("activate", (event) => (event as Extendable).waitUntil(activate()));
addEventListener("fetch", (event) => {
  const { request } = event as Fetching;
  if (request.method === "GET") (event as Fetching).respondWith(answer(request));
});
