// What happened to a group, in words.

import { beside, locale, t } from "./i18n.js";

/** More names than this are counted instead. */
const NAMED = 6;

/** One line for an event; `me` is the reader's username, `nameOf` gives names to the others. */
export function happened({ happened: kind, from, users }, me, nameOf) {
  const alone = kind === "removed" && users.length === 1 && users[0] === me;
  const key = alone ? "event.expelled" : `event.${kind}`;
  const actor = from === me ? t("event.You") : nameOf(from);
  const named = users.slice(0, NAMED).map((user) => (user === me ? t("event.you") : nameOf(user)));
  const more = users.length - named.length;
  if (more > 0) named.push(t("event.more", { n: more }));
  const parts = new Intl.ListFormat(locale(), { type: "conjunction" }).formatToParts(named);
  const list = parts.map(({ value }, at) => beside(parts[at - 1]?.value.at(-1), value, parts[at + 1]?.value[0]));
  return t(key, { from: actor, users: list.join("") });
}
