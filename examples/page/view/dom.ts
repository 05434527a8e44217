// Elements of the page, by what they are.

/** The element with this id, which index.html has. */
export function byId<T extends Element>(id: string): T {
  return document.getElementById(id) as unknown as T;
}

/** A new element with attributes. */
export function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Record<string, string> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  setAttributes(made, attributes);
  made.append(...children);
  return made;
}

export function svgElement<K extends keyof SVGElementTagNameMap>(
  name: K,
  attributes: Record<string, string | number> = {},
): SVGElementTagNameMap[K] {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  setAttributes(made, attributes);
  return made;
}

export function setAttributes(target: Element, attributes: Record<string, string | number>): void {
  for (const [key, value] of Object.entries(attributes)) target.setAttribute(key, String(value));
}

/** Writes only a change, so that a list that is open or a slider that is held stays as it is. */
export function setValue(target: HTMLInputElement | HTMLSelectElement, value: string): void {
  if (target.value !== value && !target.matches(":active")) target.value = value;
}

/** Writes only a change, so that nothing is laid out or announced anew. */
export function setText(target: Element, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}
