// Dialogs: a question, and the frame of those with more to say. The browser keeps the focus inside, closes them on
// Escape, and gives the focus back.

import { h, iconButton } from "../dom.js";
import { explain, t } from "../i18n.js";

let count = 0;

/** Puts a dialog on the page as a modal one; it is gone when it is closed. */
export function present(dialog) {
  dialog.addEventListener("close", () => dialog.remove());
  document.getElementById("app").append(dialog);
  dialog.showModal();
  return dialog;
}

/** Asks; resolves with whether the answer was `action`. `danger` is for what cannot be undone. */
export function confirm({ title, text, action, danger = false }) {
  return new Promise((resolve) => {
    const id = `dialog-${++count}`;
    const answer = (yes) => () => dialog.close(yes ? "yes" : "");
    const cancel = h("button", { type: "button", class: "secondary", autofocus: danger, onclick: answer(false) }, t("dialog.cancel"));
    const agree = h("button", { type: "button", class: danger ? "primary danger" : "primary", autofocus: !danger, onclick: answer(true) }, action);
    const dialog = h("dialog", { class: "dialog question", role: "alertdialog", "aria-labelledby": `${id}-title`, "aria-describedby": `${id}-text` },
      h("h2", { id: `${id}-title` }, title),
      h("p", { id: `${id}-text` }, text),
      h("div", { class: "dialog-actions" }, cancel, agree));
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"));
    present(dialog);
  });
}

/**
 * A form in a dialog. `submit()` does what it is for: a promise, with whose end the dialog closes, or with whose
 * failure it stays and says why; `complain()` returns words when something is missing.
 */
export function formDialog({ title, fields, action, complain = () => "", submit }) {
  const id = `dialog-${++count}`;
  const status = h("p", { class: "dialog-status", role: "alert" });
  const button = h("button", { type: "submit", class: "primary" }, action);
  let busy = false;

  async function submitted(event) {
    event.preventDefault();
    if (busy) return;
    status.textContent = complain();
    if (status.textContent) return;
    busy = button.disabled = true;
    try {
      await submit();
      dialog.close();
    } catch (refused) {
      status.textContent = explain(refused.code, refused.message);
    } finally {
      busy = button.disabled = false;
    }
  }

  const dialog = h("dialog", { class: "dialog sheet", "aria-labelledby": `${id}-title` },
    h("form", { novalidate: true, onsubmit: submitted },
      h("header", { class: "sheet-head" }, h("h2", { id: `${id}-title` }, title), iconButton("close", t("dialog.close"), () => dialog.close())),
      h("div", { class: "sheet-body" }, fields),
      h("footer", { class: "sheet-foot" }, status, h("button", { type: "button", class: "secondary", onclick: () => dialog.close() }, t("dialog.cancel")), button)));
  return present(dialog);
}

/** A text field with its label; `note` stands beside the label. */
export function textField(label, props, note) {
  const id = `field-${++count}`;
  const input = h(props.rows ? "textarea" : "input", { id, autocomplete: "off", ...props });
  input.value = props.value ?? "";
  const view = h("div", { class: "field" }, h("label", { for: id }, label, note && h("small", null, note)), input);
  return { view, input };
}
