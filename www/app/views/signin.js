// The sign-in view: username, password, demo accounts.

import { avatar, h, icon, logo } from "../dom.js";
import { current, explain, t } from "../i18n.js";
import { read, write } from "../storage.js";

/** Only the name is kept, and only as long as the tab lives. */
const NAME = "jmessage-im/username";
/** After this long without an answer, say what is being waited for. */
const PATIENCE = 3000;

/** `options`: `error` to show at once, `signedOut` when the user has just left. */
export function signIn({ session, switchLanguage }, { error, signedOut } = {}) {
  const username = field("username", { autocomplete: "username", autocapitalize: "none", spellcheck: "false" });
  const password = field("password", { type: "password", autocomplete: "current-password" });
  const submit = h("button", { type: "submit", class: "primary" }, t("signin.submit"));
  const status = h("p", { class: "signin-status", role: "alert" }, error);
  if (signedOut) {
    status.textContent = t("signin.signedOut");
    status.classList.add("calm");
  }
  username.value = read("sessionStorage", NAME) ?? "";
  const say = (text, calm = false) => {
    status.textContent = text;
    status.classList.toggle("calm", calm);
  };

  const form = h("form", { class: "signin-form", novalidate: true, onsubmit: (event) => {
    event.preventDefault();
    enter(username.value.trim(), password.value);
  } },
    label("username", username), label("password", h("span", { class: "password" }, password, reveal(password))), status, submit);
  if (!session) for (const control of form.elements) control.disabled = true;

  async function enter(name, secret) {
    if (form.ariaBusy === "true") return;
    if (!name || !secret) return say(t("signin.missing"));
    busy(true);
    say("");
    const slow = setTimeout(() => say(t("signin.slow"), true), PATIENCE);
    try {
      await session.signIn(name, secret);
      write("sessionStorage", NAME, name);
    } catch (refused) {
      busy(false);
      say(explain(refused.code, refused.message));
      password.select();
    } finally {
      clearTimeout(slow);
    }
  }

  function busy(yes) {
    form.ariaBusy = String(yes);
    submit.textContent = t(yes ? "signin.busy" : "signin.submit");
    for (const button of view.querySelectorAll("button")) button.disabled = yes;
  }

  const demo = (account) =>
    h("button", { type: "button", class: "demo-account", onclick: () => {
      username.value = account.username;
      password.value = account.password;
      enter(account.username, account.password);
    } },
      avatar(account.username, account.nickname),
      h("span", { class: "demo-names" }, h("b", null, account.nickname), h("small", null, account.username)));

  const accounts = session?.accounts ?? [];
  const view = h("main", { class: "signin" },
    h("section", { class: "signin-brand" },
      h("div", { class: "signin-mark" }, logo(), h("span", null, "JMessage Web IM")),
      h("p", { class: "signin-tagline" }, t("app.tagline")),
      h("ul", { class: "signin-points" }, t("app.points").split("|").map((point) => h("li", null, icon("check"), point))),
      illustration()),
    h("section", { class: "signin-panel" },
      h("button", { type: "button", class: "language", dataset: { language: current() }, onclick: switchLanguage }, icon("globe"), t("nav.language")),
      h("h1", null, t("signin.title")),
      form,
      accounts.length > 0 && h("div", { class: "demo" },
        h("h2", null, t("signin.demo")), h("div", { class: "demo-accounts" }, accounts.map(demo)))));
  requestAnimationFrame(() => (username.value ? password : username).focus({ preventScroll: true }));
  return view;
}

const field = (name, props) => h("input", { name, id: `signin-${name}`, type: "text", required: true, ...props });

const label = (name, input) =>
  h("div", { class: "field" }, h("label", { for: `signin-${name}` }, t(`signin.${name}`)), input);

function reveal(password) {
  const button = h("button", { type: "button", class: "icon-button", "aria-label": t("signin.show"), "aria-pressed": "false" }, icon("eye"));
  button.addEventListener("click", () => {
    const shown = password.type === "text";
    password.type = shown ? "password" : "text";
    button.setAttribute("aria-pressed", String(!shown));
  });
  return button;
}

/** A few empty bubbles, as a hint of what is inside. */
const illustration = () =>
  h("div", { class: "signin-art", "aria-hidden": "true" }, ["", "mine", "", "mine short"].map((kind) => h("i", { class: kind })));
