// Parts of the page that need no browser.

import assert from "node:assert/strict";
import { test } from "node:test";
import { root } from "./lib/process.mjs";

const { Media, bodyOf, shownSize } = await import(`${root}www/app/media.js`);
const { Groups } = await import(`${root}www/app/groups.js`);
const { strings } = await import(`${root}www/app/strings.js`);

const BASE = "https://chat.example.com/jmessage/v1/media/right/";
const IMAGE = `qiniu/image/${"0a".repeat(16)}`;
const VOICE = `qiniu/voice/${"f1".repeat(16)}`;

test("only what is an id becomes part of an address", async () => {
  const media = new Media({ QiNiuMediaUrl: BASE, UpYunVoiceMediaUrl: BASE });
  assert.equal(await media.thumbnail({ media_id: IMAGE, format: "jpg" }), `${BASE}${IMAGE}?imageView2/0/w/400/h/400`);
  assert.equal(await media.thumbnail({ media_id: IMAGE, format: "gif" }), `${BASE}${IMAGE}`, "a thumbnail would not move");
  assert.equal(await media.original({ media_id: IMAGE }), `${BASE}${IMAGE}`);
  assert.equal(await media.sound({ media_id: VOICE }), `${BASE}${VOICE}.mp3`);
  const hostile = ["", undefined, "../../admin", `${IMAGE}?x`, `${IMAGE}/..`, `https://evil.example/${IMAGE}`, `${IMAGE}\n`, VOICE];
  for (const media_id of hostile) await assert.rejects(media.original({ media_id }), /no image/, String(media_id));
});

test("the address is waited for until the SDK knows it", async () => {
  const sdk = { QiNiuMediaUrl: "", UpYunVoiceMediaUrl: "" };
  const address = new Media(sdk).original({ media_id: IMAGE });
  sdk.QiNiuMediaUrl = BASE;
  assert.equal(await address, `${BASE}${IMAGE}`);
});

test("of a body only plain known fields are kept", () => {
  const body = { media_id: IMAGE, width: 3, height: { evil: 1 }, fsize: 9, hash: "x", onload: "y" };
  assert.deepEqual(bodyOf("image", body), { media_id: IMAGE, width: 3, fsize: 9 });
  assert.equal(bodyOf("text", body), undefined);
});

test("a picture is shown within bounds, whatever its message says of it", () => {
  const sizes = [[4000, 3000], [1, 1], [10, 100_000], [-5, 20], ["9e9", 3], [undefined, undefined]];
  for (const [width, height] of sizes) {
    const shown = shownSize({ width, height });
    assert.ok(shown.width >= 56 && shown.width <= 240 && shown.height >= 56 && shown.height <= 280, `${width} × ${height}`);
  }
  assert.deepEqual(shownSize({ width: 1200, height: 800 }), { width: 240, height: 160 });
});

test("a large group is read a page at a time", async () => {
  const everyone = Array.from({ length: 25 }, (_, at) => `user${at}`);
  const sdk = {
    requestTimeOut: 7,
    getGroupInfo({ groupId, start, success }) {
      const members = everyone.slice(start, start + 10).map((username) => ({ username }));
      success({ gid: Number(groupId), groupName: "many", ownerUsername: "user0", groupDesc: "", members, memberCount: 25 });
    },
  };
  const conversation = {};
  const store = { conversation: () => conversation, group: (id, change) => (conversation.group = { ...conversation.group, id, ...change }) };
  const groups = new Groups(sdk, store, { learn() {} });
  for (const [read, known] of [["read", 10], ["more", 20], ["more", 25]]) {
    await groups[read]("9");
    assert.deepEqual(conversation.group.members, everyone.slice(0, known));
    assert.equal(conversation.group.count, 25);
  }
  assert.equal(sdk.requestTimeOut, 7, "the time that messages may take is as it was");
});

test("both languages say the same things with the same blanks", () => {
  const blanks = (words) => (words.match(/\{\w+\}/g) ?? []).sort();
  assert.deepEqual(Object.keys(strings.zh), Object.keys(strings.en));
  for (const [key, words] of Object.entries(strings.zh)) assert.deepEqual(blanks(words), blanks(strings.en[key]), key);
});
