// The demo's page as a person uses it.

import assert from "node:assert/strict";
import { until } from "./browser.mjs";
import { PASSWORD } from "./demo.mjs";

/** Stands for a picture in what somebody reads. */
export const PICTURE = "[图片]";

export class Person {
  constructor(page, username) {
    this.page = page;
    this.username = username;
  }

  /** A new page of `context` on the demo at `url`, not signed in yet. */
  static async arrive(context, url, username) {
    const page = await context.newPage();
    await page.goto(url);
    return new Person(page, username);
  }

  /** A new page where the person has signed in. */
  static async signedIn(context, url, username) {
    const person = await Person.arrive(context, url, username);
    await person.signIn();
    return person;
  }

  async signIn(password = PASSWORD) {
    await this.trySignIn(password);
    const outcome = () =>
      this.page.evaluate(() => document.querySelector(".shell") ? "in" : document.querySelector(".signin-status:not(.calm)")?.textContent);
    assert.equal(await until(outcome, Boolean, `${this.username} should be signed in`), "in");
  }

  async trySignIn(password) {
    await this.page.fill("#signin-username", this.username);
    await this.page.fill("#signin-password", password);
    await this.page.press("#signin-password", "Enter");
  }

  /** Opens the chat with a user through the search box, whether they talked before or not. */
  async talkTo(username) {
    await this.page.fill(".search-input", username);
    await this.page.press(".search-input", "Enter");
    await this.page.waitForSelector(`.chat-head :text-is("${username}")`);
  }

  /** Makes a group through the page and stays in its chat; `members` are ticked or, if unknown, looked for. */
  async makeGroup(name, members = [], about = "") {
    const { page } = this;
    await page.click("[data-new-group]");
    const dialog = page.locator("dialog.sheet");
    await dialog.locator("input").first().fill(name);
    if (about) await dialog.locator("input").nth(1).fill(about);
    await this.pick(...members);
    await dialog.locator("[type=submit]").click();
    await dialog.waitFor({ state: "detached" });
    await page.waitForSelector(`.chat-head h2:text-is(${JSON.stringify(name)})`);
  }

  /** Chooses users in the dialog that is open. */
  async pick(...usernames) {
    const input = this.page.locator(".picker .search-input");
    for (const username of usernames) {
      await input.fill(username);
      await input.press("Enter");
      await until(() => input.inputValue(), (left) => left === "", `${username} should be found`);
    }
  }

  /** Invites users from the panel of the open group. */
  async invite(...usernames) {
    await this.info(true);
    await this.page.click("[data-add-members]");
    await this.pick(...usernames);
    await this.page.click("dialog.sheet [type=submit]");
    await this.page.waitForSelector("dialog.sheet", { state: "detached" });
    await this.info(false);
  }

  /** Opens or closes the panel of the open group. */
  async info(open) {
    const shown = await this.page.locator(".info").evaluate((panel) => panel.open);
    if (shown === open) return;
    if (open) await this.page.click("[data-info]");
    else await this.page.click(".info-head .icon-button");
  }

  /** Chooses a picture and sends it: { name, mimeType, buffer }. */
  async choose(...files) {
    await this.page.setInputFiles("[data-image-input]", files);
    await this.page.waitForSelector(".preview");
    await this.page.click("dialog.sheet [type=submit]");
    await this.page.waitForSelector("dialog.sheet", { state: "detached" });
  }

  /** Opens a group's chat from the list. */
  async openGroup(name) {
    await this.page.click(`.row:has(.row-title:text-is(${JSON.stringify(name)}))`);
    await this.page.waitForSelector(`.chat-head h2:text-is(${JSON.stringify(name)})`);
  }

  /** Answers the question that is open. */
  async agree() {
    await this.page.click(".question .primary");
    await this.page.waitForSelector(".question", { state: "detached" });
  }

  /** Waits until everything in the open chat is this, in this order: texts, lines about the group, and PICTURE. */
  async reads(...lines) {
    const ask = () => this.page.$$eval(".log .bubble, .log .event, .log .picture", (rows, picture) =>
      rows.map((row) => (row.matches(".picture") ? picture : row.textContent)), PICTURE);
    const same = (shown) => JSON.stringify(shown) === JSON.stringify(lines);
    await until(ask, same, `${this.username} should read ${JSON.stringify(lines)}`);
  }

  async say(...texts) {
    for (const text of texts) {
      await this.page.fill(".composer-input", text);
      await this.page.press(".composer-input", "Enter");
    }
  }

  /** Writes all of them in one go, faster than anything could be confirmed in between. */
  sayAtOnce(...texts) {
    return this.page.$eval(".composer-input", (input, all) => {
      for (const text of all) {
        input.value = text;
        input.dispatchEvent(new Event("input", { bubbles: true }));
        input.form.requestSubmit();
      }
    }, texts);
  }

  /** The messages of the open chat: [{ text, state }], where the state of another's is "received". */
  messages() {
    return this.page.$$eval(".log .message", (rows) =>
      rows.map((row) => ({ text: row.querySelector(".bubble")?.textContent ?? "", state: row.dataset.state })));
  }

  /** Waits until the open chat's messages of one side are these, in this order, each once. */
  async #shows(state, texts) {
    const ask = async () => (await this.messages()).filter((message) => message.state === state).map(({ text }) => text);
    const same = (shown) => JSON.stringify(shown) === JSON.stringify(texts);
    await until(ask, same, `${this.username} should see ${state} ${JSON.stringify(texts)}`);
  }

  hears(...texts) {
    return this.#shows("received", texts);
  }

  hasSent(...texts) {
    return this.#shows("sent", texts);
  }

  /** Waits until the newest own message is in this state. */
  async lastIs(state) {
    const ask = async () => (await this.messages()).filter((message) => message.state !== "received").at(-1)?.state;
    await until(ask, (shown) => shown === state, `the last message of ${this.username} should be ${state}`);
  }

  /** Waits until the banner shows these words, or no banner when null. */
  async banner(words) {
    const shown = () => this.page.$eval(".banner", (banner) => (banner.hidden ? null : banner.textContent));
    await until(shown, (text) => text === words, `the banner should say ${words}`);
  }

  /** Goes away: the tab is closed. */
  leave() {
    return this.page.close();
  }
}
