// A voice message in the log: played, paused, and moved about in.

import { h, icon } from "../dom.js";
import { t } from "../i18n.js";
import { player } from "../player.js";
import { clock } from "../time.js";

/** Longer messages are wider, within limits, in CSS pixels. */
const width = (seconds) => Math.round(Math.min(300, 150 + seconds * 4));

export function voice(message, { media, store }, conversation) {
  const { key, body } = message;
  const duration = Math.max(1, body?.duration ?? 0);
  const button = h("button", { type: "button", class: "voice-play", dataset: { focus: "play" }, onclick: play });
  const place = h("input", { type: "range", class: "voice-place", min: 0, max: duration, step: "any", "aria-label": t("voice.place"), dataset: { focus: "place" } });
  const time = h("span", { class: "voice-time" });
  const failed = h("span", { class: "voice-failed", role: "status" });
  const view = h("div", { class: "bubble voice" },
    button,
    place,
    time,
    !message.mine && !message.played && h("span", { class: "voice-new", role: "img", "aria-label": t("voice.new"), title: t("voice.new") }),
    failed);
  view.style.width = `${width(duration)}px`;
  let playing;

  function play() {
    player.toggle(key, () => media.sound(body));
    if (!message.played) store.update(conversation, message, { played: true });
  }

  function draw() {
    const at = Math.min(player.at(key), duration);
    if (playing !== player.plays(key)) {
      playing = player.plays(key);
      button.replaceChildren(icon(playing ? "pause" : "play"));
      const label = playing ? t("voice.pause") : t("voice.play", { n: duration });
      button.setAttribute("aria-label", label);
      button.title = label;
    }
    place.value = String(at);
    place.style.setProperty("--part", String(at / duration));
    place.setAttribute("aria-valuetext", t("voice.at", { at: Math.floor(at), n: duration }));
    place.disabled = player.key !== key;
    time.textContent = clock(at > 0 ? at : duration);
    failed.textContent = player.key === key && player.failed ? t("voice.failed") : "";
  }

  function changed() {
    // A row that was drawn anew is somebody else's.
    if (view.isConnected) draw();
    else player.removeEventListener("change", changed);
  }

  place.addEventListener("input", () => player.seek(key, Number(place.value)));
  player.addEventListener("change", changed);
  draw();
  return view;
}
