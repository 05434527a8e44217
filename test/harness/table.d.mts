/** @throws Error when docs/`file` has no place for it */
export function writeTable(file: string, name: string, text: string): void;
