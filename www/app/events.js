// What happened to a group, in words.

import { current, locale, t } from "./i18n.js";

/** More names than this are counted instead. */
const NAMED = 6;

/** One line for an event; `me` is the reader's username, `nameOf` gives names to the others. */
export function happened({ happened: kind, from, users }, me, nameOf) {
  const alone = kind === "removed" && users.length === 1 && users[0] === me;
  const key = alone ? "event.expelled" : `event.${kind}`;
  const actor = from === me ? t("event.You") : name(nameOf(from));
  const named = users.slice(0, NAMED).map((user) => (user === me ? t("event.you") : name(nameOf(user))));
  const more = users.length - named.length;
  if (more > 0) named.push(t("event.more", { n: more }));
  const list = new Intl.ListFormat(locale(), { type: "conjunction" }).format(named);
  return t(key, { from: actor, users: list }).replace(/ {2,}/g, " ").trim();
}

/** Chinese sets a space between its own letters and others. */
function name(text) {
  if (current() !== "zh") return text;
  return text.replace(/^(?=\p{Script=Latin}|\d)/u, " ").replace(/(?<=\p{Script=Latin}|\d)$/u, " ");
}
