/** @throws Error when README.md has no place for it */
export function writeToReadme(name: string, text: string): void;
