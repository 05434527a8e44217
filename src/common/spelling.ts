// Names in JavaScript's spelling and in Python's.

/** `baseLrs` to `base_lrs`. */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** `base_lrs` to `baseLrs`; an underscore in front stays. */
export function camelCase(name: string): string {
  return name.replace(/(?!^)_([a-z\d])/g, (_, letter: string) => letter.toUpperCase());
}
