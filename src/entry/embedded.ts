// The kernels as text in the JavaScript: works wherever a module may be compiled from bytes.

import { emulated, hardware, separate } from "../kernel/kernels.generated.js";
import { embedded } from "../kernel/text.js";

export const kernelSource = /* @__PURE__ */ embedded({ hardware, emulated, separate });
