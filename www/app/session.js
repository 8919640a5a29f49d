// The SDK and the store, tied together: what arrives goes into the store, what the user does goes out.
//
// Events: online, offline, signed (in or out), and ended with { code, message }: the server ended the session.

import { ask } from "./calls.js";
import { Groups } from "./groups.js";
import { Media, bodyOf } from "./media.js";
import { Outbox } from "./outbox.js";
import { People } from "./people.js";
import { Pictures } from "./pictures.js";
import { player } from "./player.js";
import { Store } from "./store.js";

export class Session extends EventTarget {
  /** What belongs to the signed-in user, or null. */
  store = null;
  groups = null;
  outbox = null;
  pictures = null;
  /** Who is called what. */
  people;
  /** Where pictures and sounds are. */
  media;
  /** Whether the SDK is connected. */
  online = false;
  #sdk;
  #config;
  /** Received between the login and its answer. */
  #early = [];
  /** What belonged to who was signed in last: the SDK still knows the failed messages in it. */
  #last;

  /** `sdk` is the `JMessage` object; `config` is { appKey, signer, accounts }. */
  constructor(sdk, config) {
    super();
    this.#sdk = sdk;
    this.#config = config;
    this.people = new People(sdk, this.accounts);
    this.media = new Media(sdk);
    sdk.onConnected(() => this.#connected(true));
    sdk.onDisconnected(() => this.#connected(false));
    sdk.onMessageReceived((message) => this.#whenSigned(() => this.#received(message)));
    sdk.onEventReceived((event) => this.#whenSigned(() => this.groups.happened(event)));
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

  /** Resolves when signed in; rejects with `Refused`. */
  async signIn(username, password) {
    this.#early = [];
    await ask(this.#sdk, "login", { username, password });
    this.#begin(username);
  }

  #begin(username) {
    if (this.#last?.store.me.username !== username) {
      const appKey = this.#config.appKey ?? "";
      const store = new Store(appKey, { username, nickname: this.people.nameOf(username) });
      for (const [user, name] of store.names()) this.people.learn(user, name);
      const pictures = new Pictures(appKey, store);
      const groups = new Groups(this.#sdk, store, this.people);
      this.#last = { store, groups, pictures, outbox: new Outbox(this.#sdk, store, pictures) };
    }
    Object.assign(this, this.#last);
    for (const take of this.#early.splice(0)) take();
    this.#tell("signed");
    this.#readGroups();
  }

  /** Ends the session here and tells the server. */
  signOut() {
    this.#sdk.logout();
    this.leave();
  }

  /** Ends the session here only: the server has ended it already. */
  leave() {
    player.stop();
    this.store?.close();
    Object.assign(this, { store: null, groups: null, outbox: null, pictures: null });
    this.#tell("signed");
  }

  #connected(yes) {
    this.online = yes;
    this.#tell(yes ? "online" : "offline");
    // A new name of a group is no event, so the list is read again.
    if (yes && this.store) this.#readGroups();
  }

  #readGroups() {
    this.groups.list().catch((refused) => console.info(`the list of groups: ${refused.message}`));
  }

  #whenSigned(take) {
    if (this.store) take();
    else this.#early.push(take);
  }

  #received(message) {
    const { store, people, groups } = this;
    const { from_id: from, from_name: name, target_id: target, target_name: targetName, msg_type: kind, msg_body: body } = message;
    people.learn(from, name);
    const grouped = message.target_type === "group";
    const conversation = grouped
      ? store.conversation("group", String(target), targetName)
      : store.conversation("single", from, name);
    if (grouped && !conversation.group) groups.refresh(conversation.id);
    store.receive(conversation, {
      id: message.msg_id,
      from,
      name: name || from,
      kind,
      text: kind === "text" ? String(body.text) : "",
      body: bodyOf(kind, body),
      at: message.create_time * 1000,
    });
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
