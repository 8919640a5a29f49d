// One message of the log.

import { avatar, h, icon } from "../dom.js";
import { explain, t } from "../i18n.js";
import { describe, isEmojiOnly, linkify } from "../text.js";
import { full, stamp } from "../time.js";

/** A row with the message; `online` is whether it can go out now, `resend(message)` what a click on its failure does. */
export function bubble(message, { online, resend }) {
  const { key, mine, from, name, kind, text, at, state } = message;
  const content = kind === "text" ? linkify(text) : [describe(message)];
  const large = kind === "text" && isEmojiOnly(text);
  return h("li", { class: `message ${mine ? "mine" : "theirs"}`, dataset: { key, state: mine ? state : "received" } },
    avatar(from, name),
    h("div", { class: "message-body" },
      h("span", { class: "hidden" }, mine ? t("chat.me") : name),
      h("div", { class: "message-line" },
        h("p", { class: large ? "bubble large" : "bubble", title: full(at) }, content),
        mine && sign(message, online, resend)),
      state === "failed" && h("p", { class: "message-error" }, message.code === null ? t("state.unknown") : explain(message.code, message.words))));
}

/** What became of an own message. */
function sign(message, online, resend) {
  const state = message.state === "sending" && !online ? "waiting" : message.state;
  if (state === "failed") {
    const label = t("state.resend");
    return h("button", { type: "button", class: "sign failed", title: label, "aria-label": label, onclick: () => resend(message) }, icon("warn"));
  }
  const label = t(`state.${state}`);
  const picture = { sending: h("span", { class: "spinner" }), waiting: icon("clock"), sent: icon("check") }[state];
  return h("span", { class: `sign ${state}`, role: "img", title: label, "aria-label": label }, picture);
}

/** The time between messages that are far apart. */
export const stampRow = (at) =>
  h("li", { class: "stamp" }, h("time", { datetime: new Date(at).toISOString(), title: full(at) }, stamp(at)));
