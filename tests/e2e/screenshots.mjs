// Pictures of the demo's states, from the real product, in target/screenshots: `node screenshots.mjs [set…]`.

import { mkdir } from "node:fs/promises";
import { Browser, slowUpload } from "./lib/browser.mjs";
import { Demo } from "./lib/demo.mjs";
import { landscape, noise, tone } from "./lib/media.mjs";
import { Person } from "./lib/page.mjs";
import { Phone } from "./lib/phone.mjs";
import { root } from "./lib/process.mjs";

const folder = process.env.SCREENSHOTS ?? `${root}target/screenshots`;
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

const GROUP = {
  zh: { name: "周末爬山小队", about: "每周六早上八点，地铁 4 号线香山站集合。", renamed: "周日爬山小队" },
  en: { name: "Saturday walkers", about: "Saturdays at eight, at the station.", renamed: "Sunday walkers" },
};

/** Finished movements only, so that two runs show the same. */
const picture = async (page, name) => {
  await page.evaluate(() => Promise.allSettled(document.getAnimations().filter((each) => each.effect.getTiming().iterations === 1).map((each) => each.finished)));
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

async function toList({ page }) {
  if (await page.isVisible("[data-back]")) await page.click("[data-back]");
}

/** Signing in, talking to one person, losing the connection. */
async function oneToOne({ demo, me, theirs, words, shot }) {
  const { page } = me;
  await shot("01-sign-in");
  await me.trySignIn("wrong-password");
  await page.waitForFunction(() => document.querySelector(".signin-status").textContent);
  await shot("02-wrong-password");
  await me.signIn();
  await page.waitForSelector(".row");
  await shot("03-no-chats");
  const friend = await Person.signedIn(theirs, demo.url, "bobby");
  await talk(me, friend, words);
  await shot("04-chat");
  await page.click(".composer [aria-expanded]");
  await shot("05-emoji");
  await page.keyboard.press("Escape");
  await page.click("[data-profile]");
  await page.waitForSelector(".card dl");
  await shot("11-profile");
  await page.keyboard.press("Escape");
  await friend.leave();
  const other = await Person.signedIn(theirs, demo.url, "carol");
  await other.talkTo("alice");
  await other.say(words[5], words[4]);
  await page.waitForFunction(() => document.title.startsWith("(2)"));
  demo.network.cut();
  await page.waitForSelector(".banner:not([hidden])");
  await me.say(words[2]);
  await shot("06-disconnected");
  demo.network.mend();
  await page.waitForSelector(".banner.good");
  await me.lastIs("sent");
  await shot("07-reconnected");
  await page.waitForSelector(".banner.good", { state: "hidden" });
  await toList(me);
  await shot("08-list");
  await me.talkTo("nobody");
  await me.say(words[0]);
  await me.lastIs("failed");
  await shot("09-failed");
  await other.leave();
  await toList(me);
}

/** A group from its making to its end. */
async function group({ demo, me, theirs, words, group: { name, about, renamed }, shot }) {
  const { page } = me;
  const friend = await Person.signedIn(theirs, demo.url, "bobby");
  await page.click("[data-new-group]");
  await shot("20-new-group");
  await page.fill("dialog.sheet input >> nth=0", name);
  await page.fill("dialog.sheet input >> nth=1", about);
  await me.pick("bobby", "erika");
  await page.fill(".picker .search-input", "nobody-here");
  await page.press(".picker .search-input", "Enter");
  await page.waitForSelector(".pick-status.wrong");
  await shot("21-new-group-unknown");
  await page.fill(".picker .search-input", "");
  await shot("22-new-group-chosen");
  await page.click("dialog.sheet [type=submit]");
  await page.waitForSelector(".event >> nth=1");
  await shot("23-group-begun");
  await friend.openGroup(name);
  await friend.say(words[0], words[4]);
  await me.say(words[1]);
  await me.hears(words[0], words[4]);
  await friend.say(words[3]);
  await me.hears(words[0], words[4], words[3]);
  await me.invite("carol");
  await shot("24-group-chat");
  await me.info(true);
  await shot("25-group-info");
  await page.click("[data-edit]");
  await shot("26-edit-group");
  await page.fill("dialog.sheet input", renamed);
  await page.click("dialog.sheet [type=submit]");
  await page.waitForSelector(`.chat-head h2:text-is("${renamed}")`, { state: "attached" });
  await page.click("[data-add-members]");
  await shot("27-add-members");
  await page.keyboard.press("Escape");
  await page.click('[data-remove="bobby"]');
  await shot("28-remove-member");
  await me.agree();
  await friend.page.waitForSelector(".closed");
  await picture(friend.page, `${shot.prefix}-29-removed`);
  await page.click("[data-leave]");
  await shot("30-dissolve");
  await me.agree();
  await page.waitForSelector(".closed");
  await shot("31-dissolved");
  await friend.leave();
  await toList(me);
  await shot("32-list");
}

const DUSK = [[255, 150, 130], [110, 140, 190]];
const file = (name, buffer) => ({ name, mimeType: "image/png", buffer });

/** Pictures and voice messages. */
async function media({ browser, demo, me, theirs, words, shot }) {
  const { page } = me;
  const wide = landscape(1200, 800);
  const tall = landscape(700, 1300, DUSK);
  const phone = await Phone.join({ browser, demo }, "david");
  for (const seconds of [41, 6]) await phone.record("alice", tone(seconds));
  await phone.leave();
  const friend = await Person.signedIn(theirs, demo.url, "david");
  await friend.talkTo("alice");
  await friend.say(words[0]);
  await friend.choose(file("wide.png", wide));
  await friend.lastIs("sent");
  await toList(me);
  await shot("40-list");
  await me.talkTo("david");
  await page.waitForFunction(() => document.querySelector(".picture img")?.naturalWidth);
  await page.click(".voice-play");
  await page.waitForFunction(() => Number(document.querySelector(".voice-place").value) > 2);
  await page.click(".voice-play");
  await shot("41-picture-and-voice");
  await page.click(".picture-open");
  await page.waitForSelector(".viewer-image:not(.loading)");
  await shot("42-viewer");
  await page.keyboard.press("Escape");
  await page.$eval(".chat", (chat) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([""], "a.png", { type: "image/png" }));
    chat.dispatchEvent(new DragEvent("dragover", { dataTransfer, bubbles: true, cancelable: true }));
  });
  await shot("43-drop");
  await page.$eval(".chat", (chat) => chat.dispatchEvent(new DragEvent("dragleave", { bubbles: true })));
  await page.setInputFiles("[data-image-input]", file("IMG_20261121_081502.png", tall));
  await page.waitForSelector(".preview img");
  await shot("44-preview");
  await page.click("dialog [type=submit]");
  await me.lastIs("sent");
  const fast = await slowUpload(page, 250_000);
  const large = noise(900, 600);
  await page.setInputFiles("[data-image-input]", [file("a.png", wide), file("b.png", tall), file("c.png", large), file("a-rather-long-name-of-a-file.png", tall)]);
  await page.waitForSelector(".preview img");
  await shot("45-preview-many");
  await page.keyboard.press("Escape");
  await me.choose(file("large.png", large));
  await page.waitForFunction(() => Number(document.querySelector(".ring")?.getAttribute("aria-valuenow")) > 40);
  await shot("46-sending-picture");
  demo.network.cut();
  await me.lastIs("failed");
  await fast();
  await page.waitForSelector(".banner:not([hidden])");
  await shot("47-picture-failed");
  demo.network.mend();
  await page.waitForSelector(".banner.good");
  await page.context().route("**/qiniu/image/**", (route) => route.abort());
  await friend.choose(file("wide.png", wide));
  await page.waitForSelector(".picture.broken");
  await shot("48-picture-not-loaded");
  await page.context().unroute("**/qiniu/image/**");
  await friend.leave();
  await toList(me);
}

async function kicked({ demo, me, theirs, shot }) {
  await Person.signedIn(theirs, demo.url, "alice");
  await me.page.waitForSelector("dialog[open]");
  await shot("90-kicked");
}

async function shoot(browser, name, options) {
  const demo = await Demo.start({ network: true });
  try {
    await demo.edit("bobby", { gender: 1, region: "广州", signature: "Coffee first." });
    const language = options.locale.slice(0, 2);
    const mine = await browser.profile(options);
    const theirs = await browser.profile(options);
    const me = await Person.arrive(mine, demo.url, "alice");
    const shot = (state) => picture(me.page, `${name}-${state}`);
    shot.prefix = name;
    const scene = { browser, demo, me, theirs, words: TALK[language], group: GROUP[language], shot };
    for (const play of [oneToOne, group, media, kicked]) await play(scene);
    await mine.close();
    await theirs.close();
  } finally {
    await demo.stop();
  }
}

await mkdir(folder, { recursive: true });
const browser = await Browser.start();
const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(SETS);
for (const name of wanted) await shoot(browser, name, SETS[name]);
await browser.stop();
console.log(`pictures of ${wanted.join(", ")} in ${folder}`);
