// Which language the page speaks. The words are in strings.js.

import { read, write } from "./storage.js";
import { strings } from "./strings.js";

const KEY = "jmessage-im/language";

/** Chinese for everyone who lists it among their languages, English for the others. */
function preferred() {
  const listed = navigator.languages?.length ? navigator.languages : [navigator.language || "zh-CN"];
  return listed.some((tag) => /^zh\b/i.test(tag)) ? "zh" : "en";
}

const chosen = read("localStorage", KEY);
let language = chosen in strings ? chosen : preferred();

/** `zh` or `en`. */
export const current = () => language;

/** The tag for `lang` attributes and Intl. */
export const locale = () => (language === "zh" ? "zh-CN" : "en-GB");

/** Changes the language and remembers it; the caller draws the page anew. */
export function use(next) {
  language = next;
  apply();
  write("localStorage", KEY, next);
}

/** Tells the document which language it is in. */
export function apply() {
  document.documentElement.lang = locale();
}

/**
 * The words for `key`, with `{name}` replaced from `values`. Chinese sets a space between its own letters and others.
 * An unknown key is a mistake in the page.
 */
export function t(key, values = {}) {
  const words = strings[language][key];
  if (words === undefined) throw new Error(`no words for ${key}`);
  return words.replace(/\{(\w+)\}/g, (place, name, at) => beside(words[at - 1], String(values[name]), words[at + place.length]));
}

const HAN = /^\p{Script=Han}$/u;

/** `text` as it stands between two characters, with the spaces that Chinese wants there. */
export function beside(before, text, after) {
  const left = HAN.test(before) && /^[\p{Script=Latin}\d]/u.test(text) ? " " : "";
  const right = HAN.test(after) && /[\p{Script=Latin}\d]$/u.test(text) ? " " : "";
  return left + text + right;
}

/** An error code in words a person can act on, for a `kind` of message if it matters; an unknown one keeps its number. */
export function explain(code, message, kind) {
  const words = strings[language];
  return words[`code.${code}.${kind}`] ?? words[`code.${code}`] ?? t("code.other", { code, message });
}
