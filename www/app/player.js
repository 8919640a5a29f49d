// Plays voice messages, one at a time.
//
// Event: change, when something about what is played changed, its place included.

class Player extends EventTarget {
  /** The key of the message that is played or paused, or undefined. */
  key;
  /** Whether it could not be played. */
  failed = false;
  #audio = new Audio();

  constructor() {
    super();
    const tell = () => this.#tell();
    for (const event of ["play", "pause", "timeupdate", "seeked"]) this.#audio.addEventListener(event, tell);
    this.#audio.addEventListener("ended", () => {
      this.#audio.currentTime = 0;
    });
  }

  /** Whether the message of `key` is to be heard now. */
  plays(key) {
    return this.key === key && !this.#audio.paused;
  }

  /** Where the message of `key` stands, in seconds. */
  at(key) {
    return this.key === key ? this.#audio.currentTime : 0;
  }

  /** Plays or pauses; `address()` resolves to where the sound is. */
  async toggle(key, address) {
    if (this.plays(key)) return this.#audio.pause();
    try {
      if (this.key !== key || this.failed) await this.#load(key, address);
      if (this.key === key) await this.#audio.play();
    } catch (error) {
      // Another one was chosen before this one began.
      if (this.key !== key || error?.name === "AbortError") return;
      console.info(`a voice message cannot be played: ${error?.message}`);
      this.failed = true;
      this.#tell();
    }
  }

  async #load(key, address) {
    this.stop();
    this.key = key;
    this.#tell();
    const source = await address();
    if (this.key === key) this.#audio.src = source;
  }

  /** Goes to a place in what is played, in seconds. */
  seek(key, seconds) {
    if (this.key === key) this.#audio.currentTime = seconds;
  }

  /** Is silent, and forgets what it played. */
  stop() {
    this.#audio.pause();
    this.#audio.removeAttribute("src");
    this.key = undefined;
    this.failed = false;
    this.#tell();
  }

  #tell() {
    this.dispatchEvent(new Event("change"));
  }
}

export const player = new Player();
