// WebIM: a server with mounts, sites around it, and the pages of tests/compat/webim as persons use them.

import assert from "node:assert/strict";
import { cp, readFile } from "node:fs/promises";
import { after, afterEach, before } from "node:test";
import { Browser, until } from "./browser.mjs";
import { Site } from "./compat.mjs";
import { APP_KEY, Demo, PASSWORD } from "./demo.mjs";
import { root } from "./process.mjs";

const FOLDER = `${root}tests/compat/webim`;
const PAGES = { "page.html": "text/html", "page-2010.html": "text/html", "page.js": "text/javascript", "wire.js": "text/javascript" };
const MENU = [{ title: "博客", icon: "/blog.gif", link: "/blog" }, { title: "坏链接", link: "javascript:parent.evil=1" }];

/**
 * As `stage`, with a server that has WebIM at /im and, for pages of 2010, at /im2010, and with sites: `friend` is of another
 * origin that is allowed, `neighbour` of one that is not, though of the same site (127.0.0.1), `stranger` of another site
 * (localhost). `prepare` comes before the first test.
 */
export function webimStage(prepare = async () => {}) {
  const set = {};
  before(async () => {
    for (const name of ["friend", "neighbour", "stranger"]) set[name] = await Site.start();
    set.stranger.url = set.stranger.url.replace("127.0.0.1", "localhost");
    for (const [name, type] of Object.entries(PAGES)) set.friend.files[`/${name}`] = [type, await readFile(`${FOLDER}/${name}`)];
    for (const site of [set.friend, set.neighbour, set.stranger]) site.files["/"] = ["text/html", EMPTY];
    const mounts = `/im=${APP_KEY}@www.example.com,/im2010=${APP_KEY}@www.example.com#2010`;
    const flags = (url) => ["--webim", mounts, "--webim-menu", JSON.stringify(MENU), "--allow-origins", `${url},${set.friend.url}`];
    set.demo = await Demo.start({ flags });
    for (const name of Object.keys(PAGES)) await cp(`${FOLDER}/${name}`, `${set.demo.site}/${name}`);
    set.im = `${set.demo.url}/im/`;
    set.browser = await Browser.start();
    await prepare();
  });
  // What was refused, the tests look at themselves.
  const errors = () => (set.browser?.errors.splice(0) ?? []).filter((error) => !error.startsWith("Failed to load resource"));
  afterEach(() => assert.deepEqual(errors(), [], "a page reported errors"));
  after(async () => {
    await set.browser?.stop();
    await set.demo?.stop();
    for (const name of ["friend", "neighbour", "stranger"]) await set[name]?.stop();
  });
  return set;
}

const EMPTY = '<!DOCTYPE html><meta charset="utf-8"><title>site</title><link rel="icon" href="data:,"><body>';

/** How a page may reach the server: the page's own address, and what it must say of itself. */
export const WAYS = {
  xhr: { name: "XHR", own: true, socket: "off" },
  jsonp: { name: "JSONP", own: false, socket: "off" },
  websocket: { name: "WebSocket", own: true, socket: "on" },
};

/** Somebody at the page of 2014. */
export class Visitor {
  constructor(page, username) {
    this.page = page;
    this.username = username;
  }

  /** Another tab of a profile, or the first one; not logged in unless the profile was. */
  static async arrive({ demo, friend, im }, context, username, way = WAYS.xhr, query = "") {
    const page = await context.newPage();
    const where = way.own ? `${demo.url}/page.html?im=im/` : `${friend.url}/page.html?im=${encodeURIComponent(im)}`;
    const visitor = new Visitor(page, username);
    visitor.way = way;
    await page.goto(`${where}&socket=${way.socket}${query}`);
    return visitor;
  }

  /** A person on a computer of its own, who is logged in. */
  static async join(set, username, way = WAYS.xhr, query = "") {
    const visitor = await Visitor.arrive(set, await set.browser.profile(), username, way, query);
    await visitor.login();
    return visitor;
  }

  async login(password = PASSWORD) {
    await this.page.fill("#username", this.username);
    await this.page.fill("#password", password);
    await this.page.press("#password", "Enter");
    await this.isOnline();
  }

  /** What the page knows under a name, such as `buddies.bobby.show`. */
  knows(path) {
    return this.page.evaluate((path) => path.split(".").reduce((value, name) => value?.[name], page) ?? null, path);
  }

  /** Waits until what the page knows is this. */
  async comesToKnow(path, wanted) {
    const same = (value) => JSON.stringify(value) === JSON.stringify(wanted);
    await until(() => this.knows(path), same, `${this.username} should know that ${path} is ${JSON.stringify(wanted)}`);
  }

  async isOnline() {
    await this.comesToKnow("state", "online");
    // The first poll is under way, or the WebSocket open.
    await until(() => this.page.evaluate(() => page.by), Boolean, `${this.username} should hear`);
  }

  /** Opens the talk with a user or room. */
  async open(id) {
    await this.page.evaluate((id) => open(id), id);
  }

  async say(...texts) {
    for (const text of texts) {
      await this.page.fill("#say", text);
      await this.page.press("#say", "Enter");
      await until(() => this.log(), (log) => log.includes(text), `${this.username} should see its own ${text}`);
    }
  }

  /** The texts of the open talk, as they stand on the screen. */
  log() {
    return this.page.$$eval("#log .body", (rows) => rows.map((row) => row.textContent));
  }

  /** Waits until the open talk has exactly these texts, in this order. */
  async reads(...texts) {
    await until(() => this.log(), (log) => JSON.stringify(log) === JSON.stringify(texts), `${this.username} should read ${JSON.stringify(texts)}`);
  }

  /** Waits until a buddy is shown with this word. */
  async sees(id, word) {
    const shown = () => this.page.$eval(`#buddies [data-id="${id}"] .show`, (show) => show.textContent).catch(() => null);
    await until(shown, (text) => text === word, `${this.username} should see ${id} as ${word}`);
  }

  /** Waits until a room is shown with these words. */
  async seesRoom(id, words) {
    const shown = () => this.page.$eval(`#rooms [data-id="${id}"] .show`, (show) => show.textContent).catch(() => null);
    await until(shown, (text) => text === words, `${this.username} should see the room with ${words}`);
  }

  show(word) {
    return this.page.selectOption("#show", word);
  }

  /** What failed on the page since the last question. */
  failed() {
    return this.page.evaluate(() => page.failed.splice(0));
  }

  /** Says goodbye, so that nobody sees it any more, and goes. */
  async leave() {
    if ((await this.knows("state")) === "online") {
      await this.page.click("#offline");
      await this.comesToKnow("state", "offline");
    }
    await this.page.context().close();
  }
}

/** Both users have each other in their lists. */
export async function acquaint(demo, one, other, group = "好友") {
  await demo.operate(["contact", "add"], one, { other, group });
  await demo.operate(["contact", "add"], other, { other: one, group });
}
