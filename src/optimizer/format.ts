// An optimizer as text, in the layout of PyTorch's repr.

import type { ParamGroup } from "./groups.js";

export function formatOptimizer(groups: readonly ParamGroup[]): string {
  // Whatever a program has put into paramGroups: console.log must not throw.
  const texts = Array.from(groups ?? [], (group, i) => {
    const { params, ...options } = { ...group };
    const keys = Object.keys(options).sort();
    return `\nParameter Group ${i}\n${keys.map((key) => `    ${key}: ${textOf(options[key])}\n`).join("")}`;
  });
  return `SGD (${texts.join("")})`;
}

function textOf(value: unknown): string {
  try {
    return typeof value === "object" ? JSON.stringify(value) : String(value);
  } catch {
    return typeof value; // a cycle, say
  }
}
