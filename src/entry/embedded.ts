// The kernels made here: works wherever a module may be compiled from bytes.

import { compiled } from "../kernel/compile.js";
import { unshared } from "../kernel/template.generated.js";

export const kernelSource = /* @__PURE__ */ compiled(unshared);
