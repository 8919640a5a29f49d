// The panel beside a group's chat: what it is, who is in it, and what may be done. On a narrow screen it covers the chat.

import { avatar, h, icon, iconButton } from "../dom.js";
import { explain, t } from "../i18n.js";
import { titleOf } from "../text.js";
import { confirm, formDialog, textField } from "./dialog.js";
import { ABOUT_LIMIT, NAME_LIMIT, wrong } from "./newgroup.js";
import { picker } from "./picker.js";
import { toast } from "./toast.js";

const NARROW = matchMedia("(max-width: 900px)");

/** `talk(username)` opens a chat with a member, `closed()` is called when the panel is closed. Returns { view, toggle, close }. */
export function groupInfo({ session, signal }, conversation, { talk, closed }) {
  const { store, groups, people } = session;
  const { id } = conversation;
  const me = store.me.username;
  const body = h("div", { class: "info-body" });
  const close = () => view.close();
  const view = h("dialog", { class: "info", "aria-label": t("group.info") },
    h("header", { class: "info-head" }, h("h3", null, t("group.info")), iconButton("close", t("dialog.close"), close)),
    body);
  view.addEventListener("close", closed);
  view.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !NARROW.matches) close();
  });

  function toggle() {
    if (view.open) return close();
    if (NARROW.matches) view.showModal();
    else view.show();
    draw();
    groups.refresh(id);
  }

  /** Many changes at once, such as the names of a large group, are drawn once. */
  let stale = false;
  function soon() {
    if (stale || !view.open) return;
    stale = true;
    queueMicrotask(() => {
      stale = false;
      draw();
    });
  }

  function draw() {
    const { group } = conversation;
    const focused = document.activeElement?.dataset?.focus;
    const mine = group.owner === me;
    body.replaceChildren(
      about(group, mine),
      h("div", { class: "info-section" },
        h("h4", null, t("group.members", { n: group.count })),
        iconButton("newGroup", t("group.add"), add, { "data-add-members": true, "data-focus": "add" })),
      h("ul", { class: "members", "aria-label": t("group.members", { n: group.count }) },
        [...group.members].sort((a, b) => rank(group, a) - rank(group, b)).map((username) => member(group, username, mine)),
        group.members.length < group.count && h("li", null, h("button", { type: "button", class: "plain", onclick: more, dataset: { focus: "more" } }, t("group.more")))),
      h("div", { class: "info-end" },
        h("button", { type: "button", class: "plain danger", "data-leave": true, "data-focus": "leave", onclick: mine ? dissolve : leave }, icon("leave"), t(mine ? "group.dissolve" : "group.leave"))));
    if (focused) body.querySelector(`[data-focus="${CSS.escape(focused)}"]`)?.focus();
  }

  const about = (group, mine) =>
    h("div", { class: "info-about" },
      h("div", { class: "info-name" }, h("b", null, titleOf(conversation)), mine && iconButton("edit", t("group.edit"), edit, { "data-edit": true, "data-focus": "edit" })),
      h("p", { class: "info-text" }, group.about || t("group.noAbout")),
      h("p", { class: "info-number" }, t("group.number", { id })));

  function member(group, username, mine) {
    const name = people.nameOf(username);
    people.wonder(username);
    const shown = h("span", { class: "member-names" }, h("b", null, name), name !== username && h("small", null, username));
    return h("li", { class: "member", dataset: { username } },
      username === me
        ? h("span", { class: "member-face" }, avatar(username, name), shown)
        : h("button", { type: "button", class: "member-face", title: t("list.start", { name }), onclick: () => talk(username), dataset: { focus: `talk ${username}` } }, avatar(username, name), shown),
      username === group.owner && h("span", { class: "tag" }, t("group.owner")),
      username === me && h("span", { class: "tag quiet" }, t("chat.me")),
      mine && username !== me && iconButton("out", t("group.remove", { name }), () => remove(username, name), { "data-remove": username, "data-focus": `remove ${username}` }));
  }

  /** After a dialog the control that opened it has the focus again, though it may have been drawn anew. */
  function refocus(name) {
    if (!view.open || document.activeElement !== document.body) return;
    (body.querySelector(`[data-focus="${CSS.escape(name)}"]`) ?? view.querySelector("button")).focus();
  }

  function add() {
    const members = picker(people, { taken: conversation.group.members, label: t("group.whom") });
    const dialog = formDialog({
      title: t("group.add"),
      fields: members.view,
      action: t("group.addDone"),
      complain: () => (members.chosen().length ? "" : t("group.nobody")),
      submit: () => groups.add(id, members.chosen()),
    });
    dialog.addEventListener("close", () => refocus("add"));
    members.input.focus();
  }

  function edit() {
    const name = textField(t("group.name"), { autofocus: true, maxlength: NAME_LIMIT, value: conversation.name, required: true });
    const text = textField(t("group.about"), { rows: 3, maxlength: ABOUT_LIMIT, value: conversation.group.about }, t("group.optional"));
    const values = () => [name.input.value.trim(), text.input.value.trim()];
    const dialog = formDialog({
      title: t("group.edit"),
      fields: [name.view, text.view],
      action: t("dialog.save"),
      complain: () => wrong(...values()),
      submit: () => groups.update(id, ...values()),
    });
    dialog.addEventListener("close", () => refocus("edit"));
    name.input.select();
  }

  async function more() {
    try {
      await groups.more(id);
    } catch (refused) {
      toast(explain(refused.code, refused.message));
    }
  }

  const remove = (username, name) =>
    sure(`remove ${username}`, { title: t("group.removeTitle"), text: t("group.removeText", { name }), action: t("group.removeAction") }, () => groups.remove(id, [username]));
  const leave = () =>
    sure("leave", { title: t("group.leaveTitle"), text: t("group.leaveText"), action: t("group.leaveAction") }, () => groups.exit(id));
  const dissolve = () =>
    sure("leave", { title: t("group.dissolveTitle"), text: t("group.dissolveText"), action: t("group.dissolveAction") }, () => groups.exit(id));

  /** Asks before `act()`; `control` is what the question came from. */
  async function sure(control, question, act) {
    const yes = await confirm({ ...question, danger: true });
    refocus(control);
    if (!yes) return;
    try {
      await act();
    } catch (refused) {
      toast(explain(refused.code, refused.message));
    }
  }

  store.addEventListener("conversation", ({ detail }) => {
    if (detail.conversation !== conversation) return;
    if (conversation.group?.gone) close();
    else soon();
  }, { signal });
  people.addEventListener("name", soon, { signal });
  signal.addEventListener("abort", close);
  return { view, toggle, close };
}

/** The owner stands first, the others as they came. */
const rank = ({ owner }, username) => (username === owner ? 0 : 1);
