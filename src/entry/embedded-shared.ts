// As embedded.ts, for shared memory.

import { compiled } from "../kernel/compile.js";
import { shared } from "../kernel/template.generated.js";

export const sharedKernelSource = /* @__PURE__ */ compiled(shared);
