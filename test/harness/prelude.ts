// Evaluated before everything else in a bundle of suites: uvu reads these globals when it is loaded. With UVU_DEFER it
// waits for exec() instead of starting on a timer, on every runtime in the same way.

Object.assign(globalThis, { UVU_DEFER: 1, UVU_QUEUE: [["suites"]], UVU_INDEX: 0 });

export {};
