// One question before a change.
import { byId, setText } from "./dom.js";

/** True when the person said yes; Escape is no. */
export function ask(title, text, yes, isDanger) {
  const dialog = byId("ask");
  setText("ask-title", title);
  setText("ask-text", text);
  setText("ask-yes", yes);
  byId("ask-yes").classList.toggle("danger", isDanger);
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true }));
}
