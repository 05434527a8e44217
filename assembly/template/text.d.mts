/**
 * What src/kernel/template.generated.ts holds.
 *
 * @throws Error when the compiled module has what would make a wrong kernel
 */
export function templateOf(bytes: Uint8Array): {
  template: string;
  inlined: string[][];
  unshared: string;
  shared: string;
};
