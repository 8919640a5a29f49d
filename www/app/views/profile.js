// Who somebody is, as far as they tell: the answer of getUserInfo.

import { avatar, h, iconButton } from "../dom.js";
import { explain, t } from "../i18n.js";
import { present } from "./dialog.js";

const GENDERS = [undefined, "profile.male", "profile.female"];

/** Shows the profile of `username`. */
export function openProfile({ people }, username) {
  const name = people.nameOf(username);
  const more = h("div", { class: "card-more", role: "status" }, h("span", { class: "spinner", "aria-hidden": "true" }));
  const dialog = h("dialog", { class: "dialog card", "aria-labelledby": "card-name" },
    iconButton("close", t("dialog.close"), () => dialog.close()),
    avatar(username, name),
    h("h2", { id: "card-name" }, name),
    h("p", { class: "card-username" }, username),
    more);
  people.profile(username).then(
    (profile) => more.replaceChildren(...facts(profile)),
    (refused) => more.replaceChildren(h("p", null, explain(refused.code, refused.message))));
  present(dialog);
}

function facts({ signature, gender, region, address }) {
  const rows = [["profile.gender", GENDERS[gender] && t(GENDERS[gender])], ["profile.region", region], ["profile.address", address]];
  const told = rows.filter(([, value]) => value);
  return [
    signature && h("p", { class: "card-signature" }, signature),
    told.length > 0 && h("dl", null, told.map(([key, value]) => [h("dt", null, t(key)), h("dd", null, value)])),
    !signature && told.length === 0 && h("p", null, t("profile.nothing")),
  ].filter(Boolean);
}
