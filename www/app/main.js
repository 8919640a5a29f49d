// The page's beginning: reads the configuration, makes the session, shows sign-in or the chats.

import JMessage from "../pkg/jmessage.mjs";
import { apply, t, use, current } from "./i18n.js";
import { Session } from "./session.js";
import { shell } from "./views/shell.js";
import { signIn } from "./views/signin.js";

const root = document.getElementById("app");
/** Ends the listeners of the view that is on screen. */
let leaving = new AbortController();

function draw(session, options) {
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  const page = { session, signal, switchLanguage: () => switchLanguage(session) };
  root.replaceChildren(session?.store ? shell(page) : signIn(page, options));
}

function switchLanguage(session) {
  use(current() === "zh" ? "en" : "zh");
  draw(session, session ? {} : { error: t("signin.noConfig") });
  root.querySelector("[data-language]")?.focus();
}

async function start() {
  apply();
  let config;
  try {
    const response = await fetch("./config.json", { cache: "no-store" });
    config = await response.json();
  } catch (error) {
    console.error(error);
    draw(null, { error: t("signin.noConfig") });
    return;
  }
  const session = new Session(JMessage, config);
  session.addEventListener("signed", () => draw(session, { signedOut: true }));
  draw(session);
}

start();
