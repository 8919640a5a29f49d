// The chats of one user on this device, in localStorage: one key per conversation, so that a new message
// rewrites one conversation only. The server keeps what is undelivered; this keeps what was read.

import { keys, read, remove, write } from "./storage.js";

const VERSION = 1;
/** Writes are gathered this long: shorter than the SDK takes to acknowledge what it delivered. */
const DELAY = 50;

export class History {
  #prefix;
  #dirty = new Set();
  #timer;

  /** The chats of `username` in the App `appKey`. */
  constructor(appKey, username) {
    this.#prefix = `jmessage-im/${VERSION}/${appKey}/${username}/`;
    addEventListener("pagehide", () => this.flush());
  }

  /** Every stored conversation; one that cannot be read is left out. */
  load() {
    const all = keys(this.#prefix).map((key) => parse(read("localStorage", key)));
    return all.filter((conversation) => conversation !== null);
  }

  /** Stores the conversation soon. */
  save(conversation) {
    this.#dirty.add(conversation);
    this.#timer ??= setTimeout(() => this.flush(), DELAY);
  }

  /** Removes what is stored of the conversation. */
  forget(conversation) {
    this.#dirty.delete(conversation);
    remove("localStorage", this.#key(conversation));
  }

  /** Stores now what waits to be stored. */
  flush() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const conversation of this.#dirty) this.#write(conversation);
    this.#dirty.clear();
  }

  /** When the browser gives no more room, the older half of this conversation goes. */
  #write(conversation) {
    const { type, id, name, unread, group, messages } = conversation;
    for (let kept = messages; ; kept = kept.slice(Math.ceil(kept.length / 2))) {
      const text = JSON.stringify({ type, id, name, unread, group, messages: kept });
      if (write("localStorage", this.#key(conversation), text) || kept.length === 0) return;
    }
  }

  #key({ type, id }) {
    return `${this.#prefix}${type}/${id}`;
  }
}

function parse(text) {
  try {
    const { type, id, name, unread, group, messages } = JSON.parse(text);
    const sound = typeof id === "string" && typeof name === "string" && Array.isArray(messages);
    return sound ? { type, id, name, unread: Number(unread) || 0, group, messages } : null;
  } catch {
    return null;
  }
}
