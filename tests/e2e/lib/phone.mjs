// A user whose app speaks the wire itself (docs/wire.md) and can record sounds, which no web page of 2015 could.

import { PASSWORD } from "./demo.mjs";

export class Phone {
  static async join({ browser, demo }, username) {
    const phone = new Phone();
    phone.page = await (await browser.profile()).newPage();
    await phone.page.goto(demo.url);
    const signature = await (await fetch(demo.signerUrl)).json();
    await phone.page.evaluate(async ([signature, username, password]) => {
      const socket = new WebSocket(`ws://${location.host}/jmessage/v1`, "jmessage.v1");
      const waiting = [];
      socket.onmessage = ({ data }) => {
        const frame = JSON.parse(data);
        const at = waiting.findIndex(({ type }) => type === frame.type || frame.type === "error");
        if (at >= 0) waiting.splice(at, 1)[0].resolve(frame);
      };
      window.frame = (type) => new Promise((resolve) => waiting.push({ type, resolve }));
      window.ask = (request, type) => {
        const answer = frame(type);
        socket.send(JSON.stringify(request));
        return answer;
      };
      await new Promise((resolve) => (socket.onopen = resolve));
      const { appKey, timestamp, randomStr } = signature;
      await ask({ type: "config", id: 1, appKey, timestamp, randomStr, signature: signature.signature }, "configured");
      const media = frame("media");
      await ask({ type: "login", id: 2, username, password }, "session");
      window.media = await media;
    }, [signature, username, PASSWORD]);
    return phone;
  }

  /** Uploads a sound and sends it. */
  async record(to, sound) {
    const answer = await this.page.evaluate(async ([to, bytes]) => {
      const file = await (await fetch(media.upload, { method: "POST", body: new Uint8Array(bytes) })).json();
      const msg_body = { media_id: file.media_id };
      return ask({ type: "send", id: 3, key: crypto.randomUUID(), target_type: "single", target_id: to, msg_type: "voice", msg_body }, "sent");
    }, [to, [...sound]]);
    if (answer.type !== "sent") throw new Error(`the sound was not sent: ${JSON.stringify(answer)}`);
  }

  leave() {
    return this.page.context().close();
  }
}
