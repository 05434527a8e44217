// The kernels made here: works wherever a module may be compiled from bytes.

import { compiled } from "../kernel/compile.js";
import type { KernelSource } from "../kernel/select.js";
import { shared, unshared } from "../kernel/template.generated.js";

const forShared = /* @__PURE__ */ compiled(shared);
const forUnshared = /* @__PURE__ */ compiled(unshared);

export const kernelSource: KernelSource = (build, isShared) => (isShared ? forShared : forUnshared)(build);
