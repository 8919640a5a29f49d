// What pages of other sites try against somebody who is logged in to WebIM, and what people try against each other.
//
// Two foreign sites: one of the same site as the server (127.0.0.1, another port), to which the browser sends the cookie along,
// so that only the server can refuse it; one of another site (localhost), where the browser keeps the cookie back as well. Each
// attack is made from an allowed site too, where it works, so that a test that passes for want of a real attempt is noticed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "./lib/browser.mjs";
import { PASSWORD } from "./lib/demo.mjs";
import { acquaint, Visitor, WAYS, webimStage } from "./lib/webim.mjs";

const set = webimStage(prepare);
const SECRET = "只给鲍比看的话";

async function prepare() {
  await acquaint(set.demo, "alice", "bobby");
  const alice = await Visitor.join(set, "alice");
  await alice.open("bobby");
  await alice.say(SECRET);
  await alice.leave();
}

/** Alice's browser, in which she is online; her tab stays open. */
async function victim() {
  const context = await set.browser.profile();
  const tab = await Visitor.arrive(set, context, "alice");
  await tab.login();
  return { context, tab, end: () => context.close() };
}

/** A tab of that browser on somebody's site. */
async function on(site, context) {
  const page = await context.newPage();
  await page.goto(`${site.url}/`);
  // What the browser refuses it says in the console of the attacker, and that is no error of ours.
  page.removeAllListeners("console");
  page.removeAllListeners("pageerror");
  return page;
}

/** Makes the attack from both foreign sites, where it must come to nothing, and from the allowed one, where it must work. */
async function everywhere(attack, { nothing, works }) {
  for (const name of ["neighbour", "stranger", "friend"]) {
    const { context, tab, end } = await victim();
    const page = await on(set[name], context);
    const outcome = await attack(page, tab);
    if (name === "friend") await works(outcome, tab);
    else await nothing(outcome, tab, name);
    await end();
  }
}

/** Loads a script and tells what it said: what the function was called with, what it threw, and whether it loaded. */
const script = (page, address, { policy = "", callback } = {}) => page.evaluate(([address, policy, callback]) => new Promise((resolve) => {
  const seen = { called: [], thrown: [] };
  if (callback) window[callback] = (value) => seen.called.push(value);
  window.onerror = (message) => { seen.thrown.push(String(message)); return true; };
  const tag = document.createElement("script");
  if (policy) tag.referrerPolicy = policy;
  tag.onload = () => resolve({ ...seen, loaded: true });
  tag.onerror = () => resolve({ ...seen, loaded: false });
  tag.src = address;
  document.head.append(tag);
}), [address, policy, callback]);

/** Posts a form into a frame and waits for what comes. */
const form = (page, address, fields, sandbox) => page.evaluate(([address, fields, sandbox]) => new Promise((resolve) => {
  const frame = document.createElement("iframe");
  const inputs = Object.entries(fields).map(([name, value]) => `<input name="${name}" value="${value}">`).join("");
  const html = `<form method="post" action="${address}">${inputs}</form><script>onload = () => setTimeout(() => document.forms[0].submit());</script>`;
  let loads = 0;
  frame.onload = () => { if (++loads === 2) resolve(); };
  if (sandbox) frame.sandbox = sandbox;
  frame.srcdoc = html;
  document.body.append(frame);
}), [address, fields, sandbox ?? ""]);

const history = (more = "") => `${set.im}history?type=chat&id=bobby${more}`;
const stored = (tab) => tab.page.evaluate(() => fetch("im/history?type=chat&id=bobby").then((answer) => answer.json()));
const bodies = async (tab) => (await stored(tab)).map(({ body }) => body);

test("a script of another site reads no history with the cookie of who looks at it", async () => {
  const attack = (page) => script(page, history("&callback=got"), { callback: "got" });
  await everywhere(attack, {
    nothing: ({ called }, _, name) => assert.equal(JSON.stringify(called).includes(SECRET), false, name),
    works: ({ called }) => assert.equal(called[0][0].body, SECRET),
  });
});

test("a script whose page hides where it comes from reads nothing either", async () => {
  for (const name of ["neighbour", "stranger"]) {
    const { context, end } = await victim();
    const { called } = await script(await on(set[name], context), history("&callback=got"), { callback: "got", policy: "no-referrer" });
    assert.equal(JSON.stringify(called).includes(SECRET), false, name);
    await end();
  }
  const { context, end } = await victim();
  const { called } = await script(await on(set.friend, context), history("&callback=got"), { callback: "got" });
  assert.equal(called[0][0].body, SECRET, "the same with a referrer, from an allowed site");
  await end();
});

for (const call of ["buddies", "rooms", "notifications"]) {
  test(`a script of another site is told no ${call}`, async () => {
    const attack = (page) => script(page, `${set.im}${call}?callback=got`, { callback: "got" });
    await everywhere(attack, {
      nothing: ({ called }, _, name) => assert.equal(called.some(Array.isArray), false, name),
      works: ({ called }) => assert.ok(Array.isArray(called[0])),
    });
  });
}

test("a script of another site opens no page in the user's name: it gets no ticket", async () => {
  const attack = (page) => script(page, `${set.im}online?callback=got&show=available`, { callback: "got" });
  await everywhere(attack, {
    nothing: ({ called }, _, name) => assert.equal(JSON.stringify(called).includes("ticket"), false, name),
    works: ({ called }) => assert.equal(typeof called[0].connection.ticket, "string"),
  });
});

test("a script of another site sets nothing and sends nothing", async () => {
  const data = encodeURIComponent('{"attacked":true}');
  const attack = async (page) => {
    const one = await script(page, `${set.im}setting?data=${data}&callback=got`, { callback: "got" });
    const other = await script(page, `${set.im}message?type=chat&to=bobby&body=attacked&callback=got`, { callback: "got" });
    return [...one.called, ...other.called];
  };
  await everywhere(attack, {
    nothing: async (called, tab, name) => {
      assert.equal(called.includes("ok"), false, name);
      assert.equal((await bodies(tab)).includes("attacked"), false, name);
    },
    // A message needs a ticket, which not even the allowed site has yet.
    works: (called) => assert.deepEqual([called[0], called[1].success], ["ok", false]),
  });
});

test("with a ticket that leaked, a script of another site still writes nothing", async () => {
  const attack = async (page, tab) => {
    const ticket = await tab.knows("connection.ticket");
    const body = encodeURIComponent(`由 ${new URL(page.url()).host} 代写`);
    await script(page, `${set.im}message?type=chat&to=bobby&body=${body}&ticket=${ticket}&callback=got`, { callback: "got" });
    return decodeURIComponent(body);
  };
  await everywhere(attack, {
    nothing: async (body, tab, name) => assert.equal((await bodies(tab)).includes(body), false, name),
    works: async (body, tab) => assert.ok((await bodies(tab)).includes(body)),
  });
});

for (const [how, sandbox] of [["in a frame", ""], ["in a sandbox that hides its origin", "allow-forms allow-scripts"]]) {
  test(`a form that another site posts ${how} sets nothing`, async () => {
    const setting = async () => {
      const page = await (await set.browser.profile()).newPage();
      await page.goto(`${set.demo.url}/page-2010.html?im=im2010/`);
      await page.evaluate((password) => online("alice", password, "", ""), PASSWORD);
      const told = await until(() => page.evaluate(() => page.setting ?? null), Boolean, "the setting should be told");
      await page.context().close();
      return told;
    };
    const attack = async (page) => {
      const mark = `${how} ${new URL(page.url()).host}`;
      await form(page, `${set.im}setting`, { data: JSON.stringify({ mark }).replaceAll('"', "&quot;") }, sandbox);
      return mark;
    };
    await everywhere(attack, {
      nothing: async (mark, _, name) => assert.notEqual((await setting()).mark, mark, name),
      // A sandbox hides the allowed site as well.
      works: async (mark) => assert.equal((await setting()).mark === mark, sandbox === ""),
    });
  });
}

test("a form of another site logs nobody in under the attacker's name", async () => {
  const attack = async (page, tab) => {
    await form(page, `${set.im}online`, { username: "carol", password: PASSWORD });
    const again = await tab.page.evaluate(() => fetch("im/online", { method: "POST" }).then((answer) => answer.json()));
    return again.user?.id;
  };
  await everywhere(attack, {
    nothing: (who, _, name) => assert.equal(who, "alice", name),
    works: (who) => assert.equal(who, "carol", "an allowed site may log people in by a form"),
  });
});

test("a fetch of another site, with cookies and without CORS, sets nothing; with CORS it reads nothing", async () => {
  const attack = async (page) => {
    const ask = (mode, address, options) => page.evaluate(([mode, address, options]) =>
      fetch(address, { mode, credentials: "include", ...options }).then((answer) => answer.text(), () => "refused"), [mode, address, options]);
    const body = 'data={"fetched":true}';
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const cleared = await ask("no-cors", `${set.im}clear`, { method: "POST", body: "type=chat&id=bobby", headers });
    return [await ask("no-cors", history()), await ask("cors", history()), cleared, await ask("cors", `${set.im}setting`, { method: "POST", body, headers })];
  };
  const nothing = async (answers, tab, name) => {
    for (const answer of answers) assert.equal(answer.includes(SECRET), false, name);
    assert.ok((await bodies(tab)).includes(SECRET), `${name} cleared nothing`);
  };
  // An allowed site clears, and no site reads by fetch: there is no CORS.
  const works = async (_, tab) => assert.deepEqual(await bodies(tab), []);
  await everywhere(attack, { nothing, works });
  const alice = await Visitor.join(set, "alice");
  await alice.open("bobby");
  await alice.say(SECRET);
  await alice.leave();
});

test("a callback that is no name of a function does not run, not even from an allowed site", async () => {
  const { context, end } = await victim();
  const page = await on(set.friend, context);
  for (const callback of ["evil()//", "alert(1)//", "</script><script>evil()", "evil;got", "evil()", "got\u2028evil", "a[b]", "x=>evil", "'+evil()+'"]) {
    await page.evaluate(() => { window.ran = 0; window.evil = window.alert = () => { window.ran++; return () => {}; }; });
    const { called, loaded } = await script(page, `${set.im}menu?callback=${encodeURIComponent(callback)}`, { callback: "got" });
    assert.deepEqual([called, loaded, await page.evaluate(() => ran)], [[], false, 0], callback);
  }
  const { called, loaded } = await script(page, `${set.im}menu?callback=got`, { callback: "got" });
  assert.ok(loaded && called[0][0].title === "博客");
  await end();
});

test("JSON that is read as a script is none to the browser, whatever the page made of objects", async () => {
  for (const site of [set.neighbour, set.stranger]) site.files["/control.js"] = ["text/javascript", JSON.stringify([{ body: SECRET }])];
  for (const name of ["neighbour", "stranger"]) {
    const { context, tab, end } = await victim();
    assert.ok((await bodies(tab)).includes(SECRET), "alice herself may read it");
    const page = await on(set[name], context);
    await page.evaluate(() => {
      window.stolen = "";
      Object.defineProperty(Object.prototype, "body", { set: (value) => (window.stolen += value), configurable: true });
    });
    const { thrown, loaded } = await script(page, history());
    assert.deepEqual([thrown, loaded, await page.evaluate(() => stolen)], [[], false, ""], name);
    assert.ok((await script(page, `${set[name].url}/control.js`)).loaded, "the same with the type of a script loads");
    await end();
  }
});

test("answers that are opened as documents run nothing and are no HTML", async () => {
  const MARKUP = "<script>document.title='ran'</script><img src=x onerror=\"document.title='ran'\">";
  const { context, tab, end } = await victim();
  await tab.open("bobby");
  await tab.say(MARKUP);
  set.neighbour.files["/control"] = ["text/html", MARKUP];
  const page = await context.newPage();
  const show = async (address) => {
    await page.goto(address);
    const text = () => page.evaluate(() => document.body.innerText);
    return { title: await page.title(), type: await page.evaluate(() => document.contentType), text: await text() };
  };
  page.removeAllListeners("console");
  assert.equal((await show(`${set.neighbour.url}/control`)).title, "ran", "the same runs as HTML");
  for (const [address, type] of [
    [history(), "application/json"],
    [history("&callback=got"), "application/javascript"],
    [`${set.im}history?type=${encodeURIComponent(MARKUP)}&id=bobby`, "application/json"],
    [`${set.im}menu?callback=${encodeURIComponent(MARKUP)}`, "text/plain"],
    [`${set.im}packets?ticket=${encodeURIComponent(MARKUP)}`, "application/json"],
    [`${set.im}${encodeURIComponent(MARKUP)}`, "text/plain"],
  ]) {
    const seen = await show(address);
    assert.deepEqual([seen.title === "ran", seen.type], [false, type], address);
    assert.equal(await page.evaluate(() => document.querySelectorAll("script, img").length), 0, address);
  }
  await end();
});

test("frames and windows on answers tell another site nothing", async () => {
  const attack = async (page) => {
    await page.evaluate((address) => new Promise((resolve) => {
      window.frame = document.createElement("iframe");
      frame.onload = () => resolve();
      frame.src = address;
      document.body.append(frame);
    }), history());
    const popup = page.waitForEvent("popup");
    // Only then: with both under way at once, the frame was seen never to load.
    await page.evaluate((address) => void (window.other = window.open(address)), history());
    await (await popup).waitForLoadState();
    return page.evaluate(() => {
      const read = (of) => { try { return of().body.textContent; } catch (error) { return error.name; } };
      return [read(() => frame.contentWindow.document), read(() => other.document)];
    });
  };
  for (const name of ["neighbour", "stranger"]) {
    const { context, end } = await victim();
    const seen = await attack(await on(set[name], context));
    assert.equal(JSON.stringify(seen).includes(SECRET), false, `${name}: ${seen}`);
    assert.equal(seen[1], "SecurityError", name);
    await end();
  }
  const { context, end } = await victim();
  const page = await context.newPage();
  await page.goto(`${set.demo.url}/page-2010.html`);
  const [framed, opened] = await attack(page);
  assert.ok(framed.includes(SECRET) && opened.includes(SECRET), "the server's own page may");
  await end();
});

test("a WebSocket with a guessed ticket hears nothing", async () => {
  const { context, tab, end } = await victim();
  const address = `${set.im.replace("http", "ws")}packets`;
  const subscribe = (page, ticket) => page.evaluate(([address, ticket]) => new Promise((resolve) => {
    const frames = [];
    const socket = new WebSocket(address);
    socket.onopen = () => socket.send(`subscribe www.example.com ${ticket}`);
    socket.onmessage = ({ data }) => { frames.push(JSON.parse(data)); if (frames.at(-1).messages?.length) resolve({ frames }); };
    socket.onclose = ({ code }) => resolve({ frames, code });
  }), [address, ticket]);
  const ticket = await tab.knows("connection.ticket");
  for (const name of ["neighbour", "stranger"]) {
    const page = await on(set[name], context);
    for (const guess of ["0", `${ticket.slice(0, -1)}`, ticket.toUpperCase() === ticket ? "x" : ticket.toUpperCase(), "*", "undefined"]) {
      const { frames, code } = await subscribe(page, guess);
      assert.deepEqual([frames, code], [[{ status: "error", message: "unknown ticket" }], 1008], guess);
    }
  }
  const page = await on(set.friend, context);
  // Two readers of one page would take each other's place.
  await tab.page.evaluate(() => void (window.page.state = "offline"));
  const heard = subscribe(page, ticket);
  const bobby = await Visitor.join(set, "bobby");
  await bobby.open("alice");
  await bobby.say("有人听见吗？");
  assert.ok((await heard).frames.at(-1).messages.some(({ body }) => body === "有人听见吗？"), "the page's own ticket hears");
  await bobby.leave();
  await end();
});

test("a poll with a guessed ticket hears nothing", async () => {
  const { context, tab, end } = await victim();
  const ticket = await tab.knows("connection.ticket");
  const poll = async (page, ticket) => (await script(page, `${set.im}packets?domain=x&ticket=${ticket}&callback=got`, { callback: "got" }));
  for (const name of ["neighbour", "stranger"]) {
    for (const guess of ["0", ticket.slice(1)]) {
      const { called, loaded } = await poll(await on(set[name], context), guess);
      assert.deepEqual([called, loaded], [[], false], `${name} ${guess}`);
    }
  }
  await tab.page.evaluate(() => void (page.state = "offline"));
  const friend = await on(set.friend, context);
  const bobby = await Visitor.join(set, "bobby");
  await bobby.show("away");
  const { called } = await poll(friend, ticket);
  assert.equal(called[0].status, "ok");
  await bobby.leave();
  await end();
});

test("a style leaves no attribute and loads nothing on the page of who reads it", async () => {
  const alice = await Visitor.join(set, "alice");
  const bobby = await Visitor.join(set, "bobby", WAYS.websocket);
  const asked = [];
  bobby.page.on("request", (request) => asked.push(request.url()));
  await bobby.page.evaluate(() => (window.evil = () => (window.ran = true)));
  await alice.open("bobby");
  await bobby.open("alice");
  const styles = [
    'color:red" onmouseover="evil()" x="', "color:red'><img src=x onerror=evil()>", 'color:red"><img src=x onerror=evil()>',
    `background:url(${set.neighbour.url}/spy)`, `background-color:red;background-image:url(${set.neighbour.url}/spy)`,
    `color:red;list-style:url(${set.neighbour.url}/spy)`, `color:\\75rl(${set.neighbour.url}/spy)`, "position:fixed;top:0;left:0;width:100%;height:100%",
    "&quot; onclick=&quot;evil()", "color:red;}</style><script>evil()</script>",
  ];
  const send = (style, text) => alice.page.evaluate(([style, text]) => say(text, style), [style, text]);
  const shown = (text) => until(
    () => bobby.page.$$eval("#log .body", (all, text) => all.filter((one) => one.textContent === text).map((one) => [one.getAttributeNames().join(" "), one.getAttribute("style")]), text),
    (all) => all.length === 1, `bobby should read ${text}`,
  );
  for (const [at, style] of styles.entries()) {
    await send(style, `样式 ${at}`);
    const [[names, left]] = await shown(`样式 ${at}`);
    assert.equal(names, "class style", style);
    assert.match(left, /^((color|background-color):red)?$/, style);
  }
  await send("color:#bbb;font-size:14px", "好看的");
  assert.deepEqual(await shown("好看的"), [["class style", "color:#bbb;font-size:14px"]], "what is harmless arrives");
  assert.equal(await bobby.page.evaluate(() => window.ran ?? false), false);
  assert.equal(await bobby.page.locator("#log img").count(), 0);
  assert.deepEqual(asked.filter((url) => url.includes("/spy")), []);
  // The page itself would let all of it happen.
  await bobby.page.evaluate((style) => {
    note("alice", [{ from: "alice", body: "未过滤", style, timestamp: Date.now() }]);
    draw();
  }, `background:url(${set.neighbour.url}/spy)"><img src=x onerror=evil() y="`);
  await until(() => bobby.page.evaluate(() => window.ran ?? false), Boolean, "without the filter the page should be attacked");
  await until(() => asked.some((url) => url.endsWith("/spy")), Boolean, "without the filter the page should load what the style says");
  await alice.leave();
  await bobby.leave();
});

test("links that would run a script reach no page, in notices or in the menu", async () => {
  const bad = ["javascript:parent.evil=1", "JaVaScRiPt:evil()", "data:text/html,x", "//evil.example/", '/x" onclick="evil()', "javascript&colon;evil()"];
  let kept = 0;
  for (const link of bad) {
    await set.demo.operate(["notice", "add"], "alice", { text: "坏通知", link }).then(() => kept++, (error) => assert.match(error.message, /link|address/i));
  }
  await set.demo.operate(["notice", "add"], "alice", { text: "好通知", link: "/good?a=1&b=2" });
  const alice = await Visitor.join(set, "alice");
  const links = (id) => alice.page.$$eval(`#${id} a`, (all) => all.map((a) => [a.textContent, a.getAttribute("href")]));
  const notices = await until(() => links("notices"), (all) => all.length > 0, "the notice should come");
  assert.deepEqual(notices.filter(([text]) => text === "好通知"), [["好通知", "/good?a=1&b=2"]]);
  const others = notices.filter(([text]) => text !== "好通知");
  assert.deepEqual(others, Array.from({ length: kept }, () => ["坏通知", ""]), "what an operator may store reaches no attribute");
  assert.deepEqual(await until(() => links("menu"), (all) => all.length > 0, "the menu should come"), [["博客", "/blog"]], "the menu is set up with a bad link, too");
  assert.equal(await alice.page.$$eval("#notices a, #menu a", (all) => all.some((a) => a.hasAttribute("onclick"))), false);
  await alice.leave();
});

test("the cookie is no script's to read, and goes to the mount alone", async () => {
  const { context, tab, end } = await victim();
  assert.equal(await tab.page.evaluate(() => document.cookie), "");
  const cookies = await context.cookies(`${set.im}online`);
  assert.deepEqual(cookies.map(({ name, path, httpOnly, sameSite }) => ({ name, path, httpOnly, sameSite })), [
    { name: "webim", path: "/im/", httpOnly: true, sameSite: "Lax" },
  ]);
  assert.deepEqual(await context.cookies(`${set.demo.url}/pkg/`), []);
  await end();
});
