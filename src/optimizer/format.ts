// An optimizer as text, in the layout of PyTorch's repr.

import type { ParamGroup } from "./options.js";

export function formatOptimizer(groups: readonly ParamGroup[]): string {
  let text = "SGD (";
  groups.forEach((group, i) => {
    text += `\nParameter Group ${i}\n`;
    for (const key of Object.keys(group).sort()) {
      if (key !== "params") text += `    ${key}: ${textOf(group[key])}\n`;
    }
  });
  return `${text})`;
}

function textOf(value: unknown): string {
  try {
    return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
  } catch {
    return Object.prototype.toString.call(value); // a cycle, say
  }
}
