// One line of the conversation list. A row is changed in place, never replaced: a message that arrives between
// pressing and releasing the mouse must not swallow the click.

import { avatar, h, icon } from "../dom.js";
import { t } from "../i18n.js";
import { lastAt } from "../store.js";
import { describe } from "../text.js";
import { brief } from "../time.js";

/** Someone to begin a chat with; `note` stands below the name. */
export const contactRow = (id, name, note, choose) =>
  h("li", null, h("button", { type: "button", class: "row", onclick: choose },
    avatar(id, name), h("span", { class: "row-name" }, name), h("span", { class: "row-preview" }, note)));

/** A conversation. Returns { li, update }; `update(isOpen)` shows what it is now. */
export function conversationRow(conversation, choose) {
  const { key, id } = conversation;
  const button = h("button", { type: "button", class: "row", dataset: { conversation: key }, onclick: choose });
  let shown;
  const update = (isOpen) => {
    const { name, unread, draft, messages } = conversation;
    const last = messages.at(-1);
    const next = JSON.stringify([name, unread, draft, last, isOpen, t("list.title"), last && brief(last.at)]);
    if (next === shown) return;
    shown = next;
    if (isOpen) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
    button.replaceChildren(
      avatar(id, name),
      h("span", { class: "row-name" }, name),
      last ? time(lastAt(conversation)) : "",
      h("span", { class: "row-preview" }, preview(conversation, isOpen)),
      unread > 0 ? badge(unread) : "");
  };
  return { li: h("li", null, button), update };
}

const time = (at) => h("time", { class: "row-time", datetime: new Date(at).toISOString() }, brief(at));

const badge = (unread) =>
  h("span", { class: "badge" },
    h("span", { "aria-hidden": "true" }, unread > 99 ? "99+" : String(unread)),
    h("span", { class: "hidden" }, t("list.unread", { n: unread })));

/** The last line of a conversation, or the draft that waits in it. */
function preview({ draft, messages }, isOpen) {
  if (draft && !isOpen) return [h("em", { class: "row-draft" }, t("list.draft")), ` ${draft}`];
  const last = messages.at(-1);
  if (!last) return "";
  const sign = { failed: "warn", sending: "clock" }[last.state];
  return [sign && h("span", { class: `row-sign ${last.state}` }, icon(sign)), describe(last)];
}
