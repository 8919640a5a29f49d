// What the signed-in user sees: conversations, their messages, what is open and what is unread.
// Knows neither the SDK nor the screen; tells of changes by events.
//
// Message: { key, id?, rid?, mine, from, name, kind, text, body?, played?, at, state?, code?, words? }
//   key    names it within this device        id     the server's msg_id, when known
//   kind   "text" or another msg_type         at     ms since 1970
//   state  of an own message: "sending", "sent", "failed"
//   code   why it failed, with the SDK's words; null when the page was left before an answer came
//   body   of an image or voice message, see media.js; an own image has no id in it    played  a voice that was heard
// A line about the group has kind "event" and { from, users, happened, quiet? }; a quiet one does not count as unread.
//
// Conversation: { key, type, id, name, unread, draft, messages, group }; of a group, `group` is
//   { owner, about, members, count, gone }: usernames, of a large group the first; how many there are; and why this
//   user is out of it: "left", "removed", "dissolved", "absent" (found out later), or null
//
// Events, each with its `detail`:
//   message       { conversation, message, dropped }  appended; the older ones in `dropped` made room
//   update        { conversation, message }           the message changed its state
//   moved         { conversation, message }           the message will be appended again
//   removed       { conversation, message }           the message is gone
//   forgotten     { conversation }                    the conversation is gone with all its messages
//   conversation  { conversation }                    its name, draft, group or unread count changed, or it is new
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
    for (const { messages, unread, group, ...stored } of this.#history.load()) {
      const conversation = this.#add(stored);
      Object.assign(conversation, { unread, group });
      for (const message of messages.slice(-LIMIT)) {
        if (message.state === "sending") Object.assign(message, { state: "failed", code: null });
        // A rid means something only to the page that was given it.
        delete message.rid;
        conversation.messages.push(message);
        if (message.id) conversation.seen.add(message.id);
      }
    }
  }

  /** All conversations that hold something and all groups, the most recent first. */
  list() {
    const shown = (each) => each.messages.length || each.draft || each === this.open || (each.group && !each.group.gone);
    return [...this.#conversations.values()].filter(shown).sort((a, b) => lastAt(b) - lastAt(a));
  }

  /** The conversations of groups, those that are over too. */
  groups() {
    return [...this.#conversations.values()].filter(({ type }) => type === "group");
  }

  /** What users were called in what is kept here: [username, name] pairs, the latest last. */
  *names() {
    for (const { type, id, name, messages } of this.#conversations.values()) {
      for (const { mine, from, name: then } of messages) if (!mine && then) yield [from, then];
      if (type === "single" && name !== id) yield [id, name];
    }
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

  /** Notes what is known of a group: its `name`, and fields of `group`. */
  group(id, { name, ...change }) {
    const conversation = this.conversation("group", id, name);
    conversation.group = { owner: "", about: "", members: [], count: 0, gone: null, ...conversation.group, ...change };
    this.#changed(conversation);
  }

  /** Forgets a conversation with all its messages. */
  forget(conversation) {
    this.#conversations.delete(conversation.key);
    this.#history.forget(conversation);
    this.#tell("forgotten", { conversation });
    if (this.open === conversation) this.show(null);
    else this.#tell("conversation", { conversation });
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
  receive(conversation, { id, from, name, kind, text, body, at }) {
    if (id && conversation.seen.has(id)) return;
    const looking = this.watching && this.open === conversation;
    if (!looking) conversation.unread += 1;
    this.#append(conversation, { key: nextKey(), id, mine: false, from, name, kind, text, body, at });
  }

  /** Adds a line about a group: { id, from, users, happened, at }. An earlier page may have it already. */
  note(conversation, event) {
    if (conversation.seen.has(event.id)) return;
    const { me: { username }, open, watching } = this;
    const concerns = event.users.includes(username) && event.from !== username;
    if (concerns && !(watching && open === conversation)) conversation.unread += 1;
    this.#append(conversation, { key: nextKey(), mine: false, kind: "event", text: "", quiet: !concerns, ...event });
  }

  /** Adds an own message that is about to be sent; `prepare(message)` is called before anybody hears of it. */
  compose(conversation, { kind, text = "", body }, prepare) {
    const { username: from, nickname: name } = this.me;
    const message = { key: nextKey(), mine: true, from, name, kind, text, body, at: Date.now(), state: "sending" };
    prepare?.(message);
    this.#append(conversation, message);
    return message;
  }

  /** An own message is about to be sent again: it goes to the end, where the others will see it. */
  again(conversation, message) {
    const { messages } = conversation;
    if (messages.at(-1) !== message) {
      messages.splice(messages.indexOf(message), 1);
      this.#tell("moved", { conversation, message });
      this.#append(conversation, Object.assign(message, { at: Date.now() }));
    }
    this.update(conversation, message, { state: "sending", code: undefined, words: undefined });
  }

  /** Takes an own message away that was not sent. */
  remove(conversation, message) {
    conversation.messages.splice(conversation.messages.indexOf(message), 1);
    this.#history.save(conversation);
    this.#tell("removed", { conversation, message });
  }

  /** Changes fields of a message. */
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
    // Two equal events within a second are two; equal to what an earlier page kept, one that came again.
    if (message.id && message.kind !== "event") seen.add(message.id);
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

/** When something last happened in a conversation; one without messages was just begun, or is a group long silent. */
export const lastAt = ({ messages, group }) => messages.at(-1)?.at ?? (group ? 0 : Date.now());

/** The first unread message of a conversation, or undefined. */
export function firstUnread({ messages, unread }) {
  let left = unread;
  return left > 0 ? messages.findLast(({ mine, quiet }) => !mine && !quiet && --left === 0) : undefined;
}
