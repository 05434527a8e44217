// Sentences to the visitor.

import { byId, element } from "./dom.js";

const MOST = 3;

/** A sentence that can be put away, in place of the same one before. Errors interrupt a screen reader, others wait for it. */
export function notify(text: string, kind: "info" | "error" = "info"): void {
  const notices = byId<HTMLElement>("notices");
  const close = element("button", { type: "button", "aria-label": "Dismiss this message" }, "×");
  const notice = element("p", { class: `notice ${kind}`, role: kind === "error" ? "alert" : "status" }, text, close);
  close.addEventListener("click", () => notice.remove());
  for (const other of [...notices.children]) if (other.firstChild?.textContent === text) other.remove();
  notices.append(notice);
  while (notices.children.length > MOST) notices.firstElementChild!.remove();
}
