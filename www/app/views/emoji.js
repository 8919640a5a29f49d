// A small panel of emoji; the arrow keys move in it, Escape closes it.

import { h } from "../dom.js";
import { t } from "../i18n.js";

const EMOJI = [..."😀😄😁😅😂🙂😉😊😍😘😜🤔😏😎😭😢😡😱😴🤗🙄😷🤝👍👎👏🙏💪👌👋✌🎉🎂🎁🌹💐🔥💯⭐☀🌙🍻☕🍚🍉🐶🐱🐼"];
const COLUMNS = 8;

/** `toggle` is the button that opens it; `pick(emoji)` is called with a choice, `done()` when it is closed by key. */
export function emojiPanel(toggle, pick, done) {
  const buttons = EMOJI.map((emoji, at) => {
    const shown = emoji.length === 1 ? `${emoji}\ufe0f` : emoji;
    return h("button", { type: "button", tabindex: at ? -1 : 0, onclick: () => pick(shown) }, shown);
  });
  const view = h("div", { class: "emoji", role: "group", "aria-label": t("compose.emoji"), hidden: true }, buttons);

  function show(open) {
    view.hidden = !open;
    toggle.setAttribute("aria-expanded", String(open));
    if (open) {
      buttons[0].focus();
      document.addEventListener("pointerdown", outside, true);
    } else {
      document.removeEventListener("pointerdown", outside, true);
    }
  }

  function outside({ target }) {
    if (!view.isConnected || (!view.contains(target) && !toggle.contains(target))) show(false);
  }

  view.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      show(false);
      done();
      return;
    }
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: COLUMNS, ArrowUp: -COLUMNS }[event.key];
    const next = step && buttons[buttons.indexOf(document.activeElement) + step];
    if (!next) return;
    event.preventDefault();
    document.activeElement.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  });
  return { view, toggle: () => show(view.hidden) };
}
