// One line of the conversation list. A row is changed in place, never replaced: a message that arrives between
// pressing and releasing the mouse must not swallow the click.

import { avatar, h, icon } from "../dom.js";
import { t } from "../i18n.js";
import { lastAt } from "../store.js";
import { describe, titleOf } from "../text.js";
import { brief } from "../time.js";
import { face } from "./face.js";

/** Someone to begin a chat with; `note` stands below the name. */
export const contactRow = (id, name, note, choose) =>
  h("li", null, h("button", { type: "button", class: "row", onclick: choose },
    avatar(id, name), h("span", { class: "row-name" }, h("span", { class: "row-title" }, name)), h("span", { class: "row-preview" }, note)));

/** A conversation. Returns { li, update }; `update(isOpen)` shows what it is now. */
export function conversationRow(conversation, session, choose) {
  const { people } = session;
  const { key } = conversation;
  const button = h("button", { type: "button", class: "row", dataset: { conversation: key }, onclick: choose });
  let shown;
  const update = (isOpen) => {
    const { unread, draft, messages, group } = conversation;
    const last = messages.at(-1);
    const members = group && !group.gone ? group.members : [];
    const count = group && !group.gone ? group.count : 0;
    const named = [titleOf(conversation), count, members.slice(0, 4).map((username) => people.nameOf(username))];
    const line = preview(conversation, isOpen, session);
    const next = JSON.stringify([named, unread, draft, last, line.text, isOpen, t("list.title"), last && brief(last.at)]);
    if (next === shown) return;
    shown = next;
    if (isOpen) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
    button.replaceChildren(
      face(conversation, people),
      h("span", { class: "row-name" }, h("span", { class: "row-title" }, titleOf(conversation)), count > 0 && h("small", null, `(${count})`)),
      last ? time(lastAt(conversation)) : "",
      h("span", { class: "row-preview" }, line.sign, line.text),
      unread > 0 ? badge(unread) : "");
  };
  return { li: h("li", null, button), update };
}

const time = (at) => h("time", { class: "row-time", datetime: new Date(at).toISOString() }, brief(at));

const badge = (unread) =>
  h("span", { class: "badge" },
    h("span", { "aria-hidden": "true" }, unread > 99 ? "99+" : String(unread)),
    h("span", { class: "hidden" }, t("list.unread", { n: unread })));

/** The last line of a conversation, or the draft that waits in it: { sign, text }. */
function preview({ type, draft, messages, group }, isOpen, session) {
  if (draft && !isOpen) return { sign: h("em", { class: "row-draft" }, t("list.draft")), text: ` ${draft}` };
  const last = messages.at(-1);
  if (!last) return { text: group?.about ?? "" };
  const sign = { failed: "warn", sending: "clock" }[last.state];
  const told = type === "group" && !last.mine && last.kind !== "event" ? t("list.said", { name: session.people.nameOf(last.from) }) : "";
  return { sign: sign && h("span", { class: `row-sign ${last.state}` }, icon(sign)), text: told + describe(last, session) };
}
