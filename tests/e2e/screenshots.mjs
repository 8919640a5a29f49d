// Pictures of the demo's states, from the real product, in target/screenshots: `node screenshots.mjs`.

import { mkdir } from "node:fs/promises";
import { Browser } from "./lib/browser.mjs";
import { Demo } from "./lib/demo.mjs";
import { Person } from "./lib/page.mjs";
import { root } from "./lib/process.mjs";

const folder = `${root}target/screenshots`;
const DESKTOP = { viewport: { width: 1280, height: 800 } };
const PHONE = { viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };
const SETS = {
  "desktop-zh": { ...DESKTOP, locale: "zh-CN" },
  "desktop-en-dark": { ...DESKTOP, locale: "en-US", colorScheme: "dark" },
  "phone-zh": { ...PHONE, locale: "zh-CN" },
  "phone-en-dark": { ...PHONE, locale: "en-US", colorScheme: "dark" },
};
const TALK = {
  zh: ["早上好！昨天的方案你看了吗？", "看了，写得很好 👍", "细节放在 https://example.com/plan 里了，有空看看。", "好的，<b>&amp; 谢谢！", "😄", "周末一起去爬山？"],
  en: ["Morning! Did you read yesterday's plan?", "I did, well written 👍", "Details are at https://example.com/plan when you have time.", "Will do, <b>&amp; thanks!", "😄", "A walk on Saturday?"],
};

/** Finished movements only, so that two runs show the same. */
const picture = async (page, name) => {
  await page.evaluate(() => Promise.all(document.getAnimations().filter((each) => each.effect.getTiming().iterations === 1).map((each) => each.finished)));
  await page.screenshot({ path: `${folder}/${name}.png` });
};

async function talk(me, friend, [first, second, third, fourth, fifth]) {
  await friend.talkTo(me.username);
  await friend.say(first);
  await me.talkTo(friend.username);
  await me.hears(first);
  await me.say(second, third);
  await friend.hears(second, third);
  await friend.say(fourth, fifth);
  await me.hears(first, fourth, fifth);
}

async function shoot(browser, name, options) {
  const demo = await Demo.start({ network: true });
  try {
    const words = TALK[options.locale.slice(0, 2)];
    const mine = await browser.profile(options);
    const theirs = await browser.profile(options);
    const me = await Person.arrive(mine, demo.url, "alice");
    const { page } = me;
    await picture(page, `${name}-01-sign-in`);
    await me.trySignIn("wrong-password");
    await page.waitForFunction(() => document.querySelector(".signin-status").textContent);
    await picture(page, `${name}-02-wrong-password`);
    await me.signIn();
    await page.waitForSelector(".row");
    await picture(page, `${name}-03-no-chats`);
    const friend = await Person.signedIn(theirs, demo.url, "bobby");
    await talk(me, friend, words);
    await picture(page, `${name}-04-chat`);
    await page.click(".composer [aria-expanded]");
    await picture(page, `${name}-05-emoji`);
    await page.keyboard.press("Escape");
    await friend.leave();
    const other = await Person.signedIn(theirs, demo.url, "carol");
    await other.talkTo("alice");
    await other.say(words[5], words[4]);
    await page.waitForFunction(() => document.title.startsWith("(2)"));
    demo.network.cut();
    await page.waitForSelector(".banner:not([hidden])");
    await me.say(words[2]);
    await picture(page, `${name}-06-disconnected`);
    demo.network.mend();
    await page.waitForSelector(".banner.good");
    await me.lastIs("sent");
    await picture(page, `${name}-07-reconnected`);
    if (await page.isVisible("[data-back]")) await page.click("[data-back]");
    await picture(page, `${name}-08-list`);
    await me.talkTo("nobody");
    await me.say(words[0]);
    await me.lastIs("failed");
    await picture(page, `${name}-09-failed`);
    await Person.signedIn(theirs, demo.url, "alice");
    await page.waitForSelector("dialog[open]");
    await picture(page, `${name}-10-kicked`);
    await mine.close();
    await theirs.close();
  } finally {
    await demo.stop();
  }
}

await mkdir(folder, { recursive: true });
const browser = await Browser.start();
for (const [name, options] of Object.entries(SETS)) await shoot(browser, name, options);
await browser.stop();
console.log(`pictures of ${Object.keys(SETS).join(", ")} in ${folder}`);
