// Own messages on their way out; how they fare shows in their state in the store.

/**
 * How long an own message may take, in ms. The SDK keeps it, and sends it again in order whenever the connection
 * is back, until then: a person who closes the lid of a computer expects the message to go out the next morning.
 */
const PATIENCE = 24 * 60 * 60 * 1000;

export class Outbox {
  #sdk;
  #store;

  constructor(sdk, store) {
    this.#sdk = sdk;
    this.#store = store;
    sdk.requestTimeOut = PATIENCE;
  }

  /** Sends a text. */
  send(conversation, text) {
    const message = this.#store.compose(conversation, text);
    this.#submit(conversation, message);
  }

  /** Sends a failed message again: under its rid, if this page gave it one, so that it arrives once in any case. */
  resend(conversation, message) {
    this.#store.again(conversation, message);
    if (message.rid === undefined) this.#submit(conversation, message);
    else this.#sdk.resendMessage({ rid: message.rid, ...this.#outcome(conversation, message) });
  }

  #submit(conversation, message) {
    this.#sdk.sendTextMessage({
      targetId: conversation.id,
      targetType: conversation.type,
      text: message.text,
      idGenerated: (rid) => this.#store.update(conversation, message, { rid }),
      ...this.#outcome(conversation, message),
    });
  }

  #outcome(conversation, message) {
    const update = (change) => this.#store.update(conversation, message, change);
    return {
      success: () => update({ state: "sent" }),
      fail: (code, words) => update({ state: "failed", code, words }),
    };
  }
}
