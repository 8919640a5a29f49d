// Choosing users: those who are known by a tick, anybody else by their username, which the server is asked about.

import { avatar, h, icon, iconButton } from "../dom.js";
import { explain, t } from "../i18n.js";
import { USERNAME } from "../text.js";

/**
 * `taken` are usernames that are in already, `me` who chooses and is not offered, `label` names the list.
 * Returns { view, chosen(), input }.
 */
export function picker(people, { taken = [], me, label }) {
  const candidates = new Map(people.known().filter(({ username }) => username !== me).map(({ username, name }) => [username, name]));
  const chosen = new Set();
  const input = h("input", {
    class: "search-input", type: "search", placeholder: t("pick.placeholder"), "aria-label": t("pick.placeholder"),
    autocomplete: "off", autocapitalize: "none", spellcheck: "false", maxlength: 128,
  });
  const status = h("p", { class: "pick-status", role: "status" });
  const chips = h("ul", { class: "chips", "aria-label": t("pick.chosen"), hidden: true });
  const items = h("ul", { class: "pick-list", "aria-label": label });

  function draw() {
    const query = input.value.trim();
    const matching = [...candidates].filter(([username, name]) =>
      [username, name].some((text) => text.toLowerCase().includes(query.toLowerCase())));
    items.replaceChildren(...matching.map(item), ...(query && query !== me && !candidates.has(query) ? [unknown(query)] : []));
    chips.replaceChildren(...[...chosen].map(chip));
    chips.hidden = chosen.size === 0;
  }

  function item([username, name]) {
    const present = taken.includes(username);
    const tick = h("input", { type: "checkbox", value: username, disabled: present, onchange: () => choose(username, tick.checked) });
    tick.checked = present || chosen.has(username);
    return h("li", null, h("label", { class: "pick" }, tick, avatar(username, name),
      h("span", { class: "pick-names" }, h("b", null, name), h("small", null, present ? t("pick.present") : username))));
  }

  /** Someone the page has not heard of. */
  function unknown(username) {
    if (!USERNAME.test(username)) return h("li", { class: "pick-note" }, t("list.badName"));
    return h("li", null, h("button", { type: "button", class: "pick", onclick: () => look(username) },
      h("span", { class: "pick-sign" }, icon("search")), h("span", { class: "pick-names" }, h("b", null, t("pick.look", { name: username })))));
  }

  const chip = (username) =>
    h("li", { class: "chip" }, people.nameOf(username), iconButton("close", t("pick.drop", { name: people.nameOf(username) }), () => {
      choose(username, false);
      input.focus();
    }));

  function choose(username, yes) {
    if (yes) chosen.add(username);
    else chosen.delete(username);
    const focused = document.activeElement?.value;
    draw();
    // The list was drawn anew under the one who ticks.
    items.querySelector(`input[value="${CSS.escape(focused ?? "")}"]`)?.focus();
  }

  async function look(username) {
    status.classList.remove("wrong");
    status.textContent = t("pick.looking", { name: username });
    try {
      const { name } = await people.find(username);
      candidates.set(username, name);
      status.textContent = "";
      input.value = "";
      if (!taken.includes(username)) choose(username, true);
      else draw();
    } catch (refused) {
      status.classList.add("wrong");
      status.textContent = `${username}: ${explain(refused.code, refused.message)}`;
    }
    input.focus();
  }

  input.addEventListener("input", () => {
    status.textContent = "";
    draw();
  });
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    const query = input.value.trim();
    if (!query || query === me) return;
    if (candidates.has(query) && !taken.includes(query)) {
      input.value = "";
      choose(query, true);
    } else if (USERNAME.test(query)) look(query);
  });
  draw();
  const view = h("fieldset", { class: "picker" }, h("legend", null, label),
    h("div", { class: "search" }, icon("search"), input), status, chips, items);
  return { view, chosen: () => [...chosen], input };
}
