// A user on a page that has nothing but the SDK and notes what it hears.

import { writeFile } from "node:fs/promises";
import { PASSWORD } from "./demo.mjs";
import { until } from "./browser.mjs";

const PAGE = `<!DOCTYPE html>
<meta charset="utf-8">
<title>SDK</title>
<link rel="icon" href="data:,">
<script src="pkg/jmessage-1.0.0.min.js"></script>
<script>
const heard = [];
const news = [];
JMessage.onMessageReceived((message) => heard.push(JSON.parse(message)));
JMessage.onEventReceived((event) => heard.push(JSON.parse(event)));
for (const name of ["ready", "error", "connected", "disconnected", "notification"]) {
  JMessage.on(name, (...values) => news.push([name, ...values]));
}
</script>`;

export class Member {
  #socket;

  constructor(page, username) {
    this.page = page;
    this.username = username;
  }

  /** A page in a browser of its own that has called nothing yet. */
  static async arrive({ browser, demo }, username) {
    await writeFile(`${demo.site}/sdk.html`, PAGE);
    const member = new Member(await (await browser.profile()).newPage(), username);
    member.page.on("websocket", (socket) => (member.#socket = socket));
    await member.page.goto(`${demo.url}/sdk.html`);
    return member;
  }

  /** A page that is logged in. */
  static async join(set, username) {
    const member = await Member.arrive(set, username);
    await member.config(set.demo);
    await member.login();
    return member;
  }

  async config({ signerUrl }) {
    await this.page.evaluate((signer) => JMessage.config({ signer }), signerUrl);
  }

  async login(password = PASSWORD) {
    const answer = await this.call("login", { username: this.username, password });
    if (answer.code) throw new Error(`${this.username} cannot log in: ${answer.code} ${answer.message}`);
  }

  /** Makes a call with callbacks: { data } or { code, message, rid }, with the progress of an upload. */
  call(name, options = {}) {
    return this.page.evaluate(([name, options]) => new Promise((resolve) => {
      const progress = [];
      JMessage[name]({
        ...options,
        progress: (loaded, total) => progress.push([loaded, total]),
        success: (data) => resolve({ data, progress }),
        fail: (code, message, rid) => resolve({ code, message, rid }),
      });
    }), [name, options]);
  }

  /** As `call`, for a call that must succeed: its data. */
  async done(name, options) {
    const { data, code, message } = await this.call(name, options);
    if (code) throw new Error(`${name} of ${this.username}: ${code} ${message}`);
    return data;
  }

  say(to, text) {
    return this.done("sendTextMessage", { targetId: to, targetType: typeof to === "number" ? "group" : "single", text });
  }

  /** Sends the picture that the person chooses. */
  async show(to, name, buffer) {
    await this.page.evaluate(() => {
      if (!document.getElementById("file")) document.body.insertAdjacentHTML("beforeend", '<input type="file" id="file" name="file">');
    });
    await this.page.setInputFiles("#file", { name, mimeType: "image/png", buffer });
    return this.call("sendImageMessage", { targetId: to, targetType: typeof to === "number" ? "group" : "single", fileId: "file" });
  }

  /** Everything heard so far, in its order. */
  heard() {
    return this.page.evaluate(() => heard);
  }

  /** Waits until something was heard for which `is` holds. */
  hears(is, what) {
    return until(async () => (await this.heard()).find(is) ?? null, Boolean, `${this.username} should hear ${what}`);
  }

  /** Waits until such news came: [name, ...values]. */
  news(name) {
    const ask = () => this.page.evaluate((name) => news.find((entry) => entry[0] === name) ?? null, name);
    return until(ask, Boolean, `${this.username} should hear ${name}`);
  }

  /** Logs out, and waits until the server knows it, and with it all that was heard. */
  async signOut() {
    const done = this.#socket.waitForEvent("framereceived", ({ payload }) => payload.startsWith('{"type":"done"'));
    await this.page.evaluate(() => void JMessage.logout());
    await done;
  }

  leave() {
    return this.page.context().close();
  }
}
