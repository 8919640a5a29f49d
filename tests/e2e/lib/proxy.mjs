// A network between page and server that can be cut, silenced and mended.

import { once } from "node:events";
import { connect, createServer } from "node:net";

export class Proxy {
  #listener;
  #pairs = new Set();
  #cut = false;
  #mute = false;

  /** Listens on a free port and passes everything on to `target` (a port, set later if need be). */
  static async start(target) {
    const proxy = new Proxy();
    proxy.target = target;
    proxy.#listener = createServer((page) => proxy.#accept(page)).listen(0, "127.0.0.1");
    await once(proxy.#listener, "listening");
    proxy.url = `http://127.0.0.1:${proxy.#listener.address().port}`;
    return proxy;
  }

  #accept(page) {
    if (this.#cut) return page.destroy();
    const server = connect(this.target, "127.0.0.1");
    const pair = { page, server };
    this.#pairs.add(pair);
    const end = () => {
      this.#pairs.delete(pair);
      page.destroy();
      server.destroy();
    };
    for (const socket of [page, server]) socket.on("error", end).on("close", end);
    page.on("data", (data) => server.write(data));
    server.on("data", (data) => this.#mute || page.write(data));
  }

  /** Breaks every connection and refuses new ones. */
  cut() {
    this.#cut = true;
    for (const { page, server } of this.#pairs) {
      page.destroy();
      server.destroy();
    }
  }

  /** From now on what the server says is lost; what pages say still arrives. */
  mute() {
    this.#mute = true;
  }

  /** Everything works again. */
  mend() {
    this.#cut = false;
    this.#mute = false;
  }

  async stop() {
    this.cut();
    this.#listener.close();
    await once(this.#listener, "close");
  }
}
