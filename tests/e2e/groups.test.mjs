// Groups, from their making to their end, as people see them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { slowUpload, until } from "./lib/browser.mjs";
import { noise } from "./lib/media.mjs";
import { PICTURE, Person } from "./lib/page.mjs";
import { stage } from "./lib/stage.mjs";

const set = stage();

/** Signs in each, in a browser of their own. */
async function people(...usernames) {
  const { browser, demo } = set;
  return Promise.all(usernames.map(async (username) => Person.signedIn(await browser.profile(), demo.url, username)));
}

const end = (...persons) => Promise.all(persons.map((person) => person.page.context().close()));
const head = (person) => person.page.textContent(".chat-title");
const closed = (person) => person.page.textContent(".closed p");

test("a group is made, talked in, renamed, joined, left and dissolved, and everybody sees the same", async () => {
  const [alice, bobby, carol, erika] = await people("alice", "bobby", "carol", "erika");
  // David is not there until all is over.
  await alice.makeGroup("周末爬山", ["bobby", "david", "erika"], "每周六早上出发");
  await alice.reads("你创建了群聊", "你邀请鲍比、大卫和艾丽卡加入了群聊");
  assert.equal(await head(alice), "周末爬山4 人");
  await bobby.openGroup("周末爬山");
  await bobby.reads("爱丽丝邀请你、大卫和艾丽卡加入了群聊");
  await erika.openGroup("周末爬山");
  await erika.reads("爱丽丝邀请鲍比、大卫和你加入了群聊");

  await alice.say("早上八点？");
  await bobby.say("好的 👍");
  await erika.reads("爱丽丝邀请鲍比、大卫和你加入了群聊", "早上八点？", "好的 👍");
  assert.deepEqual(await erika.page.$$eval(".sender", (names) => names.map((name) => name.textContent)), ["爱丽丝", "鲍比"]);

  const fast = await slowUpload(alice.page, 1_000_000);
  await alice.choose({ name: "map.png", mimeType: "image/png", buffer: noise(1000, 700) });
  const percent = () => alice.page.evaluate(() => Number(document.querySelector(".ring")?.getAttribute("aria-valuenow")));
  await until(percent, (part) => part > 0 && part < 100, "the progress of the picture should be seen");
  await alice.lastIs("sent");
  await fast();
  for (const person of [bobby, erika]) {
    await until(() => person.page.$eval(".picture img", ({ naturalWidth }) => naturalWidth), (width) => width === 400, "the picture should be shown");
  }

  // Only the owner may rename; the others learn of it with the next message.
  await alice.info(true);
  await alice.page.click("[data-edit]");
  await alice.page.fill("dialog.sheet input", "周日爬山");
  await alice.page.click("dialog.sheet [type=submit]");
  await alice.page.waitForSelector('.chat-head h2:text-is("周日爬山")');
  await alice.info(false);
  await alice.say("改到周日了");
  await bobby.page.waitForSelector('.chat-head h2:text-is("周日爬山")');
  await bobby.info(true);
  assert.equal(await bobby.page.locator("[data-edit], [data-remove]").count(), 0);
  await bobby.info(false);

  // Any member may invite; who is taken in reads from there on.
  await bobby.invite("carol");
  await carol.openGroup("周日爬山");
  await carol.reads("鲍比邀请你加入了群聊");
  await until(() => head(alice), (text) => text === "周日爬山5 人", "the count should follow");

  const address = await erika.page.getAttribute(".picture img", "src");
  const status = () => erika.page.evaluate(async (address) => (await fetch(address, { cache: "no-store" })).status, address);
  assert.equal(await status(), 200);
  await alice.info(true);
  await alice.page.click('[data-remove="erika"]');
  await alice.agree();
  await erika.page.waitForSelector(".closed");
  assert.equal(await closed(erika), "你已被移出这个群聊，不能再发消息。");
  assert.equal(await erika.page.locator(".composer").count(), 0);
  assert.equal(await status(), 404, "who is out cannot read its files any more");
  set.browser.errors.splice(0);
  await carol.reads("鲍比邀请你加入了群聊", "爱丽丝将艾丽卡移出了群聊");

  await bobby.info(true);
  await bobby.page.click("[data-leave]");
  await bobby.agree();
  await bobby.page.waitForSelector(".closed");
  assert.equal(await closed(bobby), "你已退出这个群聊，不能再发消息。");
  await carol.say("鲍比走了？");
  await carol.lastIs("sent");
  assert.equal(await alice.page.textContent("[data-leave]"), "解散群聊");
  await alice.page.click("[data-leave]");
  await alice.agree();

  await alice.reads(
    "你创建了群聊", "你邀请鲍比、大卫和艾丽卡加入了群聊", "早上八点？", "好的 👍", PICTURE, "改到周日了",
    "鲍比邀请卡罗尔加入了群聊", "你将艾丽卡移出了群聊", "鲍比退出了群聊", "鲍比走了？", "你解散了群聊");
  await bobby.reads(
    "爱丽丝邀请你、大卫和艾丽卡加入了群聊", "早上八点？", "好的 👍", PICTURE, "改到周日了",
    "你邀请卡罗尔加入了群聊", "爱丽丝将艾丽卡移出了群聊", "你退出了群聊");
  await carol.reads("鲍比邀请你加入了群聊", "爱丽丝将艾丽卡移出了群聊", "鲍比退出了群聊", "鲍比走了？", "爱丽丝解散了群聊");
  assert.equal(await closed(carol), "这个群聊已被解散，不能再发消息。");
  await erika.reads(
    "爱丽丝邀请鲍比、大卫和你加入了群聊", "早上八点？", "好的 👍", PICTURE, "改到周日了",
    "鲍比邀请卡罗尔加入了群聊", "你被爱丽丝移出了群聊");
  const [david] = await people("david");
  await david.page.click('.row[data-conversation^="group:"]');
  await david.reads(
    "爱丽丝邀请鲍比、你和艾丽卡加入了群聊", "早上八点？", "好的 👍", PICTURE, "改到周日了",
    "鲍比邀请卡罗尔加入了群聊", "爱丽丝将艾丽卡移出了群聊", "鲍比退出了群聊", "鲍比走了？", "爱丽丝解散了群聊");

  await carol.page.click("[data-forget]");
  await carol.page.waitForSelector(".nothing");
  assert.equal(await carol.page.locator('.row:has-text("周日爬山")').count(), 0);
  set.browser.errors.splice(0);
  await end(alice, bobby, carol, david, erika);
});

test("who was away sees what happened meanwhile, up to where they were put out", async () => {
  const [alice] = await people("alice");
  await alice.makeGroup("Night shift", ["david"]);
  await alice.say("first");
  await alice.lastIs("sent");
  await alice.invite("bobby");
  await alice.info(true);
  await alice.page.click('[data-remove="david"]');
  await alice.agree();
  await alice.info(false);
  await alice.say("without david");
  await alice.reads(
    "你创建了群聊", "你邀请大卫加入了群聊", "first", "你邀请鲍比加入了群聊", "你将大卫移出了群聊", "without david");

  const [david, bobby] = await people("david", "bobby");
  await david.page.click('.row[data-conversation^="group:"]');
  await david.reads("爱丽丝邀请你加入了群聊", "first", "爱丽丝邀请鲍比加入了群聊", "你被爱丽丝移出了群聊");
  assert.equal(await closed(david), "你已被移出这个群聊，不能再发消息。");
  await bobby.openGroup("Night shift");
  await bobby.reads("爱丽丝邀请你加入了群聊", "爱丽丝将大卫移出了群聊", "without david");

  // Taken in again, one may speak again.
  await alice.invite("david");
  await david.page.waitForSelector(".composer");
  await david.say("back");
  await bobby.reads("爱丽丝邀请你加入了群聊", "爱丽丝将大卫移出了群聊", "without david", "爱丽丝邀请大卫加入了群聊", "back");
  await david.page.reload();
  await david.signIn();
  await david.openGroup("Night shift");
  await david.reads("爱丽丝邀请你加入了群聊", "first", "爱丽丝邀请鲍比加入了群聊", "你被爱丽丝移出了群聊", "爱丽丝邀请你加入了群聊", "back");
  await end(alice, bobby, david);
});

test("a new device lists the groups with their names and sizes", async () => {
  const [carol] = await people("carol");
  await carol.makeGroup("读书会", ["alice", "bobby", "david"]);
  await carol.reads("你创建了群聊", "你邀请爱丽丝、鲍比和大卫加入了群聊");
  await end(carol);
  const [again] = await people("carol");
  const row = again.page.locator('.row:has-text("读书会")');
  await row.waitFor();
  assert.equal(await row.locator(".row-name").textContent(), "读书会(4)");
  await row.click();
  await again.info(true);
  const names = await again.page.$$eval(".member-names b", (all) => all.map((name) => name.textContent));
  assert.deepEqual(names, ["卡罗尔", "爱丽丝", "鲍比", "大卫"]);
  assert.match(await again.page.innerText('.member[data-username="carol"]'), /群主/);
  await again.page.click('.member[data-username="alice"] button');
  await again.page.waitForSelector('.chat-head h2:text-is("爱丽丝")');
  await end(again);
});

test("what is refused is said in words, in both languages, and the dialog stays", async () => {
  const [alice, bobby] = await people("alice", "bobby");
  await alice.page.click("[data-new-group]");
  const dialog = alice.page.locator("dialog.sheet");
  const status = (words) => until(() => dialog.locator(".dialog-status").textContent(), (text) => text === words, `the dialog should say ${words}`);
  await dialog.locator("[type=submit]").click();
  await status("请输入群名称");
  await dialog.locator("input").first().fill("好".repeat(22));
  await dialog.locator("[type=submit]").click();
  await status("群名称最多 64 字节（一个汉字占 3 字节）。");
  await dialog.locator("input").first().fill("好".repeat(21));
  await dialog.locator(".search-input").fill("nobody-here");
  await dialog.locator(".search-input").press("Enter");
  await until(() => dialog.locator(".pick-status").textContent(), (text) => text === "nobody-here: 没有这个用户", "an unknown user should be told");
  await dialog.locator(".search-input").fill("");
  await dialog.locator('.pick:has-text("bobby")').click();
  await dialog.locator("[type=submit]").click();
  await alice.page.waitForSelector(`.chat-head h2:text-is("${"好".repeat(21)}")`);

  // Put out while inviting somebody: the server has the last word.
  await bobby.openGroup("好".repeat(21));
  await bobby.page.click("[data-language]");
  await bobby.info(true);
  await bobby.page.click("[data-add-members]");
  await bobby.pick("carol");
  await alice.info(true);
  await alice.page.click('[data-remove="bobby"]');
  await alice.agree();
  await bobby.page.waitForSelector(".closed");
  await bobby.page.click("dialog.sheet [type=submit]");
  await until(() => bobby.page.textContent(".dialog-status"), (text) => text === "You are not in this group", "the refusal should be told");
  await bobby.page.keyboard.press("Escape");
  await bobby.page.waitForSelector("dialog.sheet", { state: "detached" });
  await bobby.reads("爱丽丝 added you", "爱丽丝 removed you from the group");
  await end(alice, bobby);
});

test("what a group is called and says of itself stays text", async () => {
  const [alice, bobby] = await people("alice", "bobby");
  const name = '<img src=x onerror=alert(1)>"&amp;';
  await alice.makeGroup(name, ["bobby"], "<b>https://example.com</b>");
  await bobby.openGroup(name);
  assert.equal(await bobby.page.textContent(".chat-head h2"), name);
  await bobby.info(true);
  assert.equal(await bobby.page.textContent(".info-name b"), name);
  assert.equal(await bobby.page.textContent(".info-text"), "<b>https://example.com</b>");
  assert.equal(await bobby.page.locator("img:not(.logo), .info-text *").count(), 0);
  await end(alice, bobby);
});

test("a group can be made, looked at and left by keyboard", async () => {
  const [david] = await people("david");
  const { page } = david;
  const press = async (...keys) => {
    for (const key of keys) await page.keyboard.press(key);
  };
  await page.focus("[data-new-group]");
  await press("Enter");
  await page.keyboard.type("Keys");
  await press("Tab", "Tab");
  await page.keyboard.type("carol");
  await press("Enter", "Escape");
  await page.waitForSelector("dialog", { state: "detached" });
  assert.ok(await page.evaluate(() => document.activeElement.matches("[data-new-group]")), "the focus is given back");
  await press("Enter");
  await page.keyboard.type("Keys");
  await press("Enter");
  await page.waitForSelector('.chat-head h2:text-is("Keys")');
  await page.focus("[data-info]");
  await press("Enter");
  assert.ok(await page.evaluate(() => document.activeElement.closest(".info")), "the panel has the focus");
  await press("Escape");
  assert.ok(await page.evaluate(() => document.activeElement.matches("[data-info]")));
  await press("Enter");
  await page.focus("[data-leave]");
  await press("Enter");
  await page.waitForSelector(".question");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "取消", "what cannot be undone is not the first answer");
  await press("Escape");
  await page.waitForSelector(".question", { state: "detached" });
  assert.ok(await page.evaluate(() => document.activeElement.matches("[data-leave]")), "the focus is given back");
  assert.equal(await page.locator(".composer").count(), 1);
  await end(david);
});

test("the panel keeps the focus when others change the group", async () => {
  const [alice, carol] = await people("alice", "carol");
  await alice.makeGroup("Focus", ["carol"]);
  await carol.openGroup("Focus");
  await alice.info(true);
  for (const [control, happens, shown] of [
    ["[data-leave]", () => carol.invite("bobby"), '[data-username="bobby"]'],
    ['[data-remove="carol"]', () => carol.invite("david"), '[data-username="david"]'],
  ]) {
    await alice.page.focus(control);
    await happens();
    await alice.page.waitForSelector(`.member${shown}`);
    assert.ok(await alice.page.evaluate((control) => document.activeElement.matches(control), control), control);
  }
  await end(alice, carol);
});
