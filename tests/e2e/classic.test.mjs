// A page as they were written in 2015: a script tag, calls at load, `JSON.parse` on what arrives.

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { test } from "node:test";
import { PASSWORD } from "./lib/demo.mjs";
import { stage } from "./lib/stage.mjs";

const set = stage();

/** The page of one user; `signature` is what the developer's server answered. */
const html = (username, signature) => `<!DOCTYPE html>
<html>
<head>
<meta charset="utf-8">
<title>2015</title>
<link rel="icon" href="data:,">
<script type="text/javascript" src="pkg/jmessage-1.0.0.min.js"></script>
<script type="text/javascript">
var log = [];
var rids = [];
JMessage.onMessageReceived(function (jMessage) {
  var message = JSON.parse(jMessage);
  log.push({ from: message.fromId, name: message.fromName, type: message.msgType, text: message.msgBody.text, seconds: message.createTime });
});
JMessage.onConnected(function () { log.push("connected"); });
JMessage.config(${JSON.stringify(signature)});
JMessage.ready(function () {
  log.push("ready");
  JMessage.login({
    username: "${username}",
    password: "${PASSWORD}",
    success: function () { log.push("login"); },
    fail: function (code, message) { log.push("login failed " + code + " " + message); }
  });
});
JMessage.error(function (code, message) { log.push("error " + code + " " + message); });
function say(to, text) {
  JMessage.sendTextMessage({
    targetId: to, targetType: "single", text: text,
    idGenerated: function (rid) { rids.push(["id", rid]); },
    success: function (rid) { rids.push(["success", rid]); },
    fail: function (code, message, rid) { rids.push(["fail", code, rid]); }
  });
  return rids[rids.length - 1];
}
var early = say("bobby", "before the login");
</script>
</head>
<body></body>
</html>`;

async function visit(username) {
  const { browser, demo } = set;
  const signature = await (await fetch(demo.signerUrl)).json();
  const { appKey, timestamp, randomStr } = signature;
  await writeFile(`${demo.site}/${username}.html`, html(username, { appKey, timestamp, randomStr, signature: signature.signature }));
  const page = await (await browser.profile()).newPage();
  await page.goto(`${demo.url}/${username}.html`);
  return page;
}

const logged = (page, test) => page.waitForFunction(test);

test("a classic page runs unchanged: calls at load, rids at once, JSON.parse", async () => {
  const alice = await visit("alice");
  const bobby = await visit("bobby");
  assert.equal((await alice.evaluate(() => early))[0], "id", "idGenerated is called before the wasm is there");
  for (const page of [alice, bobby]) await logged(page, () => log.indexOf("login") >= 0);
  assert.deepEqual(await alice.evaluate(() => log.filter((entry) => typeof entry === "string")), ["connected", "ready", "login"]);
  await logged(alice, () => rids.some((entry) => entry[0] === "fail"));
  const [, code, rid] = await alice.evaluate(() => rids.find((entry) => entry[0] === "fail"));
  assert.equal(code, 872001, "a message before the login fails and says why");
  assert.equal(rid, await alice.evaluate(() => early[1]));

  const now = Math.floor(Date.now() / 1000);
  const [kind, sent] = await alice.evaluate(() => say("bobby", "你好，2015"));
  assert.equal(kind, "id");
  assert.equal(typeof sent, "number");
  await alice.waitForFunction((rid) => rids.some((entry) => entry[0] === "success" && entry[1] === rid), sent);
  await logged(bobby, () => log.some((entry) => entry.text));
  const message = await bobby.evaluate(() => log.find((entry) => entry.text));
  const { seconds, ...rest } = message;
  assert.deepEqual(rest, { from: "alice", name: "爱丽丝", type: "text", text: "你好，2015" });
  assert.ok(Math.abs(seconds - now) < 60, "createTime is in seconds");
  await alice.context().close();
  await bobby.context().close();
});

test("the classic script sets one global and nothing else", async () => {
  const { browser, demo } = set;
  const page = await (await browser.profile()).newPage();
  await writeFile(`${demo.site}/bare.html`, '<!DOCTYPE html><title>bare</title><link rel="icon" href="data:,">');
  await page.goto(`${demo.url}/bare.html`);
  const before = await page.evaluate(() => Object.keys(globalThis));
  await page.addScriptTag({ url: "/pkg/jmessage-1.0.0.min.js" });
  const added = (await page.evaluate(() => Object.keys(globalThis))).filter((name) => !before.includes(name));
  assert.deepEqual(added, ["JMessage"]);
  await page.context().close();
});
