// The messages of a chat. The log is drawn once and then only added to.

import { h, icon } from "../dom.js";
import { t } from "../i18n.js";
import { firstUnread } from "../store.js";
import { titleOf } from "../text.js";
import { everyDay, needsStamp } from "../time.js";
import { bubble, stampRow } from "./bubble.js";
import { face } from "./face.js";
import { showProgress } from "./picture.js";

/** Closer to the end than this many pixels counts as reading the latest. */
const NEAR = 48;

/** Returns { view, toEnd() }; `leave()` is called when something that had the focus went away. */
export function messageLog({ session, signal }, conversation, leave) {
  const { store, people, outbox } = session;
  const log = h("ol", { class: "log", role: "log", tabindex: "0", "aria-label": t("chat.log", { name: titleOf(conversation) }) });
  const rowsByKey = new Map();
  let last;
  let missed = 0;
  let pinned = true;

  const pill = h("button", { type: "button", class: "pill", hidden: true, onclick: () => toEnd("smooth") });

  function append(message) {
    if (needsStamp(last?.at, message.at)) log.append(stampRow(message.at));
    else if (follows(last, message)) rowsByKey.get(last.key)?.classList.add("followed");
    const row = bubble(message, session, conversation);
    rowsByKey.set(message.key, row);
    log.append(row);
    last = message;
  }

  function draw() {
    rowsByKey.clear();
    last = undefined;
    log.replaceChildren();
    const unread = firstUnread(conversation);
    for (const message of conversation.messages) {
      if (message === unread && last) log.append(h("li", { class: "unread-mark" }, t("chat.unreadMark")));
      append(message);
    }
    if (!last) log.append(h("li", { class: "hello" }, face(conversation, people), t(conversation.group ? "chat.helloGroup" : "chat.hello")));
  }

  function remove({ key }) {
    rowsByKey.get(key)?.remove();
    rowsByKey.delete(key);
    // Of what stood above it, only the stamp of the message that is now the first may stay.
    while (log.children[1] && !log.children[1].dataset.key) log.firstChild.remove();
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

  function redraw(message) {
    const row = rowsByKey.get(message.key);
    if (!row) return;
    const next = bubble(message, session, conversation);
    if (row.classList.contains("followed")) next.classList.add("followed");
    const focused = row.contains(document.activeElement) && document.activeElement;
    row.replaceWith(next);
    rowsByKey.set(message.key, next);
    if (focused) (next.querySelector(`[data-focus="${focused.dataset.focus}"]`) ?? { focus: leave }).focus();
    if (pinned) toEnd();
  }

  const redrawIf = (test) => conversation.messages.filter(test).forEach(redraw);

  log.addEventListener("scroll", scrolled, { passive: true });
  store.addEventListener("message", added, { signal });
  store.addEventListener("update", ({ detail }) => detail.conversation === conversation && redraw(detail.message), { signal });
  for (const change of ["removed", "moved"]) store.addEventListener(change, ({ detail }) => detail.conversation === conversation && draw(), { signal });
  outbox.addEventListener("progress", ({ detail: { message } }) => {
    const row = rowsByKey.get(message.key);
    if (row) showProgress(row, outbox.progress(message));
  }, { signal });
  people.addEventListener("name", ({ detail: { username } }) => redrawIf(({ from, users }) => from === username || users?.includes(username)), { signal });
  for (const change of ["online", "offline"]) session.addEventListener(change, () => redrawIf(({ state }) => state === "sending"), { signal });
  everyDay(draw, signal);
  // The keyboard of a phone, or a composer that grows, must not cover the latest message.
  const resized = new ResizeObserver(() => pinned && toEnd());
  resized.observe(log);
  signal.addEventListener("abort", () => resized.disconnect());
  draw();
  return { view: h("div", { class: "log-frame" }, log, pill), toEnd };
}

/** Whether the same person goes on speaking. */
const follows = (before, { kind, from }) => before.kind !== "event" && kind !== "event" && before.from === from;
