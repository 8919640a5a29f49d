// WebIM through a browser: the pages of tests/compat/webim, by XHR, by JSONP and by WebSocket.

import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "./lib/browser.mjs";
import { PASSWORD } from "./lib/demo.mjs";
import { Member } from "./lib/member.mjs";
import { acquaint, Visitor, WAYS, webimStage } from "./lib/webim.mjs";

const set = webimStage(prepare);
const NOTICE = { text: "鲍比想加你为好友。", link: "/friends?id=5" };
/** A room with all of them, made by a page of the SDK. */
let room;

async function prepare() {
  const { demo } = set;
  await acquaint(demo, "alice", "bobby");
  await acquaint(demo, "alice", "david");
  await acquaint(demo, "carol", "david");
  await demo.operate(["notice", "add"], "alice", NOTICE);
  const alice = await Member.join(set, "alice");
  const { gid } = await alice.done("createGroup", { groupName: "周末爬山", groupDescription: "" });
  await alice.done("addGroupMembers", { groupId: gid, memberUsernames: ["bobby", "carol", "david"] });
  await alice.leave();
  const told = await Visitor.join(set, "alice");
  room = await told.page.evaluate(() => Object.keys(page.rooms)[0]);
  assert.equal(room, `_${gid}`);
  await told.leave();
}

/** Everything said so far is cleared, so that each test begins with nothing. */
async function fresh(...visitors) {
  for (const { page: tab, username } of visitors) {
    const ids = ["alice", "bobby", "carol", "david", "erika", room].filter((id) => id !== username);
    await tab.evaluate(async (ids) => {
      for (const id of ids) await new Promise((resolve) => post("clear", { type: typeOf(id), id }, resolve));
      page.heard = [];
      page.logs = {};
      draw();
    }, ids);
  }
}

/** Waits until somebody has read all that was said by one way. What no page had confirmed of an earlier talk may come again. */
async function readsAll(visitor, way, said) {
  const read = async () => (await visitor.log()).filter((text) => text.startsWith(`${way.name} `));
  await until(read, (log) => log.join() === said.join(), `${visitor.username} should read all ${said.length} in order`);
}

for (const [by, way] of Object.entries(WAYS)) {
  test(`by ${way.name}, two people talk, show themselves and type`, async () => {
    const alice = await Visitor.join(set, "alice", way);
    const bobby = await Visitor.join(set, "bobby", way);
    await fresh(alice, bobby);
    assert.equal(await alice.knows("by"), by);
    await alice.sees("bobby", "在线");
    assert.equal(await alice.knows("buddies.bobby.group"), "好友");

    await alice.open("bobby");
    await bobby.open("alice");
    await alice.say("早上好，鲍比！", "<b>&amp;\u2028'\"</b> 😄");
    await bobby.reads("早上好，鲍比！", "<b>&amp;\u2028'\"</b> 😄");
    await bobby.say("早！");
    await alice.reads("早上好，鲍比！", "<b>&amp;\u2028'\"</b> 😄", "早！");
    assert.equal(await alice.page.$eval("#log b", () => true).catch(() => false), false, "texts are texts");

    await bobby.page.fill("#say", "正在写");
    await until(() => alice.page.textContent("#typing"), (text) => text === "鲍比 正在输入…", "alice should see him type");
    await bobby.page.fill("#say", "");
    await until(() => alice.page.textContent("#typing"), (text) => text === "", "alice should see him stop");

    await bobby.show("away");
    await alice.sees("bobby", "离开");
    await bobby.show("invisible");
    await alice.sees("bobby", "离线");
    assert.equal(await alice.knows("buddies.bobby.presence"), "offline");
    await alice.say("你还在吗？");
    await until(() => bobby.log(), (log) => log.at(-1) === "你还在吗？", "who hides hears all the same");
    await bobby.show("available");
    await alice.sees("bobby", "在线");
    assert.deepEqual([await alice.failed(), await bobby.failed()], [[], []]);
    await alice.leave();
    await bobby.leave();
  });

  test(`by ${way.name}, a room has counts, members and talk, and is left and joined`, async () => {
    const alice = await Visitor.join(set, "alice", way);
    const bobby = await Visitor.join(set, "bobby", way);
    await fresh(alice, bobby);
    await alice.open(room);
    await bobby.open(room);
    const here = async () => {
      const members = (await alice.knows(`rooms.${room}.members`)) ?? [];
      return members.filter(({ presence }) => presence === "online").map(({ id }) => id).sort().join();
    };
    await until(here, (ids) => ids === "alice,bobby", "alice should see who is in the room");
    await alice.seesRoom(room, "2/4");
    const carol = await Visitor.join(set, "carol", way);
    await alice.seesRoom(room, "3/4");
    await until(here, (ids) => ids === "alice,bobby,carol", "alice should see carol come");
    await fresh(carol);
    await carol.open(room);
    await alice.say("明天八点集合。");
    for (const one of [bobby, carol]) await one.reads("明天八点集合。");

    await bobby.page.evaluate((id) => leave(id), room);
    await bobby.seesRoom(room, "已屏蔽");
    await alice.say("带上水。");
    await carol.reads("明天八点集合。", "带上水。");
    await bobby.page.evaluate((id) => join(id), room);
    await bobby.seesRoom(room, "3/4");
    await alice.say("不见不散！");
    await until(() => bobby.knows("heard"), (heard) => heard.some(({ body }) => body === "不见不散！"), "bobby should hear");
    assert.equal((await bobby.knows("heard")).some(({ body }) => body === "带上水。"), false, "a room that was left is not heard");
    await bobby.open(room);
    await bobby.reads("明天八点集合。", "带上水。", "不见不散！");
    for (const one of [alice, bobby, carol]) assert.deepEqual(await one.failed(), []);
    for (const one of [alice, bobby, carol]) await one.leave();
  });

  test(`by ${way.name}, a page makes a room, and the pages of those it invites join and talk`, async () => {
    const alice = await Visitor.join(set, "alice", way);
    const bobby = await Visitor.join(set, "bobby", way);
    const nick = `读书会（${way.name}）`;
    await alice.page.evaluate((nick) => invite(nick, ["bobby", "carol"]), nick);
    const made = await until(
      async () => Object.values(await alice.knows("rooms")).find((room) => room.nick === nick)?.id,
      Boolean, "alice should have her room",
    );
    assert.match(made, /^_\d+$/);
    await bobby.comesToKnow("events", [["invite", made, nick]]);
    for (const one of [alice, bobby]) await one.seesRoom(made, "2/3");
    assert.ok(!(await bobby.knows("heard")).some(({ body }) => body.startsWith("webim-event:")), "an event is no message");
    for (const one of [alice, bobby]) await one.open(made);
    await alice.say("第一本读什么？");
    await bobby.say("《红楼梦》");
    for (const one of [alice, bobby]) await one.reads("第一本读什么？", "《红楼梦》");
    for (const one of [alice, bobby]) assert.deepEqual(await one.failed(), []);
    for (const one of [alice, bobby]) await one.leave();
  });

  test(`by ${way.name}, what was said while somebody was away waits, with who said it`, async () => {
    const carol = await Visitor.join(set, "carol", way);
    await fresh(carol);
    const bobby = await Visitor.join(set, "bobby", way);
    await fresh(bobby);
    await carol.page.click("#offline");
    await carol.comesToKnow("state", "offline");
    await bobby.open("carol");
    await bobby.say("第一条", "第二条", "第三条");
    await carol.page.click("#again");
    await carol.isOnline();
    assert.deepEqual((await carol.knows("heard")).map(({ body, from, nick }) => [from, nick, body]), [
      ["bobby", "鲍比", "第一条"], ["bobby", "鲍比", "第二条"], ["bobby", "鲍比", "第三条"],
    ]);
    assert.equal(await carol.knows("buddies.bobby.nick"), "鲍比", "who said it is told of");
    await carol.open("bobby");
    await carol.reads("第一条", "第二条", "第三条");
    await bobby.leave();
    await carol.leave();
  });

  for (const [how, writer, reader, query] of [
    ["reloads in the middle of a conversation lose nothing", "alice", "bobby", ""],
    ["pages that break down without a goodbye lose nothing", "carol", "erika", "&refresh=off"],
  ]) {
    test(`by ${way.name}, ${how}`, async () => {
      const one = await Visitor.join(set, writer, way);
      const other = await Visitor.join(set, reader, way, query);
      await fresh(one, other);
      await one.open(reader);
      await other.open(writer);
      const said = [];
      for (const round of [1, 2, 3, 4]) {
        const reload = other.page.reload();
        for (const at of [1, 2, 3]) {
          said.push(`${way.name} 第 ${round} 轮，第 ${at} 句`);
          await one.say(said.at(-1));
        }
        await reload;
        await other.isOnline();
      }
      await readsAll(other, way, said);
      if (writer === "alice") assert.equal(await one.knows("buddies.bobby.presence"), "online", "a reload is no absence");
      await one.leave();
      await other.leave();
    });
  }
}

test("whoever hides from the first moment on is never seen", async () => {
  const alice = await Visitor.join(set, "alice");
  const david = await Visitor.arrive(set, await set.browser.profile(), "david");
  await david.page.evaluate(() => (find("show").value = "invisible"));
  await david.login();
  await david.show("away");
  await alice.sees("david", "离开");
  const seen = async () => (await alice.knows("seen")).filter(({ from }) => from === "david").map(({ type, show }) => [type, show]);
  // That he looks at the room may come with the next answer only.
  const heard = await until(seen, (seen) => seen.length > 1, "alice should hear that he looks at the room");
  assert.deepEqual(heard, [["online", "away"], ["grponline", "available"]], "what he chose to show first is the first that was heard of him");
  await alice.leave();
  await david.leave();
});

test("nobody may broadcast unless an operator lets it", async () => {
  const alice = await Visitor.join(set, "alice");
  const bobby = await Visitor.join(set, "bobby");
  await alice.page.fill("#say", "大家好");
  await alice.page.click("#broadcast");
  await until(() => alice.failed(), (failed) => failed.some((line) => line === "message: status 403"), "it should be refused");
  await set.demo.operate(["user", "allow-broadcast"], "alice");
  await alice.page.click("#broadcast");
  await bobby.comesToKnow("broadcasts", ["大家好"]);
  await set.demo.operate(["user", "deny-broadcast"], "alice");
  await alice.leave();
  await bobby.leave();
});

test("settings are kept, notices and the menu are shown, and a bad link is none", async () => {
  const alice = await Visitor.join(set, "alice");
  await alice.page.check("#play_sound");
  await until(() => alice.page.$$eval("#notices a", (all) => all.map((a) => [a.textContent, a.getAttribute("href")])), (all) => all.length > 0, "notices should come")
    .then((all) => assert.deepEqual(all, [[NOTICE.text, NOTICE.link]]));
  const menu = () => alice.page.$$eval("#menu a", (all) => all.map((a) => [a.textContent, a.getAttribute("href")]));
  assert.deepEqual(await until(menu, (all) => all.length > 0, "the menu should come"), [["博客", "/blog"]]);
  assert.deepEqual(await alice.failed(), []);
  const old = await (await set.browser.profile()).newPage();
  await old.goto(`${set.demo.url}/page-2010.html?im=im2010/`);
  await old.evaluate(([password]) => online("alice", password, "bobby", ""), [PASSWORD]);
  const setting = await until(() => old.evaluate(() => page.setting ?? null), Boolean, "a page of 2010 should be told the setting");
  assert.equal(setting.play_sound, true);
  await old.context().close();
  await alice.leave();
});

test("two tabs of one user hear the same, what the other one says included", async () => {
  const context = await set.browser.profile();
  const one = await Visitor.arrive(set, context, "alice");
  await one.login();
  const other = await Visitor.arrive(set, context, "alice");
  await other.page.evaluate(() => online({}));
  await other.isOnline();
  const bobby = await Visitor.join(set, "bobby");
  await fresh(one, bobby);
  await other.page.evaluate(() => { page.heard = []; page.logs = {}; });
  for (const tab of [one, other]) await tab.open("bobby");
  await bobby.open("alice");
  await bobby.say("你好");
  for (const tab of [one, other]) await tab.reads("你好");
  await one.say("我在第一个窗口");
  await other.reads("你好", "我在第一个窗口");
  await one.page.click("#offline");
  await one.comesToKnow("state", "offline");
  await other.say("第一个窗口已关");
  await bobby.reads("你好", "我在第一个窗口", "第一个窗口已关");
  await bobby.sees("alice", "在线");
  await other.page.click("#offline");
  await bobby.sees("alice", "离线");
  await context.close();
  await bobby.leave();
});

for (const way of Object.values(WAYS)) {
  test(`by ${way.name}, a server that is killed loses nothing that it confirmed, and pages come back without a password`, async () => {
    const { demo } = set;
    const alice = await Visitor.join(set, "alice", way);
    const bobby = await Visitor.join(set, "bobby", way);
    await fresh(alice, bobby);
    await alice.open("bobby");
    await bobby.open("alice");
    const said = [];
    for (const round of [1, 2]) {
      said.push(`${way.name} 第 ${round} 次断电之前`);
      await alice.say(said.at(-1));
      await demo.killServer();
      for (const one of [alice, bobby]) await one.comesToKnow("state", "offline");
      await demo.startServer();
      for (const one of [alice, bobby]) await one.page.click("#again");
      for (const one of [alice, bobby]) await one.isOnline();
      said.push(`${way.name} 第 ${round} 次断电之后`);
      await alice.say(said.at(-1));
      await readsAll(bobby, way, said);
    }
    await alice.sees("bobby", "在线");
    await alice.leave();
    await bobby.leave();
  });
}

test("a page of the SDK and a page of WebIM talk to each other, alone and in the room", async () => {
  const alice = await Visitor.join(set, "alice");
  await fresh(alice);
  const bobby = await Member.join(set, "bobby");
  await alice.open("bobby");
  await alice.sees("bobby", "在线");
  await alice.say("你用新版，我用旧版");
  const entry = await bobby.hears((heard) => heard.msg_body?.text === "你用新版，我用旧版", "alice");
  assert.equal(entry.from_id, "alice");
  await bobby.say("alice", "收到");
  await alice.reads("你用新版，我用旧版", "收到");
  await bobby.say(Number(room.slice(1)), "群里也收到");
  await alice.open(room);
  await alice.reads("群里也收到");
  // The same user here and there: each hears what is said to it.
  const also = await Member.join(set, "alice");
  await bobby.say("alice", "两边都看到了吗？");
  await also.hears((heard) => heard.msg_body?.text === "两边都看到了吗？", "bobby");
  await alice.open("bobby");
  await alice.reads("你用新版，我用旧版", "收到", "两边都看到了吗？");
  await also.leave();
  await bobby.leave();
  await alice.sees("bobby", "离线");
  await alice.leave();
});

test("a page of 2010 talks to a page of 2014, in its own words", async () => {
  const carol = await Visitor.join(set, "carol");
  await fresh(carol);
  const page = await (await set.browser.profile()).newPage();
  await page.goto(`${set.demo.url}/page-2010.html?im=im/`);
  await page.evaluate(([password, room]) => online("bobby", password, "carol", room), [PASSWORD, room]);
  const state = (ask) => page.evaluate(ask);
  await until(() => state(() => page.state), (state) => state === "online", "the page of 2010 should be online");
  assert.equal(await state(() => page.user.name), "鲍比");
  assert.ok((await state(() => page.online_buddies.split(","))).includes("carol"));
  await page.evaluate(() => say("unicast", "carol", "二〇一〇年的问候"));
  await carol.open("bobby");
  await until(() => carol.log(), (log) => log.at(-1) === "二〇一〇年的问候", "carol should read it");
  await carol.say("二〇一四年的回答");
  const heard = await until(() => state(() => page.heard), (heard) => heard.length > 0, "the page of 2010 should hear");
  const { type, from, to, body, timestamp } = heard[0];
  assert.deepEqual({ type, from, to, body }, { type: "unicast", from: "carol", to: "bobby", body: "二〇一四年的回答" });
  assert.equal(typeof timestamp, "string");
  await carol.show("dnd");
  await until(() => state(() => page.shows.carol), (show) => show === "dnd", "the page of 2010 should see her show");
  await page.evaluate((room) => say("multicast", room, "群里好"), room);
  await carol.open(room);
  await until(() => carol.log(), (log) => log.at(-1) === "群里好", "carol should read it in the room");
  assert.deepEqual(await state(() => page.failed), []);
  await page.context().close();
  await carol.leave();
});
