// Stands where a message would be written, when the user is out of the group.

import { h, icon } from "../dom.js";
import { t } from "../i18n.js";

/** `why` is the group's `gone`; `forget` removes the conversation from the list. */
export const closedLine = (why, forget) =>
  h("div", { class: "closed", role: "status" },
    icon("out"), h("p", null, t(`gone.${why}`)),
    h("button", { type: "button", class: "plain", "data-forget": true, onclick: forget }, t("gone.forget")));
