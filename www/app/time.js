// Times in the words that a chat uses. All arguments are milliseconds since 1970, in the browser's time zone.

import { current, locale, t } from "./i18n.js";

/** Messages further apart than this get a time stamp between them. */
const GAP = 5 * 60 * 1000;
const DAY = 24 * 60 * 60 * 1000;

const formats = new Map();

function format(at, options) {
  const key = locale() + JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(locale(), options));
  return formats.get(key).format(at);
}

function midnight(at) {
  const date = new Date(at);
  date.setHours(0, 0, 0, 0);
  return date.getTime();
}

/** Whole days between the calendar days of two times; a day of a clock change still counts as one. */
const daysBetween = (earlier, later) => Math.round((midnight(later) - midnight(earlier)) / DAY);

const hours = (at) => format(at, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

function date(at, now) {
  const year = new Date(at).getFullYear() !== new Date(now).getFullYear();
  return format(at, { month: current() === "zh" ? "long" : "short", day: "numeric", ...(year && { year: "numeric" }) });
}

/** For the conversation list: the clock today, then yesterday, the weekday, the date. */
export function brief(at, now = Date.now()) {
  const days = daysBetween(at, now);
  if (days <= 0) return hours(at);
  if (days === 1) return t("time.yesterday");
  if (days < 7) return format(at, { weekday: current() === "zh" ? "long" : "short" });
  const year = new Date(at).getFullYear() !== new Date(now).getFullYear();
  return format(at, { month: "numeric", day: "numeric", ...(year && { year: "2-digit" }) });
}

/** For the stamp between messages: the day in words, and the clock. */
export function stamp(at, now = Date.now()) {
  const days = daysBetween(at, now);
  if (days <= 0) return hours(at);
  if (days === 1) return `${t("time.yesterday")} ${hours(at)}`;
  if (days < 7) return `${format(at, { weekday: "long" })} ${hours(at)}`;
  return `${date(at, now)} ${hours(at)}`;
}

/** A length in seconds as minutes and seconds. */
export const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

/** The whole of it, for tooltips. */
export const full = (at) => format(at, { dateStyle: "full", timeStyle: "medium" });

/** Whether a stamp belongs between two messages; `before` is undefined at the top of the log. */
export const needsStamp = (before, at) => before === undefined || Math.abs(at - before) > GAP;

/** Calls `then` whenever a new calendar day begins, since then every "today" is wrong, until `signal` aborts. */
export function everyDay(then, signal) {
  let today = midnight(Date.now());
  const look = () => {
    if (midnight(Date.now()) === today) return;
    today = midnight(Date.now());
    then();
  };
  const timer = setInterval(look, 60 * 1000);
  document.addEventListener("visibilitychange", look, { signal });
  signal.addEventListener("abort", () => clearInterval(timer));
}
