// The picture of a conversation: of a person the avatar, of a group its first members side by side.

import { avatar, h, icon } from "../dom.js";

/** More members than this are not shown. */
const SHOWN = 4;

export function face({ type, id, name, group }, people) {
  if (type !== "group") return avatar(id, name);
  const members = group?.gone ? [] : (group?.members ?? []).slice(0, SHOWN);
  const pieces = members.map((username) => avatar(username, people.nameOf(username)));
  return h("span", { class: "avatar mosaic", "aria-hidden": "true", dataset: { pieces: String(pieces.length) } },
    pieces.length > 0 ? pieces : icon("group"));
}
