// Where pictures and sounds of messages are read. An id comes from another user's message: it is checked before it
// becomes part of an address.

const IDS = { image: /^qiniu\/image\/[0-9a-f]{32}$/, voice: /^qiniu\/voice\/[0-9a-f]{32}$/ };
const FIELDS = ["media_id", "width", "height", "format", "fsize", "duration"];

/** The SDK learns the address right after the login; how often to look, and how long it may take, in ms. */
const LOOK = 100;
const PATIENCE = 20 * 1000;

export class Media {
  #sdk;

  constructor(sdk) {
    this.#sdk = sdk;
  }

  /** The address of a picture to be shown in a log, at most 400 pixels wide and high; one that moves stays as it is. */
  thumbnail({ media_id: id, format }) {
    return this.#address("image", id, this.#sdk.QiNiuMediaUrl, format === "gif" ? "" : "?imageView2/0/w/400/h/400");
  }

  /** The address of a picture as it was sent. */
  original({ media_id: id }) {
    return this.#address("image", id, this.#sdk.QiNiuMediaUrl, "");
  }

  /** The address of a voice message. */
  sound({ media_id: id }) {
    return this.#address("voice", id, this.#sdk.UpYunVoiceMediaUrl, ".mp3");
  }

  /** Rejects when the id is none, or the SDK does not come to know where media are. */
  async #address(kind, id, first, suffix) {
    if (!IDS[kind].test(id)) throw new Error(`no ${kind}: ${id}`);
    const base = first || (await this.#base(kind));
    return `${base}${id}${suffix}`;
  }

  async #base(kind) {
    const name = kind === "image" ? "QiNiuMediaUrl" : "UpYunVoiceMediaUrl";
    for (let waited = 0; waited < PATIENCE; waited += LOOK) {
      await new Promise((resolve) => setTimeout(resolve, LOOK));
      if (this.#sdk[name]) return this.#sdk[name];
    }
    throw new Error("the server takes no media");
  }
}

/** What the page keeps of a message's body. */
export function bodyOf(kind, body) {
  if (!Object.hasOwn(IDS, kind)) return undefined;
  return Object.fromEntries(FIELDS.filter((name) => ["string", "number"].includes(typeof body?.[name])).map((name) => [name, body[name]]));
}

/** A picture in a log is not larger than this, in CSS pixels, and not smaller than its cancel button. */
const LARGEST = { width: 240, height: 280 };
const SMALLEST = 56;

/** How large a picture of `width` × `height` pixels is shown: known before it is loaded, so that nothing moves. */
export function shownSize({ width, height }) {
  if (!(width > 0 && height > 0)) return { width: 180, height: 135 };
  const scale = Math.min(1, LARGEST.width / width, LARGEST.height / height);
  const side = (length) => Math.round(Math.max(SMALLEST, length * scale));
  return { width: side(width), height: side(height) };
}
