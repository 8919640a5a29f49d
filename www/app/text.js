// Message text on the screen: links become links, everything else stays the text that it is.

import { h } from "./dom.js";
import { happened } from "./events.js";
import { t } from "./i18n.js";

const LINK = /https?:\/\/[^\s<>"'“”‘’，。！？；：、（）【】《》]+/gi;
/** What ends a sentence is not part of the address before it. */
const TRAILING = /[.,;:!?)\]}]+$/;

/** Nodes that show `text`. Only http and https addresses become links. */
export function linkify(text) {
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    const address = match[0].replace(TRAILING, "");
    if (!isAddress(address)) continue;
    nodes.push(text.slice(end, match.index), link(address));
    end = match.index + address.length;
  }
  nodes.push(text.slice(end));
  return nodes.filter((node) => node !== "");
}

function isAddress(text) {
  try {
    return /^https?:$/.test(new URL(text).protocol);
  } catch {
    return false;
  }
}

const link = (href) => h("a", { href, target: "_blank", rel: "noopener noreferrer nofollow" }, href);

const KINDS = ["image", "voice", "file", "location"];

/** A message as one line of text for `session`'s user; what the page cannot show is named. */
export function describe(message, { store, people }) {
  const { kind, text } = message;
  if (kind === "text") return text;
  if (kind === "event") return happened(message, store.me.username, (username) => people.nameOf(username));
  return t(KINDS.includes(kind) ? `kind.${kind}` : "kind.other");
}

/** What a conversation is called; a group whose name was never told has its number. */
export const titleOf = ({ type, id, name }) => (type === "group" && name === id ? t("group.number", { id }) : name);

/** A username, of JMessage or of a site of WebIM; the server has the last word. */
export const USERNAME = /^[A-Za-z0-9][A-Za-z0-9_.@:-]{0,127}$/;

const FEW_EMOJI = /^(?:[\p{Extended_Pictographic}\p{Regional_Indicator}\p{Emoji_Modifier}\u200d\ufe0f\u20e3]|\s){1,12}$/u;

/** Whether the message is one to a few emoji and nothing else: those are shown large. */
export const isEmojiOnly = (text) => FEW_EMOJI.test(text) && text.trim() !== "";

const encoder = new TextEncoder();

/** The size of `text` on the wire. */
export const bytes = (text) => encoder.encode(text).length;
