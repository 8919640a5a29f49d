// Signing in and out, and being told precisely what went wrong.

import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "./lib/browser.mjs";
import { Person } from "./lib/page.mjs";
import { stage } from "./lib/stage.mjs";

const set = stage();

const status = (person, words) =>
  until(() => person.page.textContent(".signin-status"), (text) => text === words, `the sign-in should say ${words}`);

test("wrong password and unknown user are told apart, and the next try works", async () => {
  const { browser, demo } = set;
  const profile = await browser.profile();
  const person = await Person.arrive(profile, demo.url, "alice");
  await person.trySignIn("");
  await status(person, "请输入用户名和密码。");
  await person.trySignIn("wrong-password");
  await status(person, "密码不正确");
  person.username = "nobody-here";
  await person.trySignIn("demo1234");
  await status(person, "没有这个用户");
  person.username = "alice";
  await person.signIn();
  await profile.close();
});

test("a demo account signs in with one click, and signing out ends it", async () => {
  const { browser, demo } = set;
  const profile = await browser.profile();
  const person = await Person.arrive(profile, demo.url, "carol");
  await person.page.click('.demo-account:has-text("carol")');
  await person.page.waitForSelector(".shell");
  await person.page.click("[data-sign-out]");
  await status(person, "你已安全退出。");

  const writer = await Person.signedIn(await browser.profile(), demo.url, "alice");
  await writer.talkTo("carol");
  await writer.say("are you there?");
  await writer.lastIs("sent");
  await person.signIn();
  await person.talkTo("alice");
  await person.hears("are you there?");
  await writer.page.context().close();
  await profile.close();
});

test("a second sign-in tells the first page, which can take the account back", async () => {
  const { browser, demo } = set;
  const here = await browser.profile();
  const there = await browser.profile();
  const first = await Person.signedIn(here, demo.url, "bobby");
  await first.talkTo("alice");
  const second = await Person.signedIn(there, demo.url, "bobby");
  const dialog = first.page.getByRole("alertdialog");
  await dialog.waitFor();
  assert.match(await dialog.innerText(), /在其他地方登录/);
  for (const key of ["Escape", "Escape", "Escape"]) await first.page.keyboard.press(key);
  assert.ok(await dialog.isVisible(), "the page is offline and says so until it is dealt with");

  await dialog.getByRole("button").click();
  await first.signIn();
  await second.page.getByRole("alertdialog").waitFor();
  await first.page.waitForSelector(".chat");
  await first.say("back again");
  await first.lastIs("sent");
  await here.close();
  await there.close();
});

test("a message to nobody fails with words, and can be tried again", async () => {
  const { browser, demo } = set;
  const profile = await browser.profile();
  const person = await Person.signedIn(profile, demo.url, "david");
  await person.talkTo("nobody-here");
  await person.say("hello?");
  await person.lastIs("failed");
  assert.equal(await person.page.textContent(".message-error"), "没有这个用户");
  await person.page.click(".resend");
  await person.lastIs("failed");
  assert.equal((await person.messages()).length, 1, "trying again makes no second message");
  await person.page.click("[data-language]");
  assert.equal(await person.page.textContent(".message-error"), "There is no such user");
  await profile.close();
});
