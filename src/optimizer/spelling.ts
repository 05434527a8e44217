// Keys of a parameter group: in camelCase in memory, as PyTorch spells them in a state dict.

import { camelCase, snakeCase } from "../common/spelling.js";

/** SGD's own, and what schedulers keep in groups. Other keys are the user's, and spelled alike on both sides. */
const SPELLED = ["weightDecay", "initialLr", "maxLr", "minLr", "maxMomentum", "baseMomentum", "swaLr"];

export function keyOnDisk(key: string): string {
  return SPELLED.includes(key) ? snakeCase(key) : key;
}

export function keyInMemory(key: string): string {
  const camel = camelCase(key);
  return SPELLED.includes(camel) ? camel : key;
}
