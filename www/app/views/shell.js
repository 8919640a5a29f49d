// The frame around the chats: account rail, conversation list, chat pane, connection banner, dialog at the end,
// the page's title and its address. `#single/bobby` in the address is the open conversation.

import { avatar, h, icon, iconButton, logo } from "../dom.js";
import { current, t } from "../i18n.js";
import { banner } from "./banner.js";
import { chat } from "./chat.js";
import { ended } from "./ended.js";
import { list } from "./list.js";

export function shell(page) {
  const { session, signal } = page;
  const { store } = session;
  const pane = h("main", { class: "pane" });
  const view = h("div", { class: "shell" },
    rail(page),
    list(page, go),
    pane,
    banner(page));
  /** Ends the listeners of the chat that is on screen. */
  let leaving = new AbortController();

  function draw() {
    const conversation = store.open;
    leaving.abort();
    leaving = new AbortController();
    view.dataset.pane = conversation ? "chat" : "list";
    pane.replaceChildren(conversation ? chat({ ...page, signal: leaving.signal }, conversation, { back: () => go(null), open: go }) : nothing());
  }

  function title() {
    const { unread } = store;
    document.title = unread ? `(${unread > 99 ? "99+" : unread}) JMessage Web IM` : "JMessage Web IM";
  }

  function watch() {
    store.watching = document.visibilityState === "visible" && document.hasFocus();
    store.read();
  }

  function follow() {
    const [type, id] = decode(location.hash);
    const myself = type === "single" && id === store.me.username;
    const wanted = id && !myself ? store.conversation(type, id, known(session, type, id)) : null;
    if (type === "group" && id && !wanted.group) session.groups.refresh(id);
    // After a change of language the conversation is the same and the view is new.
    if (wanted !== store.open || !view.dataset.pane) store.show(wanted);
  }

  /** Leaving the list is a step in the browser's history, so that its back button leads there again. */
  function go(conversation) {
    if (!conversation && history.state?.opened) return history.back();
    if (!conversation) history.replaceState(null, "", location.pathname + location.search);
    else {
      const address = `#${conversation.type}/${encodeURIComponent(conversation.id)}`;
      if (store.open) history.replaceState(history.state, "", address);
      else history.pushState({ opened: true }, "", address);
    }
    follow();
  }

  store.addEventListener("open", draw, { signal });
  for (const change of ["message", "conversation", "open"]) store.addEventListener(change, title, { signal });
  for (const event of ["focus", "blur"]) addEventListener(event, watch, { signal });
  document.addEventListener("visibilitychange", watch, { signal });
  addEventListener("hashchange", follow, { signal });
  session.addEventListener("ended", ({ detail }) => view.append(ended(page, detail)), { signal });
  signal.addEventListener("abort", () => {
    leaving.abort();
    document.title = "JMessage Web IM";
  });
  watch();
  follow();
  title();
  return view;
}

/** A conversation begun from the address has the name of its user, if that is known. */
const known = ({ store, people }, type, id) =>
  type === "group" || store.list().some((each) => each.type === type && each.id === id) ? undefined : people.nameOf(id);

function decode(hash) {
  const [, type, id] = /^#(single|group)\/(.+)$/.exec(hash) ?? [];
  try {
    return [type, id && decodeURIComponent(id)];
  } catch {
    return [];
  }
}

function rail({ session, switchLanguage }) {
  const { username, nickname } = session.store.me;
  const name = nickname === username ? username : `${nickname} (${username})`;
  return h("header", { class: "rail" },
    h("span", { class: "rail-me", role: "img", "aria-label": t("nav.me", { name }), title: name }, avatar(username, nickname)),
    h("span", { class: "rail-name" }, h("b", null, nickname), h("small", null, username)),
    h("span", { class: "rail-chats", "aria-hidden": "true" }, icon("chats")),
    h("span", { class: "rail-space" }),
    iconButton("globe", t("nav.language"), switchLanguage, { "data-language": current(), lang: current() === "zh" ? "en" : "zh-CN" }),
    iconButton("leave", t("nav.signOut"), () => {
      history.replaceState(null, "", location.pathname + location.search);
      session.signOut();
    }, { "data-sign-out": true }));
}

const nothing = () => h("div", { class: "nothing" }, logo(), h("p", null, t("chat.none")));
