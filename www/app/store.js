// What the signed-in user sees: conversations, their messages, what is open and what is unread.
// Knows neither the SDK nor the screen; tells of changes by events.
//
// Message: { key, id?, rid?, mine, from, name, kind, text, at, state?, code?, words? }
//   key    names it within this device        id     the server's msg_id, when known
//   kind   "text" or another msg_type         at     ms since 1970
//   state  of an own message: "sending", "sent", "failed"
//   code   why it failed, with the SDK's words; null when the page was left before an answer came
//
// Events, each with its `detail`:
//   message       { conversation, message, dropped }  appended; the older ones in `dropped` made room
//   update        { conversation, message }           the message changed its state
//   conversation  { conversation }                    its name, draft or unread count changed, or it is new
//   open          { conversation }                    this one is on screen now, or null

import { History } from "./history.js";

/** Messages kept of each conversation. */
const LIMIT = 500;

let keys = 0;
const nextKey = () => `${Date.now().toString(36)}-${(keys++).toString(36)}`;

export class Store extends EventTarget {
  /** The open conversation or null. */
  open = null;
  /** Whether the user is looking, so that what arrives in the open conversation counts as read. */
  watching = true;
  #history;
  #conversations = new Map();

  /** `me` is { username, nickname }. */
  constructor(appKey, me) {
    super();
    this.me = me;
    this.#history = new History(appKey, me.username);
    for (const { messages, ...stored } of this.#history.load()) {
      const conversation = this.#add(stored);
      conversation.unread = stored.unread;
      for (const message of messages.slice(-LIMIT)) {
        if (message.state === "sending") Object.assign(message, { state: "failed", code: null });
        // A rid means something only to the page that was given it.
        delete message.rid;
        conversation.messages.push(message);
        if (message.id) conversation.seen.add(message.id);
      }
    }
  }

  /** All conversations that hold something, the most recent first. */
  list() {
    const shown = [...this.#conversations.values()].filter((each) => each.messages.length || each.draft || each === this.open);
    return shown.sort((a, b) => lastAt(b) - lastAt(a));
  }

  /** The sum of all unread messages. */
  get unread() {
    let sum = 0;
    for (const { unread } of this.#conversations.values()) sum += unread;
    return sum;
  }

  /** The conversation with a user (`single`) or group, made if need be; `name` replaces the one known so far. */
  conversation(type, id, name) {
    const known = this.#conversations.get(`${type}:${id}`);
    if (!known) return this.#add({ type, id, name: name || id });
    if (name && name !== known.name) {
      known.name = name;
      this.#changed(known);
    }
    return known;
  }

  #add({ type, id, name }) {
    const conversation = { key: `${type}:${id}`, type, id, name, unread: 0, draft: "", messages: [], seen: new Set() };
    this.#conversations.set(conversation.key, conversation);
    return conversation;
  }

  /** Puts a conversation on screen, or none. */
  show(conversation) {
    this.open = conversation;
    this.#tell("open", { conversation });
    this.read();
  }

  /** The open conversation has been seen. */
  read() {
    if (!this.open?.unread || !this.watching) return;
    this.open.unread = 0;
    this.#changed(this.open);
  }

  /** Keeps what was typed but not sent. */
  draft(conversation, text) {
    conversation.draft = text;
    this.#tell("conversation", { conversation });
  }

  /** Adds a received message, unless it is here already. */
  receive(conversation, { id, from, name, kind, text, at }) {
    if (id && conversation.seen.has(id)) return;
    const looking = this.watching && this.open === conversation;
    if (!looking) conversation.unread += 1;
    this.#append(conversation, { key: nextKey(), id, mine: false, from, name, kind, text, at });
  }

  /** Adds an own message that is about to be sent. */
  compose(conversation, text) {
    const { username: from, nickname: name } = this.me;
    const message = { key: nextKey(), mine: true, from, name, kind: "text", text, at: Date.now(), state: "sending" };
    this.#append(conversation, message);
    return message;
  }

  /** Changes fields of an own message. */
  update(conversation, message, change) {
    Object.assign(message, change);
    this.#history.save(conversation);
    this.#tell("update", { conversation, message });
  }

  /** Writes what is not yet on the device. */
  close() {
    this.#history.flush();
  }

  #append(conversation, message) {
    const { messages, seen } = conversation;
    messages.push(message);
    if (message.id) seen.add(message.id);
    const dropped = messages.splice(0, Math.max(0, messages.length - LIMIT));
    for (const { id } of dropped) seen.delete(id);
    this.#history.save(conversation);
    this.#tell("message", { conversation, message, dropped });
  }

  #changed(conversation) {
    this.#history.save(conversation);
    this.#tell("conversation", { conversation });
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** When something last happened in a conversation; one without messages was just begun. */
export const lastAt = ({ messages }) => messages.at(-1)?.at ?? Date.now();
