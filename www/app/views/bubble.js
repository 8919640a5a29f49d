// One message of the log.

import { avatar, h, icon } from "../dom.js";
import { explain, t } from "../i18n.js";
import { describe, isEmojiOnly, linkify } from "../text.js";
import { full, stamp } from "../time.js";
import { picture } from "./picture.js";
import { voice } from "./voice.js";

/** A row with the message; in a group the others' names stand above it. */
export function bubble(message, session, conversation) {
  const { key, mine, from, kind, state } = message;
  if (kind === "event") return eventRow(message, session);
  const name = session.people.nameOf(from);
  return h("li", { class: `message ${mine ? "mine" : "theirs"}`, dataset: { key, state: mine ? state : "received" } },
    avatar(from, name),
    h("div", { class: "message-body" },
      h("span", { class: "hidden" }, mine ? t("chat.me") : name),
      conversation.type === "group" && !mine && h("span", { class: "sender", "aria-hidden": "true" }, name),
      h("div", { class: "message-line" },
        content(message, session, conversation),
        mine && !(kind === "image" && state === "sending") && sign(message, session.online)),
      state === "failed" && fault(message, () => session.outbox.resend(conversation, message))));
}

function content(message, session, conversation) {
  const { kind, text, at } = message;
  if (kind === "image") return picture(message, session, conversation);
  if (kind === "voice") return voice(message, session, conversation);
  const large = kind === "text" && isEmojiOnly(text);
  return h("p", { class: large ? "bubble large" : "bubble", title: full(at) }, kind === "text" ? linkify(text) : describe(message, session));
}

/** What happened to the group. */
function eventRow(message, session) {
  const { people } = session;
  for (const username of [message.from, ...message.users]) people.wonder(username);
  return h("li", { class: "event", dataset: { key: message.key }, title: full(message.at) }, describe(message, session));
}

/** What became of an own message. */
function sign({ state }, online) {
  const shown = state === "sending" && !online ? "waiting" : state;
  const picture = { sending: h("span", { class: "spinner" }), waiting: icon("clock"), sent: icon("check"), failed: icon("warn") }[shown];
  const label = t(`state.${shown}`);
  return h("span", { class: `sign ${shown}`, role: "img", title: label, "aria-label": label }, picture);
}

/** Why it failed, and the way to try again. */
const fault = ({ code, words, kind }, resend) =>
  h("div", { class: "message-fault" },
    h("p", { class: "message-error" }, code === null ? t("state.unknown") : explain(code, words, kind)),
    h("button", { type: "button", class: "resend", onclick: resend }, icon("again"), t("state.resend")));

/** The time between messages that are far apart. */
export const stampRow = (at) =>
  h("li", { class: "stamp" }, h("time", { datetime: new Date(at).toISOString(), title: full(at) }, stamp(at)));
