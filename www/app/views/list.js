// The conversation list with its search box, which also starts new chats.

import { h, icon, iconButton } from "../dom.js";
import { t } from "../i18n.js";
import { everyDay } from "../time.js";
import { USERNAME, titleOf } from "../text.js";
import { newGroup } from "./newgroup.js";
import { contactRow, conversationRow } from "./row.js";

/** `open(conversation)` is called with the user's choice. */
export function list({ session, signal }, open) {
  const { store, people } = session;
  const chats = h("ul", { "aria-label": t("list.chats") });
  /** The rows of all conversations that were ever shown, by their keys. */
  const rows = new Map();
  /** What stands below the chats: someone to begin one with. */
  const more = h("div");
  const items = h("div", { class: "list-items" }, chats, more);
  const search = h("input", {
    type: "search", class: "search-input", placeholder: t("list.search"), "aria-label": t("list.search"),
    autocomplete: "off", autocapitalize: "none", spellcheck: "false", maxlength: 128,
  });
  const clear = iconButton("close", t("list.clear"), () => begin(false), { hidden: true });
  /** Whether contacts are offered although nothing was typed. */
  let starting = false;

  function begin(yes) {
    starting = yes;
    search.value = "";
    draw();
    search.focus();
  }

  function choose(conversation) {
    starting = false;
    search.value = "";
    open(conversation);
    draw();
  }

  function draw() {
    const query = search.value.trim();
    const all = store.list();
    const shown = query ? all.filter((each) => matches(query, each.id, titleOf(each))) : starting ? [] : all;
    clear.hidden = !starting && query === "";
    arrange(chats, shown.map(row));
    more.replaceChildren(...(query || starting || all.length === 0 ? offers(query, shown) : []));
  }

  function row(conversation) {
    const { key } = conversation;
    if (!rows.has(key)) rows.set(key, conversationRow(conversation, session, () => choose(conversation)));
    const { li, update } = rows.get(key);
    update(conversation === store.open);
    return li;
  }

  /** Whom a chat could be begun with: the contacts that match, or whoever has this name. */
  function offers(query, found) {
    const contacts = session.accounts.filter(({ username, nickname }) =>
      username !== store.me.username && matches(query, username, nickname) && !(query && found.some(({ id }) => id === username)));
    const exact = [store.me, ...contacts, ...found.map(({ id }) => ({ username: id }))].some(({ username }) => username === query);
    const start = (id) => () => choose(store.conversation("single", id, session.people.nameOf(id)));
    return [
      !query && !starting && h("p", { class: "list-empty" }, t("list.empty")),
      contacts.length > 0 && h("h2", { class: "list-section" }, t("list.contacts")),
      h("ul", { "aria-label": t("list.contacts") }, contacts.map(({ username, nickname }) => contactRow(username, nickname, username, start(username)))),
      query && !exact && USERNAME.test(query) && h("ul", null, contactRow(query, query, t("list.start", { name: query }), start(query))),
      query && !exact && !USERNAME.test(query) && found.length + contacts.length === 0 && h("p", { class: "list-empty" }, t("list.badName")),
    ].filter(Boolean);
  }

  const focusRow = (step) => {
    const all = [...items.querySelectorAll(".row")];
    all[all.indexOf(document.activeElement) + step]?.focus();
  };
  search.addEventListener("input", draw);
  search.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Enter") items.querySelector(".row")?.click();
    else if (event.key === "Escape") begin(false);
    else if (event.key === "ArrowDown") focusRow(1);
  });
  items.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    focusRow(step);
  });

  /** Many changes at once, such as the messages of a night, are drawn once. */
  let stale = false;
  const soon = () => {
    if (stale) return;
    stale = true;
    queueMicrotask(() => {
      stale = false;
      draw();
    });
  };
  for (const change of ["message", "update", "conversation", "open"]) store.addEventListener(change, soon, { signal });
  people.addEventListener("name", soon, { signal });
  everyDay(draw, signal);
  draw();
  return h("aside", { class: "list", "aria-label": t("list.title") },
    h("div", { class: "list-head" },
      h("h1", null, t("list.title")),
      iconButton("newGroup", t("group.new"), () => newGroup(session, open), { "data-new-group": true }),
      iconButton("plus", t("list.new"), () => begin(true), { "data-new-chat": true })),
    h("div", { class: "search" }, icon("search"), search, clear),
    items);
}

/** Makes `wanted` the children of `parent`, moving only what has to move. */
function arrange(parent, wanted) {
  wanted.forEach((child, at) => {
    if (parent.children[at] !== child) parent.insertBefore(child, parent.children[at] ?? null);
  });
  while (parent.children.length > wanted.length) parent.lastChild.remove();
}

const matches = (query, ...texts) => texts.some((text) => text.toLowerCase().includes(query.toLowerCase()));
