// A picture in the log: its room is kept before it is loaded; while it goes out, a ring shows how far it is.

import { h, icon, iconButton, svg } from "../dom.js";
import { t } from "../i18n.js";
import { shownSize } from "../media.js";
import { isWhole } from "../outbox.js";
import { openViewer } from "./viewer.js";

/** The ring's radius, in its own 44 × 44 units. */
const RADIUS = 19;

/** Where the picture of a message is shown from in the log; a promise. */
const small = (message, { media, pictures }) => (message.mine ? pictures.address(message) : media.thumbnail(message.body));

/** Where it is as it was sent; a promise. */
export const whole = (message, { media, pictures }) => (message.mine ? pictures.address(message) : media.original(message.body));

/** What somebody hears who does not see the picture. */
export const nameOfPicture = (message, people) =>
  message.mine ? t("image.mine") : t("image.theirs", { name: people.nameOf(message.from) });

export function picture(message, session, conversation) {
  const { mine, state, body } = message;
  const name = nameOfPicture(message, session.people);
  const img = h("img", { ...shownSize(body ?? {}), alt: name, decoding: mine ? "sync" : "async", draggable: "false" });
  const button = h("button", { type: "button", class: "picture-open", "aria-label": t("image.open", { name }), dataset: { focus: "open" } }, img);
  const view = h("div", { class: "picture" }, button);

  function load() {
    view.classList.remove("broken");
    button.querySelector(".picture-broken")?.remove();
    small(message, session).then((address) => (img.src = address), broken);
  }

  function broken() {
    if (view.classList.contains("broken")) return;
    view.classList.add("broken");
    img.removeAttribute("src");
    button.append(h("span", { class: "picture-broken" }, icon("image"), t("image.broken")));
  }

  img.addEventListener("error", broken);
  button.addEventListener("click", () => (view.classList.contains("broken") ? load() : openViewer(session, conversation, message)));
  load();
  if (mine && state === "sending") view.append(ring(message, session, conversation));
  return view;
}

function ring(message, { outbox, online }, conversation) {
  const around = String(2 * Math.PI * RADIUS);
  const circle = (name) => svg("circle", { class: name, cx: "22", cy: "22", r: String(RADIUS), "stroke-dasharray": around });
  const view = h("div", { class: "ring", role: "progressbar", "aria-label": t("image.sending"), "aria-valuemin": "0", "aria-valuemax": "100" },
    svg("svg", { viewBox: "0 0 44 44", "aria-hidden": "true" }, circle("ring-track"), circle("ring-done")),
    iconButton("close", t("image.cancel"), () => outbox.cancel(conversation, message), { "data-focus": "cancel" }));
  view.classList.toggle("waiting", !online);
  showProgress(view, outbox.progress(message));
  return view;
}

/** Shows in a row of the log, or in the ring itself, how far its picture is: see `Outbox.progress`. */
export function showProgress(row, upload) {
  const view = row.matches(".ring") ? row : row.querySelector(".ring");
  if (!view || !upload) return;
  const part = upload.total > 0 ? upload.loaded / upload.total : 0;
  view.setAttribute("aria-valuenow", String(Math.round(part * 100)));
  view.querySelector(".ring-done").style.strokeDashoffset = String(2 * Math.PI * RADIUS * (1 - part));
  // What is under way as a whole cannot be called back.
  view.classList.toggle("whole", isWhole(upload));
  view.querySelector("button").disabled = isWhole(upload);
}
