// The network between page and server breaks, is silent, and comes back.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Person } from "./lib/page.mjs";
import { stage } from "./lib/stage.mjs";

const set = stage({ network: true });
const LOST = "连接已断开，正在重新连接…";

async function talking(a, b) {
  const { browser, demo } = set;
  const one = await Person.signedIn(await browser.profile(), demo.url, a);
  const other = await Person.signedIn(await browser.profile(), demo.url, b);
  await one.talkTo(b);
  await other.talkTo(a);
  const end = () => Promise.all([one, other].map((person) => person.page.context().close()));
  return { one, other, network: demo.network, end };
}

test("the banner comes and goes, and what was written meanwhile goes out", async () => {
  const { one, other, network, end } = await talking("alice", "bobby");
  await one.say("online");
  await other.hears("online");
  await one.banner(null);
  network.cut();
  await one.banner(LOST);
  await one.say("offline 1", "offline 2");
  await one.lastIs("sending");
  network.mend();
  await one.banner("已重新连接");
  await one.hasSent("online", "offline 1", "offline 2");
  await other.hears("online", "offline 1", "offline 2");
  await one.banner(null);
  await end();
});

test("an outage of an hour ends in delivery too", async () => {
  const { one, other, network, end } = await talking("carol", "david");
  await one.page.clock.install();
  network.cut();
  await one.banner(LOST);
  await one.say("patient 1", "patient 2");
  await one.page.clock.fastForward("01:00:00");
  await one.say("patient 3");
  await one.lastIs("sending");
  network.mend();
  await one.page.clock.fastForward("01:00");
  await one.hasSent("patient 1", "patient 2", "patient 3");
  await other.hears("patient 1", "patient 2", "patient 3");
  await end();
});

test("a message that nobody confirmed in time is marked, and sent again on request, once", async () => {
  const { one, other, network, end } = await talking("bobby", "carol");
  await one.say("before");
  await other.hears("before");
  await one.page.clock.install();
  network.cut();
  await one.banner(LOST);
  await one.say("too late");
  await one.page.clock.fastForward("25:00:00");
  await one.lastIs("failed");
  assert.equal(await one.page.textContent(".message-error"), "与服务器的连接已断开");
  network.mend();
  await one.page.clock.fastForward("01:00");
  await one.say("after");
  await one.hasSent("before", "after");
  await one.page.click(".resend");
  // It goes to the end, where the other sees it too.
  await one.hasSent("before", "after", "too late");
  await other.hears("before", "after", "too late");
  assert.equal(await one.page.locator(".resend").count(), 0);
  await end();
});

test("without any network the banner says so, and that nothing needs to be done", async () => {
  const { one, network, end } = await talking("david", "erika");
  await one.page.context().setOffline(true);
  network.cut();
  await one.banner("没有网络，恢复后会自动连接");
  await one.page.context().setOffline(false);
  await one.banner(LOST);
  network.mend();
  await one.banner("已重新连接");
  await end();
});

test("an answer lost on its way makes no second message", async () => {
  const { one, other, network, end } = await talking("alice", "david");
  for (const round of [1, 2, 3]) {
    // The server stores it and the page never hears so on this connection.
    network.mute();
    await one.say(`unheard ${round}`);
    await one.lastIs("sending");
    network.cut();
    await one.banner(LOST);
    network.mend();
    const all = Array.from({ length: round }, (_, at) => `unheard ${at + 1}`);
    await one.hasSent(...all);
    await other.hears(...all);
  }
  await one.say("last");
  await other.hears("unheard 1", "unheard 2", "unheard 3", "last");
  await end();
});
