// Pictures and voice messages.

import assert from "node:assert/strict";
import { test } from "node:test";
import { slowUpload, until } from "./lib/browser.mjs";
import { landscape, noise, tone } from "./lib/media.mjs";
import { Person } from "./lib/page.mjs";
import { Phone } from "./lib/phone.mjs";
import { stage } from "./lib/stage.mjs";

const set = stage({ network: true });
/** Two megabytes. */
const LARGE = noise(1000, 700);

/** Signs in each, in a browser of their own, and opens the chat of the first two. */
async function talking(...usernames) {
  const { browser, demo } = set;
  const persons = await Promise.all(usernames.map(async (username) => Person.signedIn(await browser.profile(), demo.url, username)));
  await persons[0].talkTo(usernames[1]);
  await persons[1].talkTo(usernames[0]);
  return { persons, end: () => Promise.all(persons.map((person) => person.page.context().close())) };
}

const ring = (page) => page.locator(".ring");
const part = async (page) => Number(await ring(page).getAttribute("aria-valuenow"));
const loaded = (page, at = 0) =>
  until(() => page.$$eval(".picture img", (all, at) => all[at]?.complete && all[at].naturalWidth, at), Boolean, "the picture should be loaded");

test("a picture of 2 MB goes out with progress, is seen small and large, and by nobody else", async () => {
  const { persons: [alice, bobby, carol], end } = await talking("alice", "bobby", "carol");
  await slowUpload(alice.page, 700_000);
  await alice.choose({ name: "summer.png", mimeType: "image/png", buffer: LARGE });
  await until(() => part(alice.page), (percent) => percent > 0 && percent < 100, "the progress should be seen on its way");
  await alice.lastIs("sent");
  assert.equal(await ring(alice.page).count(), 0);

  const img = bobby.page.locator(".picture img");
  await img.waitFor();
  assert.deepEqual([await img.getAttribute("width"), await img.getAttribute("height")], ["240", "168"], "its room is kept before it is loaded");
  await loaded(bobby.page);
  const address = await img.getAttribute("src");
  assert.match(address, /\/qiniu\/image\/[0-9a-f]{32}\?imageView2\/0\/w\/400\/h\/400$/);
  assert.equal(await img.evaluate(({ naturalWidth }) => naturalWidth), 400);
  assert.equal(await img.getAttribute("alt"), "爱丽丝发送的图片");

  await bobby.page.click(".picture-open");
  const full = bobby.page.locator(".viewer-image:not(.loading)");
  await full.waitFor();
  assert.equal(await full.evaluate(({ naturalWidth, naturalHeight }) => `${naturalWidth} × ${naturalHeight}`), "1000 × 700");
  for (let presses = 0; presses < 6; presses++) {
    await bobby.page.keyboard.press("Tab");
    assert.ok(await bobby.page.evaluate(() => document.activeElement === document.body || document.activeElement.closest(".viewer")), "the focus stays in the viewer");
  }
  await bobby.page.keyboard.press("Escape");
  await bobby.page.waitForSelector(".viewer", { state: "detached" });
  assert.ok(await bobby.page.evaluate(() => document.activeElement.matches(".picture-open")), "the focus is given back");

  // With a right of her own, but not a member of the conversation; and with no right at all.
  const id = /qiniu\/image\/[0-9a-f]{32}/.exec(address)[0];
  const statuses = (page) => page.evaluate(async (id) => {
    const { default: JMessage } = await import("/pkg/jmessage.mjs");
    const base = JMessage.QiNiuMediaUrl;
    const addresses = [`${base}${id}`, `${base}${"0".repeat(32)}/${id}`, `${base.replace(/[^/]+\/$/, "no-such-right/")}${id}`];
    return Promise.all(addresses.map(async (address) => (await fetch(address, { cache: "no-store" })).status));
  }, id);
  assert.deepEqual((await statuses(bobby.page))[0], 200);
  assert.ok((await statuses(carol.page)).every((status) => status >= 400), "an outsider gets nothing");
  set.browser.errors.splice(0);
  await end();
});

test("an upload can be cancelled, and then nothing was sent", async () => {
  const { persons: [alice, bobby], end } = await talking("alice", "bobby");
  const fast = await slowUpload(alice.page, 300_000);
  await alice.choose({ name: "large.png", mimeType: "image/png", buffer: LARGE });
  await until(() => part(alice.page), (percent) => percent > 0, "the upload should begin");
  await ring(alice.page).getByRole("button", { name: "取消发送" }).click();
  await alice.page.waitForSelector(".picture", { state: "detached" });
  await fast();
  await alice.say("没发出去");
  await bobby.hears("没发出去");
  assert.equal(await bobby.page.locator(".picture").count(), 0);
  await end();
});

test("an upload that breaks is marked, and sent again on request, once, after a reload too", async () => {
  const { persons: [carol, david], end } = await talking("carol", "david");
  const { network } = set.demo;
  const fast = await slowUpload(carol.page, 300_000);
  await carol.choose({ name: "large.png", mimeType: "image/png", buffer: LARGE });
  await until(() => part(carol.page), (percent) => percent > 0, "the upload should begin");
  network.cut();
  await carol.lastIs("failed");
  network.mend();
  await fast();
  await carol.banner(null);
  await carol.page.click(".resend");
  await carol.lastIs("sent");
  await loaded(david.page);

  // What was under way when the page went is still on the device.
  const again = await slowUpload(carol.page, 100_000);
  await carol.choose({ name: "large.png", mimeType: "image/png", buffer: LARGE });
  await ring(carol.page).waitFor();
  await carol.page.reload();
  await again();
  await carol.signIn();
  await carol.lastIs("failed");
  assert.equal(await carol.page.textContent(".message-error"), "离开页面时尚未确认送达");
  await loaded(carol.page, 1);
  await carol.page.click(".resend");
  await carol.lastIs("sent");
  await loaded(david.page, 1);
  assert.equal(await david.page.locator(".picture").count(), 2);
  set.browser.errors.splice(0);
  await end();
});

test("pictures are pasted and dropped, several at a time, and other files are refused in words", async () => {
  const { persons: [alice, david], end } = await talking("alice", "david");
  const { page } = alice;
  const give = (selector, type, files) => page.$eval(selector, (target, { type, files }) => {
    const data = new DataTransfer();
    for (const { name, mime, bytes } of files) data.items.add(new File([Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0))], name, { type: mime }));
    const how = { bubbles: true, cancelable: true };
    target.dispatchEvent(type === "paste" ? new ClipboardEvent(type, { ...how, clipboardData: data }) : new DragEvent(type, { ...how, dataTransfer: data }));
  }, { type, files });
  const file = (name, mime = "image/png") => ({ name, mime, bytes: landscape(60, 40).toString("base64") });

  await give(".composer-input", "paste", [file("pasted.png")]);
  await page.waitForSelector(".preview");
  await page.click("dialog [type=submit]");
  await loaded(david.page);

  await give(".chat", "dragover", [file("a.png")]);
  assert.equal(await page.textContent(".drop:not([hidden])"), "松开鼠标，发送图片");
  await give(".chat", "drop", [file("a.png"), file("b.png"), file("notes.txt", "text/plain")]);
  await page.waitForSelector(".preview");
  assert.equal(await page.textContent(".toast"), "只能发送 JPG、PNG、GIF 或 WebP 图片");
  await page.getByRole("button", { name: "不发送 a.png" }).click();
  await page.click("dialog [type=submit]");
  await loaded(david.page, 1);
  await alice.lastIs("sent");
  await page.waitForSelector(".toast", { state: "detached" });
  await give(".chat", "drop", [{ ...file("broken.png"), bytes: btoa("no picture at all") }]);
  await page.waitForSelector(".toast");
  assert.equal(await page.locator("dialog").count(), 0);
  assert.equal(await david.page.locator(".picture").count(), 2);
  await end();
});

test("a voice message is played, paused and moved about in", async () => {
  const { browser, demo } = set;
  const alice = await Person.signedIn(await browser.profile(), demo.url, "alice");
  const bobby = await Phone.join(set, "bobby");
  await bobby.record("alice", tone(3));
  await alice.page.click('.row[data-conversation="single:bobby"]');
  const { page } = alice;
  const play = page.getByRole("button", { name: "播放语音，3 秒" });
  await play.waitFor();
  assert.equal(await page.textContent(".voice-time"), "0:03");
  assert.equal(await page.locator(".voice-new").count(), 1, "it was not heard yet");
  await play.click();
  const place = page.locator(".voice-place");
  await until(async () => Number(await place.inputValue()), (at) => at > 0.3, "the place should advance");
  const pause = page.getByRole("button", { name: "暂停" });
  assert.ok(await pause.evaluate((button) => button === document.activeElement), "the button keeps the focus");
  await pause.click();
  await play.waitFor();
  assert.equal(await page.locator(".voice-new").count(), 0);
  await place.focus();
  await place.press("End");
  await until(async () => Number(await place.inputValue()), (at) => at > 2.5, "the place should be moved");
  assert.equal(await page.locator(".voice-failed").textContent(), "");
  await page.reload();
  await alice.signIn();
  await play.waitFor();
  assert.equal(await page.locator(".voice-new").count(), 0, "that it was heard is remembered");
  await alice.page.context().close();
  await bobby.leave();
});
