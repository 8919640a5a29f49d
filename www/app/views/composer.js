// Where a message is written. Enter sends unless an input method is composing; Shift + Enter is a new line.

import { h, icon, iconButton } from "../dom.js";
import { t } from "../i18n.js";
import { bytes } from "../text.js";
import { imageButton, pasteImages } from "./attach.js";
import { emojiPanel } from "./emoji.js";

/** The largest message JMessage takes, in bytes of UTF-8; its envelope `{"text":""}` counts too. */
const LIMIT = 4096 - 11;
/** From here on the room that is left is shown. */
const WARN = 3600;

/** No room, and mostly no keys, for the hint about Enter. */
const NARROW = matchMedia("(max-width: 720px), (pointer: coarse)");

/** `send(text)` is called with what is to be sent, `draft(text)` with what is left behind, `pick(files)` with pictures. */
export function composer(conversation, { send, draft, pick }) {
  const input = h("textarea", {
    class: "composer-input", rows: 1, placeholder: t(NARROW.matches ? "compose.label" : "compose.hint"), "aria-label": t("compose.label"), enterkeyhint: "send",
  });
  input.value = conversation.draft;
  const count = h("span", { class: "composer-count", role: "status" });
  const submit = h("button", { type: "submit", class: "composer-send primary", title: t("compose.send") }, icon("send"), h("span", null, t("compose.send")));

  function changed() {
    input.style.height = "auto";
    input.style.height = `${input.scrollHeight}px`;
    const size = bytes(JSON.stringify(input.value)) - 2;
    const over = size > LIMIT;
    count.textContent = over ? t("compose.over", { n: size - LIMIT }) : size > WARN ? t("compose.left", { n: LIMIT - size }) : "";
    count.classList.toggle("over", over);
    submit.disabled = over || input.value.trim() === "";
  }

  function submitted(event) {
    event.preventDefault();
    if (submit.disabled) return;
    send(input.value.trim());
    input.value = "";
    draft("");
    changed();
    input.focus();
  }

  function insert(text) {
    input.setRangeText(text, input.selectionStart, input.selectionEnd, "end");
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }

  const toggle = iconButton("smile", t("compose.emoji"), () => panel.toggle(), { "aria-expanded": "false" });
  const panel = emojiPanel(toggle, (emoji) => insert(emoji), () => input.focus());
  const view = h("form", { class: "composer", onsubmit: submitted }, panel.view, toggle, imageButton(pick), input, count, submit);

  input.addEventListener("keydown", (event) => {
    // Old engines report the Enter that ends a composition as key code 229 after `isComposing` is false again.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    view.requestSubmit();
  });
  pasteImages(input, pick);
  input.addEventListener("input", () => {
    changed();
    draft(input.value);
  });
  requestAnimationFrame(changed);
  return { view, focus: () => input.focus({ preventScroll: true }) };
}
