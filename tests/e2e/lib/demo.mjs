// The whole product for one test file: a data folder with an App and accounts, the signature server,
// the demo's site, and the chat server, which can be killed and started again on the same port.

import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, program, root, run, Service } from "./process.mjs";
import { Proxy } from "./proxy.mjs";

const APP_KEY = "4f7aef34fb361292c566a1cd";
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

  /** Starts everything. With `network`, pages reach the server through [`Demo.network`]. */
  static async start({ network = false } = {}) {
    const demo = new Demo();
    try {
      await demo.#prepare(network);
      return demo;
    } catch (error) {
      await demo.stop();
      throw error;
    }
  }

  async #prepare(network) {
    this.#folder = await mkdtemp(join(tmpdir(), "jmessage-e2e-"));
    this.#port = await freePort();
    if (network) this.#proxy = await Proxy.start(this.#port);
    this.url = network ? this.#proxy.url : `http://127.0.0.1:${this.#port}`;
    await this.#accounts();
    const secrets = { JMESSAGE_APP_KEY: APP_KEY, JMESSAGE_MASTER_SECRET: MASTER_SECRET };
    const signer = program("JMESSAGE_SIGNER_BIN", "signature-server");
    this.#signer = await Service.start(signer, ["--listen", "127.0.0.1:0", "--allow-origin", this.url], secrets);
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
    this.#server = await Service.start(path, ["serve", ...where]);
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
