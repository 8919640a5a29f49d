// What happens when the wasm breaks: it is replaced, the page is told once, and nothing is lost or doubled.
//
// The break is a real one: an exception out of `performance.now`, which the wasm calls whenever something happens to
// it, ends the wasm in the middle of what it does, with half of its state changed.

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { test } from "node:test";
import { PASSWORD } from "./lib/demo.mjs";
import { stage } from "./lib/stage.mjs";

const set = stage();

const HTML = `<!DOCTYPE html>
<meta charset="utf-8">
<title>trap</title>
<link rel="icon" href="data:,">
<script src="pkg/jmessage-1.0.0.min.js"></script>
<script>
  const heard = [], ends = [], errors = [], traps = [];
  console.error = (error) => traps.push(String(error));
  JMessage.on("message", (message) => heard.push(message.msg_body.text));
  JMessage.on("error", (code, message) => errors.push([code, message]));
  JMessage.on("notification", (code) => errors.push([code]));
  const now = performance.now.bind(performance);
  /** The wasm's k-th look at the clock from now on throws. */
  function breakAt(k) {
    performance.now = () => {
      if (--k > 0) return now();
      performance.now = now;
      throw new Error("broken on purpose");
    };
  }
  const say = (to, text) =>
    JMessage.sendTextMessage({
      targetType: "single",
      targetId: to,
      text,
      success: (rid) => ends.push(["success", text]),
      fail: (code, message, rid) => ends.push([code, text]),
    });
</script>`;

/** A page of `username`, logged in. */
async function visit(username) {
  const { browser, demo } = set;
  await writeFile(`${demo.site}/trap.html`, HTML);
  const page = await (await browser.profile()).newPage();
  await page.goto(`${demo.url}/trap.html`);
  const login = async ([signer, username, password]) => {
    await JMessage.config({ signer });
    await JMessage.login({ username, password });
  };
  await page.evaluate(login, [demo.signerUrl, username, PASSWORD]);
  return page;
}

test("wherever the wasm breaks, every message gets through once, in both directions, and the page is told once", async () => {
  const bobby = await visit("bobby");
  for (const k of [1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 24]) {
    const alice = await visit("alice");
    // The round's own texts: a new page is told again what the one before it was told just before it closed.
    const [toBobby, toAlice] = ["to bobby", "to alice"].map((to) => [1, 2, 3].map((n) => `${k} ${to} ${n}`));
    const ofRound = (page) => page.evaluate((k) => heard.filter((text) => text.startsWith(`${k} `)), k);
    const complete = (k) => heard.filter((text) => text.startsWith(`${k} `)).length >= 3;
    await alice.evaluate(([k, texts]) => {
      breakAt(k);
      for (const text of texts) say("bobby", text);
    }, [k, toBobby]);
    await bobby.evaluate((texts) => texts.forEach((text) => say("alice", text)), toAlice);
    for (const page of [alice, bobby]) await page.waitForFunction(complete, k);
    await alice.waitForFunction(() => ends.length >= 3);
    // Uses the clock until the break has come, if it has not.
    await alice.evaluate(async () => {
      for (let i = 0; performance.now !== now; i++) await JMessage.getGroupList({}).catch(() => {});
      await JMessage.getUserInfo({ username: "alice" }).catch(() => JMessage.getUserInfo({ username: "alice" }));
    });
    const seen = await alice.evaluate(() => ({ ends: ends.map(([end]) => end), errors, traps }));
    assert.deepEqual(seen.ends, ["success", "success", "success"], `k = ${k}`);
    assert.deepEqual(await ofRound(alice), toAlice, `what alice heard, k = ${k}`);
    assert.deepEqual(await ofRound(bobby), toBobby, `what bobby heard, k = ${k}`);
    assert.equal(seen.errors.length, 1, `the page is told once, k = ${k}: ${JSON.stringify(seen)}`);
    assert.equal(seen.errors[0][0], 872000);
    assert.match(seen.errors[0][1], /broken on purpose/);
    assert.equal(seen.traps.length, 1, "and so is the console");
    await alice.context().close();
  }
  await bobby.context().close();
});

test("a call that is under way when the wasm breaks fails with 872000, since nobody knows whether it was done", async () => {
  const alice = await visit("alice");
  const outcome = await alice.evaluate(async () => {
    const info = JMessage.getUserInfo({ username: "alice" });
    breakAt(1);
    const [first] = await Promise.allSettled([info]);
    return [first.reason?.code, (await JMessage.getUserInfo({ username: "alice" })).username];
  });
  assert.deepEqual(outcome, [872000, "alice"]);
  await alice.context().close();
});

test("a wasm that breaks again and again is given up, and every call says so", async () => {
  const alice = await visit("alice");
  const codes = await alice.evaluate(async () => {
    performance.now = () => {
      throw new Error("broken for good");
    };
    const [login] = await Promise.allSettled([JMessage.login({ username: "alice", password: "x" })]);
    performance.now = now;
    const [later] = await Promise.allSettled([JMessage.getGroupList({})]);
    return [login.reason.code, later.reason.code, errors.length];
  });
  assert.deepEqual(codes, [872000, 872000, 4]);
  await alice.context().close();
});

test("what was under way when the wasm is given up has an outcome, too", async () => {
  const { browser, demo } = set;
  const endOf = (page, calls) =>
    page.evaluate(async (calls) => {
      const under = new Function(`return [${calls}]`)();
      // The calls reach the wasm first.
      await JMessage.init();
      while (!JMessage.url) await new Promise((resolve) => setTimeout(resolve, 5));
      performance.now = () => {
        throw new Error("broken for good");
      };
      const outcomes = await Promise.allSettled([...under, JMessage.getGroupList({})]);
      performance.now = now;
      return outcomes.map(({ reason }) => reason?.code);
    }, calls);
  const alice = await visit("alice");
  const text = `JMessage.sendTextMessage({ targetType: "single", targetId: "bobby", text: "under way" })`;
  // The answer may have been there in time.
  const [sent, list] = await endOf(alice, text);
  assert.ok(sent === 872000 || sent === undefined, `${sent}`);
  assert.equal(list, 872000);
  await alice.context().close();

  const fresh = await (await browser.profile()).newPage();
  await fresh.goto(`${demo.url}/trap.html`);
  const never = `JMessage.config({ signer: () => new Promise(() => {}) }), JMessage.login({ username: "alice", password: "x" })`;
  assert.deepEqual(await endOf(fresh, never), [872000, 872000, 872000]);
  await fresh.context().close();
});

test("a message that failed before the wasm broke can be sent again after it", async () => {
  const alice = await visit("alice");
  const bobby = await visit("bobby");
  const end = await alice.evaluate(async () => {
    let rid;
    const options = { targetType: "single", targetId: "nobody77", text: "again", idGenerated: (id) => (rid = id) };
    await JMessage.sendTextMessage(options).catch(() => {});
    breakAt(1);
    await JMessage.getGroupList({}).catch(() => {});
    const [again] = await Promise.allSettled([JMessage.resendMessage({ rid: String(rid) })]);
    return [again.reason?.code, again.reason?.rid === rid];
  });
  assert.deepEqual(end, [898002, true], "it reached the server, which still knows nobody of that name");
  await alice.context().close();
  await bobby.context().close();
});
