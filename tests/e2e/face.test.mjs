// The face alone, on a core of the test's own.

import assert from "node:assert/strict";
import { test } from "node:test";
import { face } from "../../pkg/src/face.js";

// The core's news by number, as in face.js.
const MESSAGE = 4;
const DONE = 9;

/** A face whose cores do what the test says; what its page was handed. */
function setUp() {
  const cores = [];
  const kept = [];
  let broken;
  class Sdk {
    constructor(host) {
      this.host = host;
      cores.push(this);
    }
    setTimeouts() {}
    config() {}
    login(rid) {
      this.host.hear(DONE, rid);
    }
  }
  const load = async (onBroken) => {
    broken = onBroken;
    return Sdk;
  };
  const page = {
    registrars: {},
    guard: (make) => make(),
    callback: (callback, ...values) => callback?.(...values),
    later: (make) => queueMicrotask(make),
    tell() {},
    keep: (kind, message) => kept.push(message),
    present: (value) => value,
  };
  const jmessage = face(load, "", undefined, page);
  return { jmessage, cores, kept, crash: () => broken(new Error("a test")) };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));
const hears = (core, seq) => core.host.hear(MESSAGE, `message ${seq}`, 1, seq);

test("what one wasm has told, the next does not tell again, although the page has logged in anew meanwhile", async (t) => {
  t.mock.method(console, "error", () => {});
  const { jmessage, cores, kept, crash } = setUp();
  await jmessage.login({ username: "alice" });
  hears(cores[0], 5);
  await settled();
  await jmessage.login({ username: "alice" });
  crash();
  await settled();
  assert.equal(cores.length, 2);
  hears(cores[1], 5);
  hears(cores[1], 6);
  await settled();
  assert.deepEqual(kept, ["message 5", "message 6"]);
});

test("another user, app or server begins with nothing told", async () => {
  const { jmessage, cores, kept } = setUp();
  const once = async (username) => {
    await jmessage.login({ username });
    hears(cores[0], 5);
    await settled();
  };
  await once("alice");
  await once("bobby");
  jmessage.config({ appKey: "another", signer: "/sign" });
  await once("bobby");
  assert.equal(kept.length, 3);
});
