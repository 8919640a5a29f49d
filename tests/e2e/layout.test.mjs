// The page fits a small screen, works by keyboard, and speaks two languages.

import assert from "node:assert/strict";
import { test } from "node:test";
import { landscape } from "./lib/media.mjs";
import { Person } from "./lib/page.mjs";
import { stage } from "./lib/stage.mjs";

const set = stage();
const PHONE = { viewport: { width: 360, height: 640 }, hasTouch: true, isMobile: true };

/** Nothing sticks out to the right, neither of the page nor of anything in it that scrolls down. */
async function fits(page, what) {
  const wide = await page.evaluate(() =>
    [document.documentElement, ...document.querySelectorAll(".log, .list-items, .signin, .sheet-body, .info-body, .viewer, .closed")]
      .filter((el) => el.scrollWidth > el.clientWidth)
      .map((el) => el.className || el.tagName));
  assert.deepEqual(wide, [], `${what} fits 360 px`);
}

for (const locale of ["zh-CN", "en-US"]) {
  test(`360 px, ${locale}: every view fits, one pane at a time`, async () => {
    const { browser, demo } = set;
    const profile = await browser.profile({ ...PHONE, locale });
    const person = await Person.arrive(profile, demo.url, "alice");
    const { page } = person;
    await fits(page, "sign-in");
    await person.signIn();
    await fits(page, "the empty list");
    await person.talkTo("nobody-with-a-rather-long-name@example.com");
    assert.ok(await page.isHidden(".list"), "the chat takes the whole screen");
    await person.say("https://example.com/" + "long/".repeat(40), "W".repeat(300), "好".repeat(300));
    await person.lastIs("failed");
    await fits(page, "a chat");
    await page.click('.composer [aria-expanded]');
    await fits(page, "the emoji panel");
    await page.click("[data-back]");
    await page.waitForSelector(".list", { state: "visible" });
    assert.ok(await page.isHidden(".pane"));
    await fits(page, "the list");
    await page.click(".row");
    await page.waitForSelector(".chat");
    await page.goBack();
    await page.waitForSelector(".list", { state: "visible" });
    await page.goForward();
    await page.click("[data-back]");
    await page.waitForSelector(".list", { state: "visible" });

    const name = "A-name-of-a-group-that-is-as-long-as-a-name-may-be-and-no-space";
    await page.click("[data-new-group]");
    await person.pick("bobby", "carol", "david", "erika");
    await fits(page, "making a group");
    await page.keyboard.press("Escape");
    await person.makeGroup(name, ["bobby", "erika"], "W".repeat(200));
    await person.choose({ name: `${"long".repeat(30)}.png`, mimeType: "image/png", buffer: landscape(2000, 150) });
    await person.lastIs("sent");
    await fits(page, "a group's chat");
    await page.click(".picture-open");
    await page.waitForSelector(".viewer-image:not(.loading)");
    await fits(page, "the viewer");
    await page.keyboard.press("Escape");
    await person.info(true);
    await fits(page, "a group's panel");
    await page.click("[data-leave]");
    await person.agree();
    await page.waitForSelector(".closed");
    await fits(page, "a group that has ended");
    await profile.close();
  });
}

test("the language follows the browser, can be switched, and the choice lasts", async () => {
  const { browser, demo } = set;
  const profile = await browser.profile({ locale: "en-US" });
  const person = await Person.arrive(profile, demo.url, "bobby");
  const { page } = person;
  assert.equal(await page.textContent("h1"), "Sign in");
  await page.click("[data-language]");
  assert.equal(await page.textContent("h1"), "登录");
  assert.equal(await page.getAttribute("html", "lang"), "zh-CN");
  await page.reload();
  await page.waitForSelector("h1:text-is('登录')");
  await person.signIn();
  await person.talkTo("alice");
  await page.fill(".composer-input", "half a sentence");
  await page.click(".rail [data-language]");
  assert.equal(await page.textContent(".list h1"), "Chats");
  assert.equal(await page.inputValue(".composer-input"), "half a sentence", "what was being written stays");
  await profile.close();
});

test("everything can be done by keyboard", async () => {
  const { browser, demo } = set;
  const profile = await browser.profile();
  const person = await Person.signedIn(profile, demo.url, "carol");
  const { page } = person;
  const focused = () => page.evaluate(() => document.activeElement.className);
  await page.focus("[data-new-chat]");
  await page.keyboard.press("Enter");
  assert.equal(await focused(), "search-input");
  await page.keyboard.press("ArrowDown");
  assert.equal(await focused(), "row");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.activeElement.className === "composer-input");
  await page.keyboard.press("Shift+Tab");
  assert.equal(await page.evaluate(() => document.activeElement.title), "发送图片");
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Enter");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Escape");
  assert.equal(await focused(), "composer-input");
  await page.keyboard.press("Enter");
  await person.hasSent("😄");
  await profile.close();
});

test("Enter that ends an input method's composition does not send", async () => {
  const { browser, demo } = set;
  const profile = await browser.profile();
  const person = await Person.signedIn(profile, demo.url, "david");
  await person.talkTo("bobby");
  const { page } = person;
  const ime = await profile.newCDPSession(page);
  await ime.send("Input.imeSetComposition", { text: "ni hao", selectionStart: 6, selectionEnd: 6 });
  await ime.send("Input.dispatchKeyEvent", { type: "rawKeyDown", windowsVirtualKeyCode: 229, key: "Process" });
  await page.evaluate(() => {
    const enter = new KeyboardEvent("keydown", { key: "Enter", isComposing: true, bubbles: true, cancelable: true });
    document.activeElement.dispatchEvent(enter);
  });
  assert.deepEqual(await person.messages(), []);
  await ime.send("Input.insertText", { text: "你好" });
  await page.keyboard.press("Enter");
  await person.hasSent("你好");
  await profile.close();
});
