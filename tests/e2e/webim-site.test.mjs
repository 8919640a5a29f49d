// An existing site of WebIM uses this server for packets (v5): its pages, of another site than the server, talk with each other
// and with people on pages of the SDK.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { until } from "./lib/browser.mjs";
import { Member } from "./lib/member.mjs";
import { PacketSite } from "./lib/packetsite.mjs";
import { Visitor, webimStage } from "./lib/webim.mjs";

const PEOPLE = {
  1: { nick: "杰克", buddies: ["2", "vid:5f3a", "bobby"] },
  2: { nick: "苏珊", buddies: ["1", "bobby"] },
  "vid:5f3a": { nick: "访客", buddies: ["1"] },
};
const ROOMS = { "room:茶馆": ["1", "2"] };
const ROOM = "room:茶馆";

let site;
const set = webimStage(async () => {
  const { JMESSAGE_MASTER_SECRET: secret } = set.demo.secrets;
  site = await PacketSite.start({ url: set.demo.url, domain: "www.example.com", secret }, PEOPLE, ROOMS);
});
after(() => site?.stop());

/** Somebody at the site's own page; its packets come by JSONP or by WebSocket. */
async function visit(id, socket = "off") {
  const page = await (await set.browser.profile()).newPage();
  await page.goto(`${site.url}/page.html?im=/im/&socket=${socket}`);
  const visitor = new Visitor(page, id);
  await visitor.login("any");
  return visitor;
}

/** Waits until a page has heard this last, and once. */
async function hears(visitor, text) {
  const heard = async () => (await visitor.knows("heard")).map(({ body }) => body);
  await until(heard, (all) => all.at(-1) === text, `${visitor.username} should hear ${text}`);
  assert.equal((await heard()).filter((body) => body === text).length, 1, "once");
}

test("pages of the site hear each other, by JSONP and by WebSocket from another site", async () => {
  const jack = await visit("1");
  await jack.sees("2", "离线");
  const susan = await visit("2", "on");
  assert.deepEqual([await jack.knows("by"), await susan.knows("by")], ["jsonp", "websocket"]);
  await jack.sees("2", "在线");
  await susan.sees("1", "在线");
  await jack.open("2");
  await susan.open("1");
  await jack.say("早上好，苏珊！", "<b>&amp;\u2028</b> 😄");
  await susan.reads("早上好，苏珊！", "<b>&amp;\u2028</b> 😄");
  await susan.say("早！");
  await until(() => jack.log(), (log) => log.includes("早！"), "jack should read the answer");

  await susan.page.fill("#say", "正在写");
  await until(() => jack.page.textContent("#typing"), (text) => text === "苏珊 正在输入…", "jack should see her type");
  await susan.show("away");
  await jack.sees("2", "离开");

  await jack.open(ROOM);
  await susan.open(ROOM);
  await jack.seesRoom(ROOM, "2/2");
  await susan.say("茶好了。");
  await jack.reads("茶好了。");
  const picture = process.env.SCREENSHOTS;
  if (picture) await jack.page.screenshot({ path: `${picture}/webim-site.png` });
  for (const one of [jack, susan]) assert.deepEqual(await one.failed(), []);
  await susan.leave();
  await jack.leave();
  assert.deepEqual(site.refused, []);
});

test("somebody on the site and somebody on a page of the SDK talk both ways", async () => {
  const bobby = await Member.join(set, "bobby");
  const jack = await visit("1");
  await jack.sees("bobby", "在线");
  await jack.open("bobby");
  await jack.say("你好，鲍比！");
  const heard = await bobby.hears(({ from_id: from }) => from === "1", "jack");
  assert.deepEqual([heard.from_name, heard.msg_body.text], ["杰克", "你好，鲍比！"]);
  await bobby.say("1", "你好，杰克！");
  await until(() => jack.log(), (log) => log.at(-1) === "你好，杰克！", "jack should read bobby");

  // What bobby says while no page of jack is there, the next one hears. What the last poll brought may come again.
  await jack.leave();
  await bobby.say("1", "还在吗？");
  const again = await visit("1");
  await hears(again, "还在吗？");
  await again.open("bobby");
  await until(() => again.log(), (log) => log.at(-1) === "还在吗？", "what waited should be read");
  await again.page.reload();
  await again.isOnline();
  await bobby.say("1", "又见面了。");
  await hears(again, "又见面了。");
  await again.leave();
  await bobby.leave();
  assert.deepEqual(site.refused, []);
});

test("nothing in a browser can speak for the site: its secret stays on its server", async () => {
  const susan = await visit("2");
  const { ticket } = await susan.knows("connection");
  const tried = await susan.page.evaluate(async ([url, ticket]) => {
    const form = new URLSearchParams({ ticket, type: "chat", to: "bobby", body: "evil", domain: "www.example.com" });
    const sent = await fetch(`${url}/v5/messages`, { method: "POST", body: form }).then((answer) => answer.status, () => "unread");
    const script = await new Promise((resolve) => {
      window.evil = resolve;
      const tag = document.createElement("script");
      tag.src = `${url}/v5/messages?callback=evil&${form}`;
      tag.onload = tag.onerror = () => resolve("no call");
      document.head.append(tag);
    });
    return [sent, script];
  }, [set.demo.url, ticket]);
  assert.deepEqual(tried, ["unread", "no call"]);
  const bobby = await Member.join(set, "bobby");
  await susan.open("bobby");
  await susan.say("是我。");
  await bobby.hears(({ from_id: from, msg_body: body }) => from === "2" && body.text === "是我。", "susan");
  assert.equal((await bobby.heard()).some(({ msg_body: body }) => body.text === "evil"), false);
  set.browser.errors.splice(0);
  await bobby.leave();
  await susan.leave();
});
