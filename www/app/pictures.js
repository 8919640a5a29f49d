// The pictures that were sent from this device: the SDK does not tell their ids, and a failed one is sent again from
// here. Kept in the browser's database; where there is none, as long as the page.

const DATABASE = "jmessage-im";
const STORE = "pictures";

let opened;

function database() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opened;
}

/** Carries out `act` on the store; resolves with its result, or undefined when there is no database. */
async function within(mode, act) {
  try {
    const transaction = (await database()).transaction(STORE, mode);
    const request = act(transaction.objectStore(STORE));
    return await new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve(request?.result);
      transaction.onerror = transaction.onabort = () => reject(transaction.error);
    });
  } catch (error) {
    console.info(`pictures are not kept: ${error?.message}`);
    return undefined;
  }
}

export class Pictures {
  #prefix;
  /** Message key → Blob, and its address for `<img>`. */
  #files = new Map();
  #addresses = new Map();

  /** The pictures of `store`'s user; what the store forgets goes here too. */
  constructor(appKey, store) {
    this.#prefix = `${appKey}/${store.me.username}/`;
    store.addEventListener("message", ({ detail }) => this.#drop(detail.dropped));
    store.addEventListener("removed", ({ detail }) => this.#drop([detail.message]));
    store.addEventListener("forgotten", ({ detail }) => this.#drop(detail.conversation.messages));
  }

  /** Keeps the file of a message. */
  keep({ key }, file) {
    this.#files.set(key, file);
    within("readwrite", (pictures) => pictures.put(file, this.#prefix + key));
  }

  /** The file of a message, or undefined. */
  async file({ key }) {
    if (!this.#files.has(key)) {
      const file = await within("readonly", (pictures) => pictures.get(this.#prefix + key));
      if (!(file instanceof Blob)) return undefined;
      this.#files.set(key, file);
    }
    return this.#files.get(key);
  }

  /** An address for `<img>`; rejects when the picture is gone. */
  async address(message) {
    const { key } = message;
    const file = await this.file(message);
    if (!file) throw new Error("the picture is not on this device any more");
    if (!this.#addresses.has(key)) this.#addresses.set(key, URL.createObjectURL(file));
    return this.#addresses.get(key);
  }

  #drop(messages) {
    const own = messages.filter(({ mine, kind }) => mine && kind === "image");
    for (const { key } of own) {
      URL.revokeObjectURL(this.#addresses.get(key));
      this.#addresses.delete(key);
      this.#files.delete(key);
      within("readwrite", (pictures) => pictures.delete(this.#prefix + key));
    }
  }
}
