// Who is called what, as far as it is known.
//
// Event: name { username }, when somebody's nickname became known or changed.

import { ask } from "./calls.js";

export class People extends EventTarget {
  #sdk;
  #names = new Map();
  /** Questions to the server, by username; those that failed are forgotten. */
  #asked = new Map();

  /** `accounts` are known from the beginning: [{ username, nickname }]. */
  constructor(sdk, accounts) {
    super();
    this.#sdk = sdk;
    for (const { username, nickname } of accounts) this.#names.set(username, nickname || username);
  }

  /** The nickname, or the username until it is known. */
  nameOf(username) {
    return this.#names.get(username) ?? username;
  }

  /** Everyone heard of so far: [{ username, name }]. */
  known() {
    return [...this.#names].map(([username, name]) => ({ username, name }));
  }

  /** Notes a nickname; an empty one tells nothing. */
  learn(username, nickname) {
    if (!nickname || this.#names.get(username) === nickname) return;
    this.#names.set(username, nickname);
    this.dispatchEvent(new CustomEvent("name", { detail: { username } }));
  }

  /** Asks the server who this is: { username, name }; rejects with `Refused`, 898002 for nobody. */
  find(username) {
    if (!this.#asked.has(username)) this.#asked.set(username, this.#ask(username));
    return this.#asked.get(username);
  }

  /** Finds out the nickname in the background, if it is not known. */
  wonder(username) {
    if (!this.#names.has(username)) this.find(username).catch(() => {});
  }

  /** What the server tells of a user now: see getUserInfo. */
  async profile(username) {
    const profile = await ask(this.#sdk, "getUserInfo", { username });
    this.learn(username, profile.nickname || username);
    return profile;
  }

  async #ask(username) {
    try {
      await this.profile(username);
      return { username, name: this.nameOf(username) };
    } catch (refused) {
      this.#asked.delete(username);
      throw refused;
    }
  }
}
