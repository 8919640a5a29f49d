// What old and new pages expect of the same calls: callbacks that come late, promises that nobody takes.

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { test } from "node:test";
import { until } from "./lib/browser.mjs";
import { Member } from "./lib/member.mjs";
import { stage } from "./lib/stage.mjs";

const set = stage();

test("a page whose script comes after the connection hears of it, once", async () => {
  const { browser, demo } = set;
  await writeFile(`${demo.site}/late.html`, '<!DOCTYPE html><link rel="icon" href="data:,"><script src="pkg/jmessage-1.0.0.min.js"></script>');
  const page = await (await browser.profile()).newPage();
  await page.goto(`${demo.url}/late.html`);
  await page.waitForFunction(() => JMessage.url);
  const count = await page.evaluate(() => new Promise((resolve) => {
    let count = 0;
    JMessage.onConnected(() => {
      count++;
      JMessage.onConnected(() => count++);
      // Behind this call's answer whatever would be told again has been told.
      JMessage.getGroupList({ fail: () => JMessage.getGroupList({ fail: () => resolve(count) }) });
    });
  }));
  assert.equal(count, 1);
  await page.context().close();
});

test("a call without callbacks that fails is a warning, and a rejection only for who asks", async () => {
  const { page } = await Member.arrive(set, "alice");
  const warnings = [];
  page.on("console", (message) => message.type() === "warning" && warnings.push(message.text()));
  const outcome = await page.evaluate(async () => {
    window.missed = [];
    addEventListener("unhandledrejection", (event) => missed.push(event.reason.code));
    JMessage.exitGroup();
    JMessage.exitGroup({ fail() {} });
    const promise = JMessage.getGroupList();
    const caught = await promise.catch(({ code, message }) => ({ code, message }));
    const forgotten = (async () => await JMessage.createGroup({ groupName: "x" }))();
    const forgottenToo = JMessage.getUserInfo().then(() => {});
    await Promise.allSettled([JMessage.getGroupList()]);
    void [forgotten, forgottenToo];
    return { isPromise: promise instanceof Promise, caught };
  });
  assert.deepEqual(outcome, { isPromise: true, caught: { code: 872001, message: "user not login" } });
  await page.waitForFunction(() => missed.length >= 2);
  assert.deepEqual(await page.evaluate(() => missed), [872001, 872001]);
  await until(() => warnings, (all) => all.length > 0, "the console should tell of the call that nobody heeded");
  assert.deepEqual(warnings, ["JMessage: user not login"]);
  // The two that somebody asked for and then left alone.
  assert.equal(set.browser.errors.splice(0).filter((error) => /user not login/.test(error)).length, 2);
  await page.context().close();
});
