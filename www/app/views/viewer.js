// A picture in its full size, over everything else; the others of the chat are one key away.

import { h, iconButton } from "../dom.js";
import { t } from "../i18n.js";
import { titleOf } from "../text.js";
import { stamp } from "../time.js";
import { present } from "./dialog.js";
import { nameOfPicture, whole } from "./picture.js";

/** Shows the picture of `message`. */
export function openViewer(session, conversation, message) {
  const { people } = session;
  const all = conversation.messages.filter(({ kind }) => kind === "image");
  let at = all.indexOf(message);
  const caption = h("p", { class: "viewer-caption", role: "status" });
  const stage = h("div", { class: "viewer-stage" });
  const before = iconButton("back", t("image.before"), () => show(at - 1), { class: "icon-button viewer-step before" });
  const after = iconButton("next", t("image.after"), () => show(at + 1), { class: "icon-button viewer-step after" });
  const save = h("span", { class: "viewer-save" });
  const close = iconButton("close", t("dialog.close"), () => dialog.close(), { autofocus: true });
  const dialog = h("dialog", { class: "viewer", "aria-label": t("image.viewer", { name: titleOf(conversation) }) },
    h("header", { class: "viewer-head" }, caption, save, close), stage, before, after);

  function show(next) {
    if (!all[next]) return;
    at = next;
    const shown = all[at];
    const { body, from, mine, at: time } = shown;
    caption.replaceChildren(h("b", null, mine ? t("chat.me") : people.nameOf(from)), h("small", null, stamp(time)));
    before.hidden = at === 0;
    after.hidden = at === all.length - 1;
    save.replaceChildren();
    const img = h("img", { alt: nameOfPicture(shown, people), class: "viewer-image loading", width: body?.width, height: body?.height });
    const zoom = h("button", { type: "button", class: "viewer-zoom", "aria-label": t("image.zoom"), "aria-pressed": "false", onclick: ({ target, detail }) => {
      // Pressed beside the picture, which is outside; a key presses the button itself, without a pointer.
      if (target === zoom && detail > 0) dialog.close();
      else zoom.setAttribute("aria-pressed", String(stage.classList.toggle("zoomed")));
    } }, img);
    stage.classList.remove("zoomed", "failed");
    stage.replaceChildren(zoom, h("span", { class: "spinner" }));
    img.addEventListener("load", () => img.classList.remove("loading"));
    const failed = () => {
      stage.classList.add("failed");
      stage.replaceChildren(h("p", null, t("image.failed")));
    };
    img.addEventListener("error", failed);
    whole(shown, session).then((address) => {
      if (all[at] !== shown) return;
      img.src = address;
      save.replaceChildren(saveLink(address, shown));
    }, failed);
  }

  dialog.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step && !stage.classList.contains("zoomed")) show(at + step);
  });
  show(at);
  present(dialog);
}

function saveLink(href, { at, body }) {
  const name = `${new Date(at).toISOString().slice(0, 19).replace(/\D/g, "")}.${body?.format ?? "jpg"}`;
  const link = iconButton("save", t("image.save"));
  return h("a", { class: link.className, href, download: name, "aria-label": t("image.save"), title: t("image.save") }, ...link.childNodes);
}
