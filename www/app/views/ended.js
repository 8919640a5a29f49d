// Told when the session has ended without the user's doing, mostly because the account was opened elsewhere.
// Nothing else can be done on the page then.

import { h, icon } from "../dom.js";
import { explain, t } from "../i18n.js";

const ELSEWHERE = 872008;

/** `code` and `message` are the SDK's notification. */
export function ended({ session }, { code, message }) {
  const elsewhere = code === ELSEWHERE;
  const dialog = h("dialog", { class: "dialog", role: "alertdialog", "aria-labelledby": "ended-title", "aria-describedby": "ended-text" },
    h("span", { class: "dialog-sign" }, icon("warn")),
    h("h2", { id: "ended-title" }, t(elsewhere ? "ended.elsewhere" : "ended.title")),
    h("p", { id: "ended-text" }, elsewhere ? t("ended.text") : explain(code, message)),
    h("button", { type: "button", class: "primary", onclick: () => {
      dialog.close();
      session.leave();
    } }, t("ended.again")));
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  // A dialog can be shown once it is part of the page.
  queueMicrotask(() => dialog.showModal());
  return dialog;
}
