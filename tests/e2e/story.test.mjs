// One story from its beginning to its end: three users and a group; a fourth is away all the time, a fifth is put out.
// Every page writes down what it hears, and in the end each whole list must be exactly what was to be heard.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { Member } from "./lib/member.mjs";
import { facts, noise as png } from "./lib/media.mjs";
import { stage } from "./lib/stage.mjs";

const set = stage();
/** Noise that cannot be compressed: a little more than 2 MB. */
const PHOTO = png(840, 840);

/** An entry in a line: who, what, and to whom. */
function line(entry) {
  if (entry.event_type) {
    const whom = entry.to_username_list.join(" ");
    return `${entry.from_username} ${entry.event_type} ${whom}${entry.description && ` (${entry.description})`}`;
  }
  const { from_id, target_type, target_name, msg_type, msg_body } = entry;
  const what = msg_type === "text" ? msg_body.text : `${msg_type} ${msg_body.width}×${msg_body.height}`;
  return target_type === "group" ? `${from_id} in ${target_name}: ${what}` : `${from_id} to ${entry.target_id}: ${what}`;
}
const isOfGroup = (entry) => entry.event_type !== undefined || entry.target_type === "group";
const lines = async (member, which = () => true) => (await member.heard()).filter(which).map(line);

/** Shows the picture of a message as a page would: its bytes, and a thumbnail's size. */
const look = (member, mediaId) => member.page.evaluate(async (mediaId) => {
  const bytes = new Uint8Array(await (await fetch(JMessage.QiNiuMediaUrl + mediaId)).arrayBuffer());
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const image = new Image();
  image.src = `${JMessage.QiNiuMediaUrl}${mediaId}?imageView2/0/w/200/h/200`;
  await image.decode();
  return { size: bytes.length, digest: [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join(""), width: image.naturalWidth };
}, mediaId);

/** Gives a page a connection on which an upload of 2 MB takes most of a second. */
async function slowDown({ page }) {
  const devtools = await page.context().newCDPSession(page);
  const conditions = { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 3_000_000 };
  await devtools.send("Network.emulateNetworkConditions", conditions);
}

/** Everything said so far has arrived when this word has: what one connection hears comes in order. */
async function settle(from, ...others) {
  const word = `settled ${settle.count++}`;
  for (const member of others) {
    await from.say(member.username, word);
    await member.hears((entry) => entry.msg_body?.text === word, word);
  }
}
settle.count = 0;
const isChecked = (entry) => !entry.msg_body?.text?.startsWith("settled");

test("every side hears exactly what is meant for it, in order, once", async (context) => {
  const [alice, bobby, carol, erika] = await Promise.all(["alice", "bobby", "carol", "erika"].map((name) => Member.join(set, name)));

  const { gid } = await alice.done("createGroup", { groupName: "周末爬山", groupDescription: "每周六早上出发" });
  const members = (...memberUsernames) => ({ groupId: gid, memberUsernames });
  await alice.done("addGroupMembers", members("bobby", "carol", "david"));
  await alice.say(gid, "早上八点？");
  await bobby.say(gid, "好的 👍");
  await bobby.say("david", "你也来吗？");
  await carol.say(gid, "我带水果");

  await slowDown(bobby);
  const { rid, code, progress } = await bobby.show(gid, "photo.png", PHOTO);
  assert.equal(code, undefined, `the picture ${rid} is sent`);
  await context.test("the picture of 2 MB tells its progress", () => {
    assert.ok(PHOTO.length > 2_000_000);
    assert.ok(progress.length >= 2, JSON.stringify(progress));
    assert.deepEqual(progress.at(-1), [PHOTO.length, PHOTO.length]);
    assert.deepEqual(progress, [...progress].sort(([a], [b]) => a - b), "it never goes back");
  });

  const digest = createHash("sha256").update(PHOTO).digest("hex");
  for (const member of [alice, carol]) {
    const { msg_body } = await member.hears(({ msg_type }) => msg_type === "image", "the picture");
    await context.test(`${member.username} sees the picture, byte for byte, and a thumbnail`, async () => {
      assert.deepEqual(await look(member, msg_body.media_id), { digest, size: PHOTO.length, width: 200 });
    });
  }

  await alice.done("updateGroupInfo", { groupId: gid, groupName: "周日爬山" });
  await alice.say(gid, "改到周日了");
  await carol.done("addGroupMembers", members("erika"));
  await erika.say(gid, "大家好");
  await alice.done("removeGroupMembers", members("erika"));
  await carol.say(gid, "艾丽卡走了？");
  assert.equal((await erika.call("sendTextMessage", { targetType: "group", targetId: gid, text: "等等" })).code, 803005);
  assert.equal((await erika.call("getGroupInfo", { groupId: gid })).code, 803005);
  await bobby.done("exitGroup", { groupId: gid });
  await carol.say(gid, "鲍比也走了");
  await alice.say(gid, "那就算了");
  await alice.done("exitGroup", { groupId: gid });
  assert.equal((await carol.call("sendTextMessage", { targetType: "group", targetId: gid, text: "喂？" })).code, 803004);

  const david = await Member.join(set, "david");
  await david.hears((entry) => entry.description === "administrator delete group", "the end of the group");
  await settle(alice, bobby, carol, erika, david);
  await settle(bobby, alice);

  const created = "alice create_group alice";
  const added = "alice add_members bobby carol david";
  const talk = [
    "alice in 周末爬山: 早上八点？",
    "bobby in 周末爬山: 好的 👍",
    "carol in 周末爬山: 我带水果",
    "bobby in 周末爬山: image 840×840",
    "alice in 周日爬山: 改到周日了",
    "carol add_members erika",
    "erika in 周日爬山: 大家好",
    "alice remove_members erika",
    "carol in 周日爬山: 艾丽卡走了？",
    "bobby exit_group bobby",
    "carol in 周日爬山: 鲍比也走了",
    "alice in 周日爬山: 那就算了",
    "alice exit_group alice carol david (administrator delete group)",
  ];
  const toOthersThan = (name, all) => all.filter((text) => !text.startsWith(`${name} in `));
  const between = (first, last) => talk.slice(talk.indexOf(first), talk.indexOf(last) + 1);
  const expected = [
    [alice, [created, added, ...toOthersThan("alice", talk)]],
    [bobby, [added, ...toOthersThan("bobby", between(talk[0], "bobby exit_group bobby"))]],
    [carol, [added, ...toOthersThan("carol", talk)]],
    [erika, toOthersThan("erika", between("carol add_members erika", "alice remove_members erika"))],
    // What was missed is told under the name that the group has now.
    [david, [added, ...talk.map((text) => text.replace("周末爬山", "周日爬山"))]],
  ];
  for (const [member, all] of expected) {
    await context.test(`${member.username} heard of the group`, async () => {
      assert.deepEqual(await lines(member, isOfGroup), all);
    });
    await context.test(`${member.username} heard besides`, async () => {
      const besides = member === david ? ["bobby to david: 你也来吗？"] : [];
      assert.deepEqual(await lines(member, (entry) => !isOfGroup(entry) && isChecked(entry)), besides);
    });
  }

  for (const member of [alice, carol, david]) {
    await context.test(`${member.username} was told what the picture is`, async () => {
      const { msg_body } = (await member.heard()).find(({ msg_type }) => msg_type === "image");
      const { media_id, ...rest } = msg_body;
      assert.match(media_id, /^qiniu\/image\/[0-9a-f]{32}$/);
      const { crc32, fsize } = facts(PHOTO);
      assert.deepEqual(rest, { media_crc32: crc32, width: 840, height: 840, format: "png", fsize });
    });
  }
  await context.test("who logs in once more hears nothing again", async () => {
    for (const member of [bobby, erika, david]) await member.signOut();
    for (const username of ["david", "erika", "bobby"]) {
      const again = await Member.join(set, username);
      await settle(carol, again);
      assert.deepEqual((await lines(again, isChecked)), []);
      await again.leave();
    }
  });
  await Promise.all([alice, bobby, carol, erika, david].map((member) => member.leave()));
});
