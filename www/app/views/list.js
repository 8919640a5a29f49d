// The conversation list with its search box, which also starts new chats.

import { avatar, h, icon, iconButton } from "../dom.js";
import { t } from "../i18n.js";
import { lastAt } from "../store.js";
import { describe } from "../text.js";
import { brief, everyDay, full } from "../time.js";

/** A username by JMessage's rules; the server has the last word. */
const USERNAME = /^[A-Za-z0-9][A-Za-z0-9_.@-]{3,127}$/;

/** `open(conversation)` is called with the user's choice. */
export function list({ session, signal }, open) {
  const { store } = session;
  const items = h("div", { class: "list-items" });
  const search = h("input", {
    type: "search", class: "search-input", placeholder: t("list.search"), "aria-label": t("list.search"),
    autocomplete: "off", autocapitalize: "none", spellcheck: "false", maxlength: 128,
  });
  /** Whether contacts are offered although nothing was typed. */
  let starting = false;

  function choose(conversation) {
    starting = false;
    search.value = "";
    open(conversation);
    draw();
  }

  const start = (id) => choose(store.conversation("single", id, session.nameOf(id)));

  function draw() {
    const query = search.value.trim();
    const focused = document.activeElement?.closest?.(".list-items [data-key]")?.dataset.key;
    const searching = starting || query !== "";
    items.replaceChildren(...(searching ? found(query) : recent()));
    clear.hidden = !searching;
    if (focused) items.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }

  function recent() {
    const chats = store.list();
    if (chats.length) return [rows(t("list.chats"), chats.map(row))];
    return [h("p", { class: "list-empty" }, t("list.empty")), contacts("")];
  }

  function found(query) {
    const chats = query ? store.list().filter(({ id, name }) => matches(query, id, name)) : [];
    const known = [...chats.map(({ id }) => id), store.me.username, ...session.accounts.map(({ username }) => username)];
    return [
      chats.length > 0 && section(t("list.chats"), chats.map(row)),
      contacts(query),
      query && !known.includes(query) && (USERNAME.test(query)
        ? rows("", [entry(query, query, t("list.start", { name: query }))])
        : chats.length === 0 && h("p", { class: "list-empty" }, t("list.badName"))),
    ].filter(Boolean);
  }

  function contacts(query) {
    const others = session.accounts.filter(({ username, nickname }) => username !== store.me.username && matches(query, username, nickname));
    return others.length ? section(t("list.contacts"), others.map(({ username, nickname }) => entry(username, nickname, username))) : "";
  }

  const entry = (id, name, note) =>
    h("li", null, h("button", { type: "button", class: "row", dataset: { contact: id, key: `new:${id}` }, onclick: () => start(id) },
      avatar(id, name), h("span", { class: "row-name" }, name), h("span", { class: "row-preview" }, note)));

  const row = (conversation) => {
    const { key, id, name, unread } = conversation;
    const isOpen = conversation === store.open;
    return h("li", null, h("button", {
      type: "button", class: "row", dataset: { key, conversation: key }, "aria-current": isOpen && "true", onclick: () => choose(conversation),
    },
      avatar(id, name),
      h("span", { class: "row-name" }, name),
      conversation.messages.length > 0 &&
        h("time", { class: "row-time", datetime: new Date(lastAt(conversation)).toISOString(), title: full(lastAt(conversation)) }, brief(lastAt(conversation))),
      h("span", { class: "row-preview" }, preview(conversation, isOpen)),
      unread > 0 && badge(unread)));
  };

  const clear = iconButton("close", t("list.clear"), () => {
    starting = false;
    search.value = "";
    draw();
    search.focus();
  }, { hidden: true });

  const view = h("aside", { class: "list", "aria-label": t("list.title") },
    h("div", { class: "list-head" },
      h("h1", null, t("list.title")),
      iconButton("plus", t("list.new"), () => {
        starting = true;
        draw();
        search.focus();
      }, { "data-new-chat": true })),
    h("div", { class: "search" }, icon("search"), search, clear),
    items);

  search.addEventListener("input", draw);
  search.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Enter") items.querySelector(".row")?.click();
    else if (event.key === "Escape") clear.click();
    else if (event.key === "ArrowDown") items.querySelector(".row")?.focus();
  });
  items.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const all = [...items.querySelectorAll(".row")];
    all[all.indexOf(document.activeElement) + step]?.focus();
  });
  for (const change of ["message", "update", "conversation", "open"]) store.addEventListener(change, soon, { signal });
  everyDay(draw, signal);
  draw();
  return view;

  /** Many changes at once, such as the messages of a night, are drawn once. */
  function soon() {
    if (view.dataset.stale) return;
    view.dataset.stale = "true";
    queueMicrotask(() => {
      delete view.dataset.stale;
      draw();
    });
  }
}

const rows = (label, children) => h("ul", { "aria-label": label || null }, children);

const section = (title, children) => h("section", null, h("h2", { class: "list-section" }, title), rows(title, children));

const badge = (unread) =>
  h("span", { class: "badge" },
    h("span", { "aria-hidden": "true" }, unread > 99 ? "99+" : String(unread)),
    h("span", { class: "hidden" }, t("list.unread", { n: unread })));

const matches = (query, ...texts) => texts.some((text) => text.toLowerCase().includes(query.toLowerCase()));

/** The last line of a conversation, or the draft that waits in it. */
function preview({ draft, messages }, isOpen) {
  if (draft && !isOpen) return [h("em", { class: "row-draft" }, t("list.draft")), ` ${draft}`];
  const last = messages.at(-1);
  if (!last) return "";
  const sign = { failed: "warn", sending: "clock" }[last.state];
  return [sign && h("span", { class: `row-sign ${last.state}` }, icon(sign)), describe(last)];
}
