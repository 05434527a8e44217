/** Whether an object is made of its own properties alone: no class instance, no array, nothing with a meaning of its own. */
export function isPlainObject(object: object): boolean {
  if (Array.isArray(object)) return false;
  const prototype: unknown = Object.getPrototypeOf(object);
  // Plain objects of another realm have another Object.prototype, above which there is nothing either.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
