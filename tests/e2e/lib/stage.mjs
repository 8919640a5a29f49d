// What every test file begins with: one demo and one browser, both gone in the end, and no error in any page.

import assert from "node:assert/strict";
import { after, afterEach, before } from "node:test";
import { Browser } from "./browser.mjs";
import { Demo } from "./demo.mjs";

/** Registers the hooks; the returned object is filled before the first test: { demo, browser }. */
export function stage(options) {
  const set = {};
  before(async () => {
    set.demo = await Demo.start(options);
    set.browser = await Browser.start();
  });
  afterEach(() => assert.deepEqual(set.browser?.errors.splice(0) ?? [], [], "a page reported errors"));
  after(async () => {
    await set.browser?.stop();
    await set.demo?.stop();
  });
  return set;
}
