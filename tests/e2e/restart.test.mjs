// The server is killed without warning and started again: nothing is lost, nothing comes twice.

import { test } from "node:test";
import { Person } from "./lib/page.mjs";
import { stage } from "./lib/stage.mjs";

const set = stage();
const LOST = "连接已断开，正在重新连接…";

test("a message that was confirmed survives SIGKILL", async () => {
  const { browser, demo } = set;
  const here = await browser.profile();
  const there = await browser.profile();
  const writer = await Person.signedIn(here, demo.url, "alice");
  await writer.talkTo("bobby");
  await writer.say("confirmed");
  await writer.lastIs("sent");
  await demo.killServer();
  await writer.banner(LOST);
  await demo.startServer();
  await writer.banner(null);

  const reader = await Person.signedIn(there, demo.url, "bobby");
  await reader.talkTo("alice");
  await reader.hears("confirmed");
  await here.close();
  await there.close();
});

test("pages reconnect by themselves, round after round, in the middle of a conversation", async () => {
  const { browser, demo } = set;
  const here = await browser.profile();
  const there = await browser.profile();
  const one = await Person.signedIn(here, demo.url, "carol");
  const other = await Person.signedIn(there, demo.url, "david");
  await one.talkTo("david");
  await other.talkTo("carol");
  const said = [];
  const answered = [];
  for (const round of [1, 2, 3, 4]) {
    const burst = Array.from({ length: 60 }, (_, at) => `round ${round}, message ${at}`);
    said.push(...burst);
    // In the middle: some are stored and confirmed, some stored, some only written.
    const first = one.page.waitForSelector(`.message.mine[data-state="sent"] .bubble:text-is("${burst[0]}")`);
    await one.sayAtOnce(...burst.slice(0, 50));
    await first;
    await demo.killServer();
    await one.say(...burst.slice(50));
    await one.banner(LOST);
    await other.banner(LOST);
    await demo.startServer();
    await one.hasSent(...said);
    await other.hears(...said);
    answered.push(`seen ${round}`);
    await other.say(`seen ${round}`);
    await one.hears(...answered);
    await other.hasSent(...answered);
  }
  await one.banner(null);
  await other.banner(null);
  await other.leave();
  const again = await Person.signedIn(there, demo.url, "david");
  await again.talkTo("carol");
  await one.say("the end");
  await again.hears(...said, "the end");
  await here.close();
  await there.close();
});
