// The dialog that makes a group: its name, what it is about, its first members.

import { explain, t } from "../i18n.js";
import { bytes } from "../text.js";
import { formDialog, textField } from "./dialog.js";
import { picker } from "./picker.js";
import { toast } from "./toast.js";

/** In bytes of UTF-8. */
export const NAME_LIMIT = 64;
export const ABOUT_LIMIT = 250;

/** What is wrong with a group's name and description, in words, or "". */
export function wrong(name, about) {
  if (name === "") return t("code.808001");
  if (bytes(name) > NAME_LIMIT) return t("group.nameTooLong", { n: NAME_LIMIT });
  return bytes(about) > ABOUT_LIMIT ? t("group.aboutTooLong", { n: ABOUT_LIMIT }) : "";
}

/** `open(conversation)` is called with the group that was made. */
export function newGroup(session, open) {
  const { store, groups, people } = session;
  const name = textField(t("group.name"), { autofocus: true, maxlength: NAME_LIMIT, required: true });
  const about = textField(t("group.about"), { maxlength: ABOUT_LIMIT }, t("group.optional"));
  const members = picker(people, { me: store.me.username, label: t("group.first") });

  async function create() {
    const id = await groups.create(name.input.value.trim(), about.input.value.trim());
    open(store.conversation("group", id));
    const chosen = members.chosen();
    if (chosen.length === 0) return;
    // The group exists from here on: what fails now is told, and can be done again in the group.
    await groups.add(id, chosen).catch((refused) => toast(explain(refused.code, refused.message)));
  }

  formDialog({
    title: t("group.new"),
    fields: [name.view, about.view, members.view],
    action: t("group.create"),
    complain: () => wrong(name.input.value.trim(), about.input.value.trim()),
    submit: create,
  });
}
