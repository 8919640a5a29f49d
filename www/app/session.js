// The SDK and the store, tied together: what arrives goes into the store, what the user does goes out.
//
// Events: online, offline, signed (in or out), and ended with { code, message }: the server ended the session.

import { Store } from "./store.js";

/**
 * How long an own message may take, in ms. The SDK keeps it, and sends it again in order whenever the connection
 * is back, until then: a person who closes the lid of a computer expects the message to go out the next morning.
 */
const PATIENCE = 24 * 60 * 60 * 1000;

/** What a call to the SDK was refused with. */
export class Refused extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

export class Session extends EventTarget {
  /** The signed-in user's store, or null. */
  store = null;
  /** Whether the SDK is connected. */
  online = false;
  #sdk;
  #config;
  /** Received between the login and its answer. */
  #early = [];
  /** The store of who was signed in last: the SDK still knows the failed messages in it. */
  #last;

  /** `sdk` is the `JMessage` object; `config` is { appKey, signer, accounts }. */
  constructor(sdk, config) {
    super();
    this.#sdk = sdk;
    this.#config = config;
    sdk.requestTimeOut = PATIENCE;
    sdk.onConnected(() => this.#connected(true));
    sdk.onDisconnected(() => this.#connected(false));
    sdk.onMessageReceived((message) => this.#received(message));
    sdk.notification((code, message) => {
      if (this.store) this.#tell("ended", { code, message });
    });
    sdk.error((code, message) => console.error(`JMessage config: ${code} ${message}`));
    const { appKey, signer } = config;
    sdk.config({ ...(appKey && { appKey }), signer });
  }

  /** The accounts that the demo offers: [{ username, nickname, password }]. */
  get accounts() {
    return this.#config.accounts ?? [];
  }

  /** The name that goes with a username, as far as it is known. */
  nameOf(username) {
    return this.accounts.find((account) => account.username === username)?.nickname ?? username;
  }

  /** Resolves when signed in; rejects with [`Refused`]. */
  signIn(username, password) {
    this.#early = [];
    return new Promise((resolve, reject) => {
      const success = () => {
        this.#begin(username);
        resolve();
      };
      const fail = (code, message) => reject(new Refused(code, message));
      this.#sdk.login({ username, password, success, fail });
    });
  }

  #begin(username) {
    if (this.#last?.me.username !== username) {
      this.#last = new Store(this.#config.appKey ?? "", { username, nickname: this.nameOf(username) });
    }
    this.store = this.#last;
    for (const message of this.#early.splice(0)) this.#received(message);
    this.#tell("signed");
  }

  /** Ends the session here and tells the server. */
  signOut() {
    this.#sdk.logout();
    this.leave();
  }

  /** Ends the session here only: the server has ended it already. */
  leave() {
    this.store?.close();
    this.store = null;
    this.#tell("signed");
  }

  /** Sends a text; how it fares shows in the message's state. */
  send(conversation, text) {
    const message = this.store.compose(conversation, text);
    this.#submit(this.store, conversation, message);
  }

  /** Sends a failed message again: under its rid, if this page gave it one, so that it arrives once in any case. */
  resend(conversation, message) {
    const { store } = this;
    store.update(conversation, message, { state: "sending", code: undefined });
    if (message.rid === undefined) this.#submit(store, conversation, message);
    else this.#sdk.resendMessage({ rid: message.rid, ...this.#outcome(store, conversation, message) });
  }

  #submit(store, conversation, message) {
    this.#sdk.sendTextMessage({
      targetId: conversation.id,
      targetType: conversation.type,
      text: message.text,
      idGenerated: (rid) => store.update(conversation, message, { rid }),
      ...this.#outcome(store, conversation, message),
    });
  }

  #outcome(store, conversation, message) {
    return {
      success: () => store.update(conversation, message, { state: "sent" }),
      fail: (code, words) => store.update(conversation, message, { state: "failed", code, words }),
    };
  }

  #connected(yes) {
    this.online = yes;
    this.#tell(yes ? "online" : "offline");
  }

  #received(message) {
    const { store } = this;
    if (!store) {
      this.#early.push(message);
      return;
    }
    const { from_id: from, from_name: name, target_id: target, target_name: targetName, msg_type: kind } = message;
    const conversation =
      message.target_type === "group"
        ? store.conversation("group", target, targetName)
        : store.conversation("single", from, name);
    store.receive(conversation, {
      id: message.msg_id,
      from,
      name: name || from,
      kind,
      text: kind === "text" ? String(message.msg_body.text) : "",
      at: message.create_time * 1000,
    });
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
