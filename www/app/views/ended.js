// Told when the session has ended without the user's doing, mostly because the account was opened elsewhere.
// It covers the page: nothing else can be done there then.

import { avatar, h, icon } from "../dom.js";
import { explain, t } from "../i18n.js";

const ELSEWHERE = 872008;

/** `code` and `message` are the SDK's notification. */
export function ended({ session }, { code, message }) {
  const elsewhere = code === ELSEWHERE;
  const { username, nickname } = session.store.me;
  const dialog = h("dialog", { class: "dialog ended", role: "alertdialog", "aria-labelledby": "ended-title", "aria-describedby": "ended-text" },
    h("div", { class: "ended-card" },
      h("span", { class: "ended-who" }, avatar(username, nickname), h("span", { class: "ended-sign" }, icon("warn"))),
      h("h2", { id: "ended-title" }, t(elsewhere ? "ended.elsewhere" : "ended.title")),
      h("p", { id: "ended-text" }, elsewhere ? t("ended.text") : explain(code, message)),
      h("button", { type: "button", class: "primary", onclick: () => session.leave() }, t("ended.again"))));
  dialog.addEventListener("keydown", (event) => event.key === "Escape" && event.preventDefault());
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  // A browser may let go of a dialog that insists (a phone's back button); there is still nothing else to be done here.
  dialog.addEventListener("close", () => dialog.isConnected && dialog.showModal());
  // A dialog can be shown once it is part of the page.
  queueMicrotask(() => dialog.showModal());
  return dialog;
}
