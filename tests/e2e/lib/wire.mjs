// A phone app, as far as the demo sees it: it speaks the native wire (docs/wire.md), since the web SDK sends no voice.

import { PASSWORD } from "./demo.mjs";

/** Signs `username` in from a page of the demo at `url` and sends `sound`, a Buffer, as a voice message to a user or group. */
export async function sendVoice(context, { url, signerUrl }, { username, targetType = "single", targetId, sound }) {
  const page = await context.newPage();
  await page.goto(url);
  const sent = await page.evaluate(speak, { signerUrl, username, password: PASSWORD, targetType, targetId, sound: sound.toString("base64") });
  await page.close();
  return sent;
}

/** Runs in the page. Resolves with the media_id. */
async function speak({ signerUrl, username, password, targetType, targetId, sound }) {
  const socket = new WebSocket(location.origin.replace("http", "ws") + "/jmessage/v1", "jmessage.v1");
  const frames = [];
  let told = () => {};
  socket.onmessage = ({ data }) => {
    frames.push(JSON.parse(data));
    told();
  };
  /** Waits for a frame of this type; an error is one. */
  const heard = async (type) => {
    for (;;) {
      const frame = frames.find((each) => each.type === type || each.type === "error");
      if (frame?.type === "error") throw new Error(`${frame.code} ${frame.message}`);
      if (frame) return frame;
      await new Promise((resolve) => (told = resolve));
    }
  };
  const say = (frame) => socket.send(JSON.stringify(frame));
  await new Promise((resolve, reject) => Object.assign(socket, { onopen: resolve, onerror: reject }));
  const signed = await (await fetch(signerUrl)).json();
  say({ type: "config", id: 1, ...signed });
  await heard("configured");
  say({ type: "login", id: 2, username, password });
  await heard("session");
  const { upload } = await heard("media");
  const body = Uint8Array.from(atob(sound), (letter) => letter.charCodeAt(0));
  const answer = await (await fetch(upload, { method: "POST", body })).json();
  if (!answer.media_id) throw new Error(JSON.stringify(answer));
  say({ type: "send", id: 3, key: crypto.randomUUID(), target_type: targetType, target_id: targetId, msg_type: "voice", msg_body: answer });
  await heard("sent");
  socket.close();
  return answer.media_id;
}
