// Runs a page of tests/compat as its site would: the page as it is, but for the address of the script.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { once } from "node:events";
import { until } from "./browser.mjs";
import { Member } from "./member.mjs";
import { Phone } from "./phone.mjs";
import { root } from "./process.mjs";
import { facts, noise as png, tone as wav } from "./media.mjs";

export const PICTURE = png(400, 300);
export const VOICE = wav(2);

/** Where the original's files were. */
const ORIGINAL = "http://7xjfat.dl1.z0.glb.clouddn.com/";
const SCRIPT = `"${ORIGINAL}jmessage-1.0.0.min.js"`;

/** The source of a page, and what its inline scripts and its helper say. */
export async function source(name) {
  const page = await readFile(`${root}tests/compat/${name}`, "utf8");
  const scripts = [...page.matchAll(/<script[^>]*>([^]*?)<\/script>/g)].map(([, text]) => text);
  return { page, script: [...scripts, await readFile(`${root}tests/compat/record.js`, "utf8")].join("\n") };
}

/** The page with another address in its script tag, the only change. */
export function moved(page, address) {
  assert.equal(page.split(SCRIPT).length, 2, "the page loads the original's script once");
  return page.replace(SCRIPT, address);
}

/** A developer's own site, apart from the chat server: files by their paths. */
export class Site {
  /** path → [type, text] */
  files = {};
  #server = createServer((request, response) => {
    const [type, text] = this.files[new URL(request.url, "http://site").pathname] ?? [];
    response.writeHead(type ? 200 : 404, { "content-type": `${type ?? "text/plain"}; charset=utf-8` });
    response.end(text);
  });

  static async start() {
    const site = new Site();
    site.#server.listen(0, "127.0.0.1");
    await once(site.#server, "listening");
    site.url = `http://127.0.0.1:${site.#server.address().port}`;
    return site;
  }

  async stop() {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}

/** The profile of the seed's sample. */
export const PROFILE = {
  nickname: "Tom Chick", star: 2, avatar: "qiniu/image/uipreqfdsakl", gender: 0, signature: "I am a ...",
  region: "深圳", address: "南山区",
};

/** What `site.js` tells a page: where its developer's server is, and who is looking at it. */
export const siteFor = (values) =>
  `var SITE = ${JSON.stringify({ ...values, picture: facts(PICTURE), voice: facts(VOICE) })};`;

/** Opens the page at `url` and lets it run to its end; the others do what it wishes. Its results. */
export async function play(set, url, username) {
  const { browser, demo } = set;
  const others = { bobby: await Member.join(set, "bobby"), carol: await Phone.join(set, "carol") };
  const context = await browser.profile();
  const page = await context.newPage();
  const group = (gid) => others.bobby.hears((entry) => entry.gid === gid && entry.event_type === "add_members", "that he is in the group");
  const wishes = {
    "bobby says": (text) => others.bobby.say(username, text),
    "bobby says in the group": async (gid, text) => {
      await group(gid);
      await others.bobby.say(gid, text);
    },
    "bobby has heard": (text) => others.bobby.hears((entry) => entry.msg_body?.text === text, text),
    "bobby leaves": (groupId) => others.bobby.done("exitGroup", { groupId }),
    "bobby sends a picture": async () => assert.equal((await others.bobby.show(username, "a.png", PICTURE)).code, undefined),
    "carol sends a voice": () => others.carol.record(username, VOICE),
    "the person chooses a file": (id) => page.setInputFiles(`#${id}`, { name: "a.png", mimeType: "image/png", buffer: PICTURE }),
    "the network is cut": () => demo.network.cut(),
    "the network is mended": () => demo.network.mend(),
    "the same user logs in elsewhere": async () => (await Member.join(set, username)).leave(),
  };
  const failed = [];
  await context.exposeFunction("grant", async (words, values) => {
    // A wish that fails would leave the page waiting.
    await Promise.resolve(wishes[words](...values)).catch((error) => failed.push(`${words}: ${error.message}`));
  });
  // What the original needed besides; the pages still load it.
  await context.route(`${ORIGINAL}**`, (route) => route.fulfill({ contentType: "text/javascript", body: "" }));
  await page.goto(url);
  const state = () => page.evaluate(() => ({ finished, step: document.title, results }));
  const over = ({ finished }) => finished || failed.length > 0;
  const { results, finished, step } = await until(state, over, "the page should come to its end");
  assert.deepEqual(failed, [], `the page should come to its end; it is at ${step}`);
  assert.ok(finished);
  for (const one of [page, others.bobby.page, others.carol.page]) await one.context().close();
  return results;
}

/** Makes a test of every name: of those that must be there, and of whatever else the page checked. */
export async function report(context, results, names) {
  const all = new Set([...names, ...results.map(({ name }) => name)]);
  for (const name of all) {
    await context.test(name, () => {
      const checks = results.filter((result) => result.name === name);
      assert.notEqual(checks.length, 0, "the page does not check this");
      for (const { ok, detail } of checks) assert.ok(ok, detail);
    });
  }
}
