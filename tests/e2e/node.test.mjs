// The package in a program without a window: a server that renders pages imports it and must not fall over.

import assert from "node:assert/strict";
import { test } from "node:test";
import { root } from "./lib/process.mjs";

test("importing the package in Node.js does nothing", async () => {
  const before = Object.keys(globalThis);
  const { default: JMessage } = await import(`${root}pkg/dist/jmessage.mjs`);
  for (const name of ["config", "login", "logout", "sendTextMessage", "onMessageReceived"]) {
    assert.equal(typeof JMessage[name], "function", name);
  }
  assert.deepEqual(Object.keys(globalThis), before, "no global is added");
});
