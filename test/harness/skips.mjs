// The tests that may be skipped, and where. Whatever else is skipped is a failure: a skip hides what nobody runs.
//
// `tests` matches `file: title`; `on` has names of runtimes, as for --only, with the way of loading if not all of them.

const NODES = ["node20", "node22", "node24", "node26"];
const pages = (...ways) => ["chromium", "firefox"].flatMap((name) => ways.map((way) => `${name}, ${way}`));

const NOT_ISOLATED = pages("page", "CSP", "Worker", "Service Worker");

export const SKIPS = [
  // No shared memory, or no Workers.
  { tests: /^threads\/|: threads work to the end of the memory$/, on: [...NOT_ISOLATED, "webkit", "workerd"] },
  // Threads from a text, where only those from files are allowed.
  { tests: /^threads\/threads\.test\.ts: a worker that (never works|dies)/, on: pages("isolated CSP") },
  { tests: /: a shared memory takes an engine of one thread$/, on: [...NOT_ISOLATED, "webkit"] },
  // No other realm: neither an iframe in which a text may be run nor a vm context.
  {
    tests: /^realms\//,
    on: [
      ...pages("CSP", "isolated CSP", "Worker", "Service Worker"),
      "webkit, CSP",
      "webkit, Worker",
      "webkit, Service Worker",
    ].concat("workerd"),
  },
  // No Symbol.dispose.
  { tests: /: `using` gives an optimizer's memory back$/, on: ["webkit"] },
  // WebAssembly.Memory with 64-bit addresses.
  { tests: /: a 64-bit memory is refused/, on: ["node20", "node22", "bun", "webkit"] },
  // Safari's engine takes filling with zeros up to the end of a memory for going beyond it.
  { tests: /: every block of a foreign memory may be its last$/, on: ["webkit"] },
  // What `npm run runtimes` and `npm run recipes` fetch; CI has it, and skips none of these.
  { tests: /^worker-example\.test\.ts|^recipes\.test\.ts/, on: [...NODES, "package"] },
  // Relaxed SIMD that rounds once.
  { tests: /^kernel\/kernel-file\.test\.ts: kernel-hardware\.wasm/, on: ["node20", "bun", "webkit"] },
];

/** Whether a test may be skipped in a run. */
export function maySkip({ name, way }, { file, test }) {
  return SKIPS.some(
    ({ tests, on }) => tests.test(`${file}: ${test}`) && (on.includes(name) || on.includes(`${name}, ${way}`)),
  );
}
