// Told when the account was opened elsewhere; nothing else can be done on the page then.

import { h, icon } from "../dom.js";
import { t } from "../i18n.js";

export function kicked({ session }) {
  const dialog = h("dialog", { class: "dialog", role: "alertdialog", "aria-labelledby": "kicked-title", "aria-describedby": "kicked-text" },
    h("span", { class: "dialog-sign" }, icon("warn")),
    h("h2", { id: "kicked-title" }, t("kicked.title")),
    h("p", { id: "kicked-text" }, t("kicked.text")),
    h("button", { type: "button", class: "primary", onclick: () => {
      dialog.close();
      session.leave();
    } }, t("kicked.again")));
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  // A dialog can be shown once it is part of the page.
  queueMicrotask(() => dialog.showModal());
  return dialog;
}
