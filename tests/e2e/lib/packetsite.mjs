// A site of WebIM that was there before this server: it has users, rooms and histories of its own, answers its pages' calls, and
// uses this server for packets by the calls of v5, as WebIM for PHP5 does. Browsers find it at localhost, another site than 127.0.0.1.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { root } from "./process.mjs";

const FOLDER = `${root}tests/compat/webim`;
const FILES = { "/page.html": "text/html", "/page.js": "text/javascript", "/wire.js": "text/javascript" };

export class PacketSite {
  /** Calls that the packet server refused: [path, status, text]. */
  refused = [];
  #packets;
  #people;
  #rooms;
  #logins = new Map();
  #said = [];
  #waiting = new Map();
  #server = createServer((request, response) => this.#serve(request, response));

  /**
   * `packets` is where the packet server is and how the site proves itself: { url, domain, secret }; `people` are the site's users,
   * id → { nick, buddies }, and `rooms` id → [user].
   */
  static async start(packets, people, rooms) {
    const site = new PacketSite();
    [site.#packets, site.#people, site.#rooms] = [packets, people, rooms];
    site.#server.listen(0, "127.0.0.1");
    await once(site.#server, "listening");
    site.url = `http://localhost:${site.#server.address().port}`;
    return site;
  }

  async stop() {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  async #serve(request, response) {
    const { pathname, searchParams } = new URL(request.url, "http://site");
    const type = FILES[pathname];
    if (type) {
      response.writeHead(200, { "content-type": `${type}; charset=utf-8` });
      return response.end(await readFile(`${FOLDER}${pathname}`));
    }
    let body = "";
    for await (const piece of request) body += piece;
    const given = Object.fromEntries([...searchParams, ...new URLSearchParams(body)]);
    const cookie = /site=([^;]+)/.exec(request.headers.cookie ?? "")?.[1];
    try {
      const call = CALLS[pathname.replace("/im/", "")];
      const [answer, login] = call ? await this.#answer(call, given, cookie) : [null];
      const headers = { "content-type": "application/json; charset=utf-8" };
      if (login) headers["set-cookie"] = `site=${login}; Path=/; HttpOnly`;
      response.writeHead(answer === null ? 404 : 200, headers);
      response.end(JSON.stringify(answer));
    } catch (error) {
      response.writeHead(500, { "content-type": "text/plain" });
      response.end(String(error));
    }
  }

  async #answer(call, given, cookie) {
    if (call !== CALLS.online) return [await call.call(this, this.#logins.get(cookie), given)];
    // The site's own login; a real one would look at the password.
    const login = given.username ? randomUUID() : cookie;
    if (given.username) this.#logins.set(login, given.username);
    const me = this.#logins.get(login);
    return [me ? await call.call(this, me, given) : { success: false, error_msg: "Not Authorized" }, login];
  }

  /** A call of v5. */
  async packets(method, path, given) {
    const { url, domain, secret } = this.#packets;
    const form = new URLSearchParams({ version: "5.8", domain, ...given });
    const authorization = `Basic ${Buffer.from(`${domain}:${secret}`).toString("base64")}`;
    const answer = await fetch(method === "GET" ? `${url}/v5/${path}?${form}` : `${url}/v5/${path}`, {
      method, headers: { authorization }, body: method === "GET" ? undefined : form,
    });
    const text = await answer.text();
    if (!answer.ok) this.refused.push([path, answer.status, text]);
    return answer.ok ? JSON.parse(text) : null;
  }

  async online(me, { show }) {
    const { nick, buddies } = this.#people[me];
    const rooms = Object.keys(this.#rooms).filter((id) => this.#rooms[id].includes(me));
    const given = { name: me, nick, show, status: "", buddies: buddies.join(), rooms: rooms.join() };
    const told = await this.packets("POST", "presences/online", given);
    if (!told) return { success: false, error_msg: "IM Server Not Authorized" };
    const { ticket, server, jsonpd, websocket, presences } = told;
    assert.ok(ticket && jsonpd, "a ticket and where to poll");
    const waiting = this.#waiting.get(me) ?? [];
    this.#waiting.delete(me);
    return {
      success: true,
      server_time: Date.now(),
      user: { id: me, nick, show, status: "" },
      connection: { domain: this.#packets.domain, ticket, server, jsonpd, websocket },
      buddies: buddies.map((id) => {
        const seen = presences[id];
        return { id, nick: this.#people[id]?.nick ?? id, group: "friend", presence: seen ? "online" : "offline", show: seen ?? "unavailable" };
      }),
      rooms: rooms.map((id) => ({ id, nick: id, all_count: this.#rooms[id].length, count: 0, blocked: false })),
      presences,
      new_messages: waiting,
    };
  }

  async message(me, { ticket, type, to, body, style, offline }) {
    const timestamp = Date.now();
    const item = { type, to, from: me, nick: this.#people[me].nick, style, body, timestamp };
    this.#said.push(item);
    if (offline === "true") this.#waiting.set(to, [...(this.#waiting.get(to) ?? []), item]);
    else await this.packets("POST", "messages", { ticket, nick: item.nick, type, to, body, style, timestamp });
    return "ok";
  }

  async presence(me, { ticket, show, status }) {
    await this.packets("POST", "presences/show", { ticket, nick: this.#people[me].nick, show, status });
    return "ok";
  }

  async status(me, { ticket, to, show }) {
    await this.packets("POST", "statuses", { ticket, nick: this.#people[me].nick, to, show });
    return "ok";
  }

  /** The page goes, or is loaded anew: those sites say the same for both. */
  async offline(me, { ticket }) {
    await this.packets("POST", "presences/offline", { ticket });
    return "ok";
  }

  async members(me, { ticket, id }) {
    const seen = await this.packets("GET", `rooms/${id}/members`, { ticket, room: id });
    return this.#rooms[id].map((user) => ({ id: user, nick: this.#people[user].nick, presence: seen[user] ? "online" : "offline" }));
  }

  history(me, { type, id }) {
    const mine = ({ from, to }) => (type === "grpchat" ? to === id : (from === me && to === id) || (from === id && to === me));
    return this.#said.filter((item) => item.type === type && mine(item));
  }

  nothing() {
    return [];
  }
}

const { online, message, presence, status, offline, members, history, nothing } = PacketSite.prototype;
const CALLS = { online, message, presence, status, offline, refresh: offline, members, history, notifications: nothing, menu: nothing };
