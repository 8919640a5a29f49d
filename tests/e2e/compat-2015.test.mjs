// A page of 2015 (tests/compat/page-2015.html) on a site of its own, apart from the chat server.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { moved, play, PROFILE, report, Site, siteFor, source } from "./lib/compat.mjs";
import { PASSWORD } from "./lib/demo.mjs";
import { program, root, Service } from "./lib/process.mjs";
import { NAMES_2015 } from "./lib/seed.mjs";
import { stage } from "./lib/stage.mjs";

const set = stage({ network: true });

/** The developer's own servers: of the page, and of signatures, which the page fetches by JSONP. */
async function developer(context) {
  const site = await Site.start();
  context.after(() => site.stop());
  const flags = ["--listen", "127.0.0.1:0", "--allow-origin", site.url];
  const signer = await Service.start(program("JMESSAGE_SIGNER_BIN", "signature-server"), flags, set.demo.secrets);
  context.after(() => signer.stop());
  return { site, signer };
}

test("the page is written in the JavaScript of 2015", async () => {
  const { script } = await source("page-2015.html");
  for (const later of [/=>/, /\b(let|const|class|async|await|Promise)\b/, /`/, /\.\.\./]) {
    assert.doesNotMatch(script.replace(/"[^"\n]*"|\/\*[^]*?\*\/|\/\/.*/g, '""'), later);
  }
});

test("a page of 2015 runs with another address in its script tag", async (context) => {
  const { demo } = set;
  const { site, signer } = await developer(context);
  await demo.edit("bobby", PROFILE);
  const { page } = await source("page-2015.html");
  const record = await readFile(`${root}tests/compat/record.js`);
  const values = { appKey: demo.appKey, signature: `${signer.url}/signature`, username: "alice", password: PASSWORD };
  site.files = {
    "/chat/index.html": ["text/html", moved(page, `"${demo.url}/pkg/jmessage-1.0.0.min.js" data-server="${demo.url}"`)],
    "/chat/record.js": ["text/javascript", record],
    "/chat/site.js": ["text/javascript", siteFor(values)],
  };
  const results = await play(set, `${site.url}/chat/index.html`, "alice");
  await report(context, results, NAMES_2015);
});
