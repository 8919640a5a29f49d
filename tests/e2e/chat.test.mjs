// Two people sign in through the demo and talk.

import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "./lib/browser.mjs";
import { Person } from "./lib/page.mjs";
import { stage } from "./lib/stage.mjs";

const set = stage();

/** Two people, each in a browser of their own. */
async function pair(a, b) {
  const { browser, demo } = set;
  const here = await browser.profile();
  const there = await browser.profile();
  const one = await Person.signedIn(here, demo.url, a);
  const other = await Person.signedIn(there, demo.url, b);
  return { one, other, here, there };
}

test("what one writes the other sees exactly, once, and what was missed in order, once", async () => {
  const { demo } = set;
  const { one, other, here, there } = await pair("alice", "bobby");
  const greeting = "你好, 世界 👋 <b>&amp;";
  await one.talkTo("bobby");
  await one.say(greeting);
  await one.hasSent(greeting);

  // An unknown sender opens a conversation with a badge and the page's title counts it.
  const row = other.page.locator('[data-conversation="single:alice"]');
  await row.waitFor();
  assert.match(await row.innerText(), /爱丽丝/);
  assert.equal(await row.locator(".badge [aria-hidden]").textContent(), "1");
  assert.match(await other.page.title(), /^\(1\) /);
  await row.click();
  await other.hears(greeting);
  assert.equal(await other.page.locator(".bubble b").count(), 0, "text is never parsed as HTML");
  assert.equal(await row.locator(".badge").count(), 0);
  assert.doesNotMatch(await other.page.title(), /^\(/);

  await other.leave();
  await one.say("one", "two", "three");
  await one.hasSent(greeting, "one", "two", "three");
  const returned = await Person.signedIn(there, demo.url, "bobby");
  await returned.talkTo("alice");
  await returned.hears(greeting, "one", "two", "three");

  // Whatever came twice would stand before this.
  await one.say("four");
  await returned.hears(greeting, "one", "two", "three", "four");
  await here.close();
  await there.close();
});

test("a new device gets what was never delivered, and nothing else twice", async () => {
  const { browser, demo } = set;
  const here = await browser.profile();
  const writer = await Person.signedIn(here, demo.url, "carol");
  await writer.talkTo("david");
  const texts = Array.from({ length: 30 }, (_, at) => `message ${at}`);
  await writer.say(...texts);
  await writer.hasSent(...texts);

  const first = await browser.profile();
  const reader = await Person.signedIn(first, demo.url, "david");
  await reader.talkTo("carol");
  await reader.hears(...texts);
  await reader.say("谢谢");
  await writer.hears("谢谢");
  await first.close();

  const second = await browser.profile();
  const again = await Person.signedIn(second, demo.url, "david");
  await writer.say("still there?");
  await again.talkTo("carol");
  await until(() => again.messages(), (shown) => shown.at(-1)?.text === "still there?", "the newest message should arrive");
  const shown = (await again.messages()).map(({ text }) => text);
  assert.equal(new Set(shown).size, shown.length, "nothing twice");
  await second.close();
  await here.close();
});

test("a reload keeps the chat on this device and gives nothing twice", async () => {
  const { one, other, here, there } = await pair("alice", "david");
  await one.talkTo("david");
  await one.say("before");
  await other.talkTo("alice");
  await other.hears("before");
  await other.say("answer");
  await one.hears("answer");

  await other.page.reload();
  assert.equal(await other.page.inputValue("#signin-username"), "david", "the name is remembered, in this tab");
  assert.equal(await other.page.inputValue("#signin-password"), "");
  await one.say("meanwhile");
  await one.hasSent("before", "meanwhile");
  await other.signIn();
  await other.page.waitForSelector(".log");
  await other.hears("before", "meanwhile");
  await other.hasSent("answer");
  const stored = await other.page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]));
  assert.ok(!stored.includes("demo1234"), "no password is stored");
  await here.close();
  await there.close();
});

test("several lines, links and hostile text stay what they are", async () => {
  const { one, other, here, there } = await pair("bobby", "carol");
  const texts = [
    "<img src=x onerror=alert(1)>",
    "see https://example.com/a?b=1&c=2, and javascript:alert(1)",
    "\"'`\\ \u202e עברית \u0000end".replace("\u0000", ""),
    "🏳️‍🌈👨‍👩‍👧‍👦",
    "x".repeat(3000),
  ];
  await one.talkTo("carol");
  await one.say(...texts);
  await one.page.fill(".composer-input", "first");
  await one.page.press(".composer-input", "Shift+Enter");
  await one.page.locator(".composer-input").pressSequentially("second");
  await one.page.press(".composer-input", "Enter");
  await other.talkTo("bobby");
  await other.hears(...texts, "first\nsecond");
  const links = await other.page.$$eval(".bubble a", (all) => all.map(({ href, rel, target }) => ({ href, rel, target })));
  assert.deepEqual(links, [{ href: "https://example.com/a?b=1&c=2", rel: "noopener noreferrer nofollow", target: "_blank" }]);
  assert.equal(await other.page.locator(".log img").count(), 0);
  await here.close();
  await there.close();
});

test("what somebody tells of themselves is a click away", async () => {
  const { browser, demo } = set;
  await demo.edit("bobby", { gender: 1, region: "广州", signature: "Coffee first. <b>" });
  const profile = await browser.profile();
  const person = await Person.signedIn(profile, demo.url, "carol");
  const { page } = person;
  const card = page.locator("dialog.card");
  await person.talkTo("bobby");
  await page.click("[data-profile]");
  await until(() => card.innerText(), (text) => text.includes("Coffee first. <b>"), "the profile should be shown");
  assert.equal(await card.locator("dl").innerText(), "性别\n男\n地区\n广州");
  await page.keyboard.press("Escape");
  await card.waitFor({ state: "detached" });
  await person.talkTo("nobody-here");
  await page.click("[data-profile]");
  await until(() => card.innerText(), (text) => text.endsWith("没有这个用户"), "nobody should be told");
  await profile.close();
});

test("a message that arrives while the mouse is pressed does not swallow the click", async () => {
  const { one, other, here, there } = await pair("bobby", "david");
  await one.talkTo("david");
  await one.say("first");
  const row = other.page.locator('[data-conversation="single:bobby"]');
  await row.waitFor();
  await row.hover();
  await other.page.mouse.down();
  await one.say("second");
  await until(() => row.innerText(), (text) => text.includes("second"), "the row should show the newest message");
  await other.page.mouse.up();
  await other.hears("first", "second");
  await here.close();
  await there.close();
});
