// A page written from the published samples (tests/compat/page-seed.html), on the chat server's own site.

import { cp, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { moved, play, PROFILE, report, siteFor, source } from "./lib/compat.mjs";
import { PASSWORD } from "./lib/demo.mjs";
import { root } from "./lib/process.mjs";
import { NAMES_OF_THE_SAMPLES } from "./lib/seed.mjs";
import { stage } from "./lib/stage.mjs";

const set = stage({ network: true });

test("a page of the published samples runs with another address in its script tag", async (context) => {
  const { demo } = set;
  await demo.edit("bobby", PROFILE);
  const { page } = await source("page-seed.html");
  const signed = await (await fetch(demo.signerUrl)).json();
  await writeFile(`${demo.site}/seed.html`, moved(page, '"pkg/jmessage-1.0.0.min.js"'));
  await cp(`${root}tests/compat/record.js`, `${demo.site}/record.js`);
  await writeFile(`${demo.site}/site.js`, siteFor({ ...signed, username: "alice", password: PASSWORD }));
  const results = await play(set, `${demo.url}/seed.html`, "alice");
  await report(context, results, NAMES_OF_THE_SAMPLES);
});
