// Says when the connection is lost, and for a moment when it is back.

import { h, icon } from "../dom.js";
import { t } from "../i18n.js";

/** How long the good news stays, in ms. */
const GOOD_NEWS = 2000;

export function banner({ session, signal }) {
  const view = h("div", { class: "banner", role: "status", hidden: true });
  let timer;

  function lost() {
    clearTimeout(timer);
    view.className = "banner";
    // Without any network there is nothing that the page could mend.
    const sign = navigator.onLine ? h("span", { class: "spinner", "aria-hidden": "true" }) : icon("offline");
    view.replaceChildren(sign, t(navigator.onLine ? "net.lost" : "net.none"));
    view.hidden = false;
  }

  function back() {
    if (view.hidden) return;
    view.className = "banner good";
    view.replaceChildren(icon("check"), t("net.back"));
    timer = setTimeout(() => (view.hidden = true), GOOD_NEWS);
  }

  session.addEventListener("offline", lost, { signal });
  session.addEventListener("online", back, { signal });
  for (const change of ["online", "offline"]) addEventListener(change, () => session.online || lost(), { signal });
  session.addEventListener("ended", () => (view.hidden = true), { signal });
  if (!session.online) lost();
  return view;
}
