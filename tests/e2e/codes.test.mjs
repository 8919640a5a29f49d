// Every code of the published table, and those of the back end, as a page's callbacks hear them in a real situation.

import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { test } from "node:test";
import { until } from "./lib/browser.mjs";
import { Member } from "./lib/member.mjs";
import { noise as png } from "./lib/media.mjs";
import { stage } from "./lib/stage.mjs";

const set = stage({ network: true, flags: ["--max-group", "3", "--max-groups", "2", "--max-upload", "1000000"] });

const arrive = (username) => Member.arrive(set, username);
const join = (...usernames) => Promise.all(usernames.map((username) => Member.join(set, username)));
const leave = (...members) => Promise.all(members.map((member) => member.leave()));
/** For those who heard something, which is not to come again in the next test. */
const signOut = (...members) => Promise.all(members.map((member) => member.signOut()));

/** The call fails with this code; what it says. */
async function fails(member, code, name, options) {
  const answer = await member.call(name, options);
  assert.equal(answer.code, code, `${name} ${JSON.stringify(options)}: ${JSON.stringify(answer)}`);
  assert.ok(answer.message.length > 0);
  return answer;
}

/** The browser itself writes to the console that an upload was refused. */
async function isNoted(status) {
  const { errors } = set.browser;
  await until(() => errors.length, Boolean, "the console should tell of the upload");
  assert.match(errors.splice(0).join("\n"), new RegExp(`^Failed to load resource: the server responded with a status of ${status} \\([\\w ]+\\)$`));
}

const patience = (member, ms) => member.page.evaluate((ms) => void (JMessage.requestTimeOut = ms), ms);
const text = (targetId, text) => ({ targetType: "single", targetId, text });

/** What a developer's server signs, at any time. */
function signed(timestamp, secret = set.demo.secrets.JMESSAGE_MASTER_SECRET) {
  const { appKey } = set.demo;
  const randomStr = randomUUID();
  const words = `appKey=${appKey}&timestamp=${timestamp}&randomStr=${randomStr}&masterSecrect=${secret}`;
  return { appKey, timestamp, randomStr, signature: createHash("md5").update(words).digest("hex").toUpperCase() };
}
const now = () => Math.floor(Date.now() / 1000);
const config = (member, options) => member.page.evaluate((options) => void JMessage.config(options), options);

test("872000: the disk is full, and what could not be stored can be sent again", async (context) => {
  const { demo } = set;
  context.after(() => demo.fillDisk(false));
  const [alice, bobby] = await join("alice", "bobby");
  await alice.say("bobby", "before");
  await demo.fillDisk(true);
  await patience(alice, 1500);
  const { rid } = await fails(alice, 872000, "sendTextMessage", text("bobby", "on a full disk"));
  await fails(alice, 872000, "createGroup", { groupName: "on a full disk" });
  const picture = await alice.show("bobby", "a.png", png(40, 30));
  assert.equal(picture.code, 872000);
  await isNoted(503);
  await demo.fillDisk(false);
  await alice.done("resendMessage", { rid });
  await alice.done("resendMessage", { rid: picture.rid });
  await alice.say("bobby", "after");
  await bobby.hears(({ msg_body }) => msg_body?.text === "after", "the last message");
  const heard = (await bobby.heard()).map(({ msg_body }) => msg_body.text ?? msg_body.width);
  assert.deepEqual(heard, ["before", "on a full disk", 40, "after"]);
  await signOut(bobby);
  await leave(alice, bobby);
});

test("872001: nobody is logged in", async () => {
  const alice = await arrive("alice");
  await fails(alice, 872001, "sendTextMessage", text("bobby", "too early"));
  await alice.config(set.demo);
  await fails(alice, 872001, "getGroupList");
  await alice.login();
  await alice.done("getGroupList");
  await alice.page.evaluate(() => void JMessage.logout());
  const { message } = await fails(alice, 872001, "getGroupList");
  assert.equal(message, "user not login");
  await leave(alice);
});

test("872002: an argument is missing or makes no sense, and the message names it", async (context) => {
  const [alice] = await join("alice");
  const cases = [
    ["login", {}, /username/],
    ["getUserInfo", {}, /username/],
    ["sendTextMessage", { targetType: "single", text: "x" }, /targetId/],
    ["sendTextMessage", { targetId: "bobby", text: "x" }, /targetType/],
    ["sendTextMessage", { targetId: "bobby", targetType: "both", text: "x" }, /targetType/],
    ["sendTextMessage", { targetId: "bobby", targetType: "single", text: "" }, /text/],
    ["sendImageMessage", { targetId: "bobby", targetType: "single", fileId: "nowhere" }, /fileId/],
    ["resendMessage", { rid: 1 }, /rid/],
    ["resendMessage", { rid: "first" }, /rid/],
    ["createGroup", {}, /groupName/],
    ["createGroup", { groupName: 5 }, /groupName/],
    ["getGroupInfo", { groupId: null }, /groupId/],
    ["getGroupInfo", { groupId: "twelve" }, /groupId/],
    ["getGroupInfo", { groupId: -1 }, /groupId/],
    ["updateGroupInfo", { groupName: "x" }, /groupId/],
    ["addGroupMembers", { groupId: 1 }, /memberUsernames/],
    ["addGroupMembers", { groupId: 1, memberUsernames: "bobby" }, /memberUsernames/],
    ["addGroupMembers", { groupId: 1, memberUsernames: [] }, /memberUsernames/],
    ["removeGroupMembers", { groupId: 1, memberUsernames: [null] }, /memberUsernames/],
    ["exitGroup", { groupId: {} }, /groupId/],
  ];
  for (const [name, options, option] of cases) {
    await context.test(`${name} ${JSON.stringify(options)}`, async () => {
      const { message } = await fails(alice, 872002, name, options);
      assert.match(message, option);
      assert.doesNotMatch(message, /line \d|untagged|variant/, "it speaks of the call, not of its own insides");
    });
  }
  await leave(alice);
});

test("872003: a login is overtaken by a logout", async () => {
  const alice = await arrive("alice");
  await alice.config(set.demo);
  const login = alice.call("login", { username: "alice", password: "demo1234" });
  await alice.page.evaluate(() => void JMessage.logout());
  const { code, message } = await login;
  assert.deepEqual({ code, message }, { code: 872003, message: "logout was called" });
  await leave(alice);
});

test("872004: the signature is wrong, or the app unknown", async () => {
  const alice = await arrive("alice");
  await config(alice, signed(now(), "not-the-secret"));
  assert.equal((await alice.news("error"))[1], 872004);
  await leave(alice);
  const bobby = await arrive("bobby");
  await config(bobby, { ...signed(now()), appKey: "0123456789abcdef01234567" });
  assert.equal((await bobby.news("error"))[1], 872004);
  await leave(bobby);
});

test("872005: the signature has expired", async () => {
  const alice = await arrive("alice");
  await config(alice, signed(now() - 3600));
  assert.equal((await alice.news("error"))[1], 872005);
  await config(alice, signed(now()));
  await alice.news("ready");
  await alice.login();
  await leave(alice);
});

test("872006: the server says nothing in time", async () => {
  const [alice, bobby] = await join("alice", "bobby");
  await alice.done("getGroupList");
  set.demo.network.mute();
  await patience(alice, 300);
  const { message } = await fails(alice, 872006, "getGroupList");
  assert.equal(message, "request timeout");
  const { rid } = await fails(alice, 872006, "sendTextMessage", text("bobby", "did you hear?"));
  // What the server had stored is not stored again.
  set.demo.network.cut();
  set.demo.network.mend();
  await patience(alice, 10_000);
  await alice.done("resendMessage", { rid });
  await alice.say("bobby", "good");
  await bobby.hears(({ msg_body }) => msg_body.text === "good", "the last message");
  assert.deepEqual((await bobby.heard()).map(({ msg_body }) => msg_body.text), ["did you hear?", "good"]);
  await signOut(bobby);
  await leave(alice, bobby);
});

test("872007: the connection breaks before the answer", async () => {
  const [alice] = await join("alice");
  set.demo.network.mute();
  const answer = alice.call("getGroupList");
  // Behind this the call has gone out.
  await alice.page.evaluate(() => JMessage.requestTimeOut);
  set.demo.network.cut();
  const { code, message } = await answer;
  assert.deepEqual({ code, message }, { code: 872007, message: "connection disconnect" });
  await alice.news("disconnected");
  await patience(alice, 300);
  const { rid } = await fails(alice, 872007, "sendTextMessage", text("bobby", "offline"));
  set.demo.network.mend();
  await patience(alice, 10_000);
  await alice.done("resendMessage", { rid });
  await leave(alice);
});

test("872008: the user logs in in a second browser", async () => {
  const [first] = await join("alice");
  const [second] = await join("alice");
  assert.deepEqual(await first.news("notification"), ["notification", 872008, "user login in other place"]);
  await fails(first, 872001, "getGroupList");
  await second.done("getGroupList");
  await leave(first, second);
});

test("codes of the back end", async (context) => {
  const [alice, bobby, carol] = await join("alice", "bobby", "carol");
  const { gid } = await alice.done("createGroup", { groupName: "tGroup" });
  await alice.done("addGroupMembers", { groupId: gid, memberUsernames: ["bobby"] });
  const big = png(600, 600);
  const login = (username, password) => async () => {
    const page = await arrive(username);
    await page.config(set.demo);
    const answer = await page.call("login", { username, password });
    await leave(page);
    return answer;
  };
  const call = (member, name, options) => () => member.call(name, options);
  const cases = [
    ["801003: a login under a name that nobody has", login("nobody", "demo1234")],
    ["801004: a wrong password", login("alice", "wrong-password")],
    ["803004: a group that is not there", call(alice, "getGroupInfo", { groupId: 999999 })],
    ["803005: a look at a group that one is not in", call(carol, "getGroupInfo", { groupId: gid })],
    ["803005: a message to a group that one is not in", call(carol, "sendTextMessage", { targetType: "group", targetId: gid, text: "x" })],
    ["803007: a text that is too long", call(alice, "sendTextMessage", text("bobby", "长".repeat(2000)))],
    ["803007: a picture that is too large", async () => {
      const answer = await alice.show("bobby", "big.png", big);
      await isNoted(413);
      return answer;
    }],
    ["808001: a group without a name", call(alice, "createGroup", { groupName: "" })],
    ["808002: a member renames the group", call(bobby, "updateGroupInfo", { groupId: gid, groupName: "mine" })],
    ["808004: a name that is too long", call(alice, "createGroup", { groupName: "x".repeat(65) })],
    ["808004: a description that is too long", call(alice, "updateGroupInfo", { groupId: gid, groupDescription: "x".repeat(251) })],
    ["809002: leaving a group that one is not in", call(carol, "exitGroup", { groupId: gid })],
    ["810008: more members than the group takes", call(alice, "addGroupMembers", { groupId: gid, memberUsernames: ["carol", "david"] })],
    ["811003: a member puts another out", call(bobby, "removeGroupMembers", { groupId: gid, memberUsernames: ["alice"] })],
    ["898002: a message to a name that nobody has", call(alice, "sendTextMessage", text("nobody", "x"))],
    ["898002: a look at a name that nobody has", call(alice, "getUserInfo", { username: "nobody" })],
  ];
  await context.test("808003: one group too many", async () => {
    await alice.done("createGroup", { groupName: "second" });
    await fails(alice, 808003, "createGroup", { groupName: "third" });
  });
  for (const [situation, happen] of cases) {
    await context.test(situation, async () => {
      const { code, message } = await happen();
      assert.equal(code, Number(situation.split(":")[0]), message);
    });
  }
  await leave(alice, bobby, carol);
});
