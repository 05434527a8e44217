// As embedded.ts, the builds for shared memory.

import { emulated, hardware, separate } from "../kernel/kernels-shared.generated.js";
import { embedded } from "../kernel/text.js";

export const sharedKernelSource = /* @__PURE__ */ embedded({ hardware, emulated, separate });
