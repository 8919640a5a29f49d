// The whole product for one test file: a data folder with an App and accounts, the signature server,
// the demo's site, and the chat server, which can be killed and started again on the same port.

import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, program, root, run, Service } from "./process.mjs";
import { Proxy } from "./proxy.mjs";

export const APP_KEY = "4f7aef34fb361292c566a1cd";
const MASTER_SECRET = "054d6103823a726fc12d0466";
export const PASSWORD = "demo1234";
const NICKNAMES = { alice: "爱丽丝", bobby: "鲍比", carol: "卡罗尔", david: "大卫" };
/** Has an account, and the demo does not offer it: the page has to ask who this is. */
const STRANGERS = { erika: "艾丽卡" };

export class Demo {
  #folder;
  #server;
  #signer;
  #proxy;
  #port;
  #flags;
  appKey = APP_KEY;
  /** What a server of the site's developer needs to know, as environment. */
  secrets = { JMESSAGE_APP_KEY: APP_KEY, JMESSAGE_MASTER_SECRET: MASTER_SECRET };

  /**
   * Starts everything. With `network`, pages reach the server through [`Demo.network`]; `flags` are more settings of the
   * server, or a function that makes them of its address.
   */
  static async start({ network = false, flags = [] } = {}) {
    const demo = new Demo();
    try {
      await demo.#prepare(network, flags);
      return demo;
    } catch (error) {
      await demo.stop();
      throw error;
    }
  }

  async #prepare(network, flags) {
    this.#folder = await mkdtemp(join(tmpdir(), "jmessage-e2e-"));
    this.#port = await freePort();
    if (network) this.#proxy = await Proxy.start(this.#port);
    this.url = network ? this.#proxy.url : `http://127.0.0.1:${this.#port}`;
    this.#flags = typeof flags === "function" ? flags(this.url) : flags;
    await this.#accounts();
    const signer = program("JMESSAGE_SIGNER_BIN", "signature-server");
    this.#signer = await Service.start(signer, ["--listen", "127.0.0.1:0", "--allow-origin", this.url], this.secrets);
    this.signerUrl = `${this.#signer.url}/signature`;
    await this.#assemble();
    await this.startServer();
  }

  async #accounts() {
    const data = ["--data-dir", this.#data];
    const server = program("JMESSAGE_SERVER_BIN", "jmessage-server");
    await mkdir(this.#data);
    await run(server, ["app", "create", ...data, "--key", APP_KEY, "--name", "e2e"], { env: { JMESSAGE_MASTER_SECRET: MASTER_SECRET } });
    for (const [username, nickname] of Object.entries({ ...NICKNAMES, ...STRANGERS })) {
      const user = ["--app", APP_KEY, "--username", username, "--nickname", nickname, "--password-stdin"];
      await run(server, ["user", "add", ...data, ...user], { input: PASSWORD });
    }
  }

  /** Changes what a user shows of itself. */
  async edit(username, profile) {
    const fields = Object.entries(profile).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const which = ["--data-dir", this.#data, "--app", APP_KEY, "--username", username];
    await run(program("JMESSAGE_SERVER_BIN", "jmessage-server"), ["user", "edit", ...which, ...fields]);
  }

  /** A command of an operator about one user, such as ("contact", "add"), and what it is given. */
  async operate(words, username, values = {}) {
    const given = Object.entries(values).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const which = ["--data-dir", this.#data, "--app", APP_KEY, "--username", username];
    await run(program("JMESSAGE_SERVER_BIN", "jmessage-server"), [...words, ...which, ...given]);
  }

  /** The site as `cargo xtask demo` lays it out: www/* and the package's files in pkg/. */
  async #assemble() {
    await cp(`${root}www`, this.site, { recursive: true, dereference: true });
    await cp(`${root}pkg/dist`, `${this.site}/pkg`, { recursive: true });
    for (const name of await readdir(`${root}pkg`)) {
      if (name.endsWith(".min.js")) await cp(`${root}pkg/${name}`, `${this.site}/pkg/${name}`);
    }
    const accounts = Object.entries(NICKNAMES).map(([username, nickname]) => ({ username, nickname, password: PASSWORD }));
    await writeFile(`${this.site}/config.json`, JSON.stringify({ appKey: APP_KEY, signer: this.signerUrl, accounts }));
  }

  get #data() {
    return join(this.#folder, "data");
  }

  /** The folder that the server serves. */
  get site() {
    return join(this.#folder, "site");
  }

  /** What lies between the pages and the server. */
  get network() {
    return this.#proxy;
  }

  /** Starts the server, at first or after it was killed, always on the same port and data. */
  async startServer() {
    const path = program("JMESSAGE_SERVER_BIN", "jmessage-server");
    const where = ["--listen", `127.0.0.1:${this.#port}`, "--data-dir", this.#data, "--static-dir", this.site];
    // A disk that is full is then an error like any other, and not the end of the program.
    const args = ["-c", "trap '' XFSZ; exec \"$0\" \"$@\"", path, "serve", ...where, ...this.#flags];
    this.#server = await Service.start("/bin/sh", args);
  }

  /** From now on no file of the server takes another byte, as on a full disk; or all do again. */
  async fillDisk(isFull) {
    await run("prlimit", ["--pid", String(this.#server.pid), `--fsize=${isFull ? 0 : "unlimited"}:unlimited`]);
  }

  /** Kills the server without warning: nothing it had only in memory survives. */
  async killServer() {
    await this.#server.stop("SIGKILL");
  }

  /** What the server wrote since it was last started. */
  get log() {
    return this.#server?.log ?? "";
  }

  async stop() {
    await this.#server?.stop();
    await this.#signer?.stop();
    await this.#proxy?.stop();
    if (this.#folder) await rm(this.#folder, { recursive: true, force: true });
  }
}
