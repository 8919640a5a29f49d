// A few words that go away by themselves, for what failed or was done out of sight.

import { h } from "../dom.js";

/** How long they stay, in ms. */
const STAY = 5000;

const shelf = h("div", { class: "toasts", role: "status", popover: "manual" });

/** Shows `words`, above any dialog. */
export function toast(words) {
  if (!shelf.isConnected) document.body.append(shelf);
  // Shown anew it is on top of what was opened meanwhile.
  if (shelf.matches(":popover-open")) shelf.hidePopover();
  shelf.showPopover();
  const line = h("p", { class: "toast" }, words);
  shelf.append(line);
  setTimeout(() => {
    line.remove();
    if (!shelf.firstChild) shelf.hidePopover();
  }, STAY);
}
