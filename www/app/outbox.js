// Own messages on their way out; how they fare shows in their state in the store.
//
// Event: progress { message }, when more of its picture is uploaded.

/**
 * How long an own message may take, in ms. The SDK keeps it, and sends it again in order whenever the connection
 * is back, until then: a person who closes the lid of a computer expects the message to go out the next morning.
 */
const PATIENCE = 24 * 60 * 60 * 1000;
/** How long an upload that has begun may stand still, in ms. */
const STALL = 60 * 1000;
const TIMEOUT = 872006;
/** Not of the SDK: the picture is not on this device any more. */
const NO_FILE = "noFile";

export class Outbox extends EventTarget {
  #sdk;
  #store;
  #pictures;
  /** Pictures on their way: message key → { controller, loaded, total, stalled, timer }. */
  #uploads = new Map();

  constructor(sdk, store, pictures) {
    super();
    this.#sdk = sdk;
    this.#store = store;
    this.#pictures = pictures;
    sdk.requestTimeOut = PATIENCE;
  }

  /** Sends a text. */
  send(conversation, text) {
    this.#submit(conversation, this.#store.compose(conversation, { kind: "text", text }));
  }

  /** Sends a picture of these dimensions. */
  sendImage(conversation, { file, width, height }) {
    const body = { width, height, fsize: file.size };
    const message = this.#store.compose(conversation, { kind: "image", body }, (made) => this.#pictures.keep(made, file));
    this.#submit(conversation, message, file);
  }

  /** Sends a failed message again: under its rid, if this page gave it one, so that it arrives once in any case. */
  async resend(conversation, message) {
    this.#store.again(conversation, message);
    if (message.rid !== undefined) {
      const uploaded = message.kind === "image" ? this.#upload(message) : undefined;
      this.#sdk.resendMessage({ rid: message.rid, ...uploaded, ...this.#outcome(conversation, message) });
      return;
    }
    const file = message.kind === "image" ? await this.#pictures.file(message) : undefined;
    if (message.kind === "image" && !file) this.#store.update(conversation, message, { state: "failed", code: NO_FILE });
    else this.#submit(conversation, message, file);
  }

  /** How far the picture of a message is: { loaded, total } in bytes, or undefined when it is not on its way. */
  progress({ key }) {
    return this.#uploads.get(key);
  }

  /** Gives up an upload, and the message goes away; what is uploaded already goes out. */
  cancel(conversation, message) {
    const upload = this.#uploads.get(message.key);
    if (!upload || isWhole(upload)) return;
    upload.controller.abort();
    this.#finish(message);
    this.#store.remove(conversation, message);
  }

  #submit(conversation, message, file) {
    const { id: targetId, type: targetType } = conversation;
    const idGenerated = (rid) => this.#store.update(conversation, message, { rid });
    const outcome = this.#outcome(conversation, message);
    if (file) this.#sdk.sendImageMessage({ targetId, targetType, file, idGenerated, ...this.#upload(message), ...outcome });
    else this.#sdk.sendTextMessage({ targetId, targetType, text: message.text, idGenerated, ...outcome });
  }

  /** The options of an upload. */
  #upload(message) {
    const upload = { controller: new AbortController(), loaded: 0, total: 0, stalled: false };
    this.#uploads.set(message.key, upload);
    const progress = (loaded, total) => {
      clearTimeout(upload.timer);
      if (!this.#uploads.has(message.key)) return;
      Object.assign(upload, { loaded, total });
      if (loaded < total) upload.timer = setTimeout(() => this.#stall(upload), STALL);
      this.dispatchEvent(new CustomEvent("progress", { detail: { message } }));
    };
    return { progress, signal: upload.controller.signal };
  }

  #stall(upload) {
    upload.stalled = true;
    upload.controller.abort();
  }

  #finish({ key }) {
    clearTimeout(this.#uploads.get(key)?.timer);
    this.#uploads.delete(key);
  }

  #outcome(conversation, message) {
    return {
      success: () => {
        this.#finish(message);
        this.#store.update(conversation, message, { state: "sent" });
      },
      fail: (code, words) => {
        const { controller, stalled } = this.#uploads.get(message.key) ?? {};
        this.#finish(message);
        // Given up, and gone already.
        if (message.kind === "image" && !controller) return;
        this.#store.update(conversation, message, { state: "failed", code: stalled ? TIMEOUT : code, words });
      },
    };
  }
}

/** Whether all bytes of an upload are under way. */
export const isWhole = ({ loaded, total }) => total > 0 && loaded >= total;
