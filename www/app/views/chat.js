// The chat pane: header, message log, composer. The log is drawn once and then only added to.

import { avatar, h, icon, iconButton } from "../dom.js";
import { t } from "../i18n.js";
import { everyDay, needsStamp } from "../time.js";
import { bubble, stampRow } from "./bubble.js";
import { composer } from "./composer.js";

/** Closer to the end than this many pixels counts as reading the latest. */
const NEAR = 48;

/** `back` leaves the conversation (on a narrow screen, to the list). */
export function chat({ session, signal }, conversation, back) {
  const { store } = session;
  const { name, id } = conversation;
  const title = h("h2", null, name);
  const log = h("ol", { class: "log", role: "log", tabindex: "0", "aria-label": t("chat.log", { name }) });
  const rowsByKey = new Map();
  let last;
  let missed = 0;
  let pinned = true;

  const pill = h("button", { type: "button", class: "pill", hidden: true, onclick: () => toEnd("smooth") });
  const resend = (message) => session.resend(conversation, message);

  function append(message) {
    if (needsStamp(last?.at, message.at)) log.append(stampRow(message.at));
    else if (last.mine === message.mine && last.from === message.from) rowsByKey.get(last.key)?.classList.add("followed");
    const row = bubble(message, { online: session.online, resend });
    rowsByKey.set(message.key, row);
    log.append(row);
    last = message;
  }

  function draw() {
    rowsByKey.clear();
    last = undefined;
    log.replaceChildren();
    const firstUnread = conversation.messages.length - conversation.unread;
    conversation.messages.forEach((message, at) => {
      if (at === firstUnread && at > 0) log.append(h("li", { class: "unread-mark" }, t("chat.unreadMark")));
      append(message);
    });
    if (!last) log.append(h("li", { class: "hello" }, avatar(id, name), t("chat.hello")));
  }

  function remove({ key }) {
    rowsByKey.get(key)?.remove();
    rowsByKey.delete(key);
    // Of what stood above it, only the stamp of the message that is now the first may stay.
    while (log.children[1] && !log.children[1].matches(".message")) log.firstChild.remove();
  }

  function toEnd(behavior = "instant") {
    log.scrollTo({ top: log.scrollHeight, behavior });
  }

  function scrolled() {
    pinned = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR;
    if (pinned) missed = 0;
    pill.hidden = pinned;
    const words = missed ? t("chat.new", { n: missed }) : "";
    pill.replaceChildren(icon("down"), words);
    pill.setAttribute("aria-label", words || t("chat.bottom"));
  }

  function added({ detail }) {
    if (detail.conversation !== conversation) return;
    if (last) append(detail.message);
    else draw();
    detail.dropped.forEach(remove);
    if (pinned || detail.message.mine) return toEnd();
    missed += 1;
    scrolled();
  }

  function updated({ detail: { conversation: changed, message } }) {
    if (changed === conversation) redraw(message);
  }

  function redraw(message) {
    const row = rowsByKey.get(message.key);
    if (!row) return;
    const next = bubble(message, { online: session.online, resend });
    if (row.classList.contains("followed")) next.classList.add("followed");
    const focused = row.contains(document.activeElement);
    row.replaceWith(next);
    rowsByKey.set(message.key, next);
    if (focused) write.focus();
    if (pinned) toEnd();
  }

  const write = composer(conversation, {
    send: (text) => session.send(conversation, text),
    draft: (text) => store.draft(conversation, text),
  });
  log.addEventListener("scroll", scrolled, { passive: true });
  store.addEventListener("message", added, { signal });
  store.addEventListener("update", updated, { signal });
  store.addEventListener("conversation", ({ detail }) => {
    if (detail.conversation === conversation) title.textContent = conversation.name;
  }, { signal });
  for (const change of ["online", "offline"]) {
    session.addEventListener(change, () => conversation.messages.filter(({ state }) => state === "sending").forEach(redraw), { signal });
  }
  everyDay(draw, signal);
  // The keyboard of a phone, or a composer that grows, must not cover the latest message.
  const resized = new ResizeObserver(() => pinned && toEnd());
  resized.observe(log);
  signal.addEventListener("abort", () => resized.disconnect());
  draw();
  requestAnimationFrame(() => {
    toEnd();
    if (!matchMedia("(pointer: coarse)").matches) write.focus();
  });
  return h("section", { class: "chat", "aria-label": name },
    h("header", { class: "chat-head" },
      iconButton("back", t("chat.back"), back, { "data-back": true }),
      h("div", { class: "chat-title" }, title, name !== id && h("small", null, id))),
    h("div", { class: "log-frame" }, log, pill),
    write.view);
}
