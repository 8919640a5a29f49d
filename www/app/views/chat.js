// The chat pane: header, message log, composer, and beside them what is known of a group.

import { h, iconButton } from "../dom.js";
import { t } from "../i18n.js";
import { titleOf } from "../text.js";
import { player } from "../player.js";
import { dropImages, previewImages } from "./attach.js";
import { closedLine } from "./closed.js";
import { composer } from "./composer.js";
import { groupInfo } from "./groupinfo.js";
import { messageLog } from "./log.js";
import { openProfile } from "./profile.js";

/** `back` leaves the conversation (on a narrow screen, to the list); `open` goes to another one. */
export function chat(page, conversation, { back, open }) {
  const { session, signal } = page;
  const { store, outbox, people } = session;
  const { id, type } = conversation;
  const grouped = type === "group";
  const title = h("h2");
  const note = h("small");
  const pick = (files) => previewImages(files, titleOf(conversation), (image) => outbox.sendImage(conversation, image));
  const write = composer(conversation, {
    send: (text) => outbox.send(conversation, text),
    draft: (text) => store.draft(conversation, text),
    pick,
  });
  const log = messageLog(page, conversation, () => write.focus());
  const foot = h("div", { class: "chat-foot" });
  const info = grouped && groupInfo(page, conversation, {
    talk: (username) => open(store.conversation("single", username, people.nameOf(username))),
    closed: () => toggle.setAttribute("aria-expanded", "false"),
  });
  const toggle = grouped && iconButton("group", t("group.info"), () => {
    info.toggle();
    toggle.setAttribute("aria-expanded", String(info.view.open));
  }, { "aria-expanded": "false", "data-info": true });
  const person = !grouped && iconButton("person", t("profile.open"), () => openProfile(session, id), { "data-profile": true });
  const view = h("section", { class: "chat" },
    h("header", { class: "chat-head" },
      iconButton("back", t("chat.back"), back, { "data-back": true }),
      h("div", { class: "chat-title" }, title, note),
      toggle || person),
    log.view, foot, info?.view);
  let shown;
  dropImages(view, t("image.dropHere"), (files) => conversation.group?.gone || pick(files));

  function draw() {
    const { group } = conversation;
    const name = titleOf(conversation);
    title.textContent = name;
    view.setAttribute("aria-label", name);
    note.textContent = grouped ? (group && !group.gone ? t("group.count", { n: group.count }) : "") : name === id ? "" : id;
    if (toggle) toggle.hidden = !group || Boolean(group.gone);
    const gone = group?.gone ?? "no";
    if (gone === shown) return;
    shown = gone;
    foot.replaceChildren(group?.gone ? closedLine(gone, () => store.forget(conversation)) : write.view);
  }

  store.addEventListener("conversation", ({ detail }) => detail.conversation === conversation && draw(), { signal });
  signal.addEventListener("abort", () => player.stop());
  draw();
  requestAnimationFrame(() => {
    log.toEnd();
    if (!matchMedia("(pointer: coarse)").matches) write.focus();
  });
  return view;
}
