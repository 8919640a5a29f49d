// Programs that run beside a test: started, awaited by a line they print, stopped in the end.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../../", import.meta.url));

/** A program of the workspace: named by the environment, or built by cargo. */
export function program(variable, name) {
  const candidates = [process.env[variable], ...["release", "debug"].map((profile) => `${root}target/${profile}/${name}`)];
  const found = candidates.find((path) => path && existsSync(path));
  if (!found) throw new Error(`${name} is not built: cargo build -p ${name}, or set ${variable}`);
  return found;
}

/** The address in a line such as `listening on http://127.0.0.1:8080`. */
const ADDRESS = /listening on (http:\/\/\S+)/;

/** Nothing of our own environment: the server reads variables of its own. */
const environment = (extra) => ({ PATH: process.env.PATH, HOME: process.env.HOME, ...extra });

/** A program that prints its address when it is ready. */
export class Service {
  #child;
  #log = [];

  /** Starts it; rejects with what it wrote when it ends before it is ready. */
  static async start(path, args, env = {}) {
    const service = new Service();
    const child = spawn(path, args, { env: environment(env), stdio: ["ignore", "pipe", "pipe"] });
    service.#child = child;
    const note = (line) => service.#log.push(line);
    createInterface({ input: child.stderr }).on("line", note);
    service.url = await new Promise((resolve, reject) => {
      createInterface({ input: child.stdout }).on("line", (line) => {
        note(line);
        const [, url] = ADDRESS.exec(line) ?? [];
        if (url) resolve(url.replace(/\/$/, ""));
      });
      child.once("error", reject);
      child.once("exit", (code, signal) => reject(new Error(`${path} ended with ${code ?? signal}\n${service.log}`)));
    });
    return service;
  }

  get pid() {
    return this.#child.pid;
  }

  /** What it wrote so far. */
  get log() {
    return this.#log.join("\n");
  }

  /** Ends it with a signal and waits until it is gone. */
  async stop(signal = "SIGTERM") {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, "exit");
    this.#child.kill(signal);
    await gone;
  }
}

/** Runs a command to its end with `input` on standard input; rejects with its output when it fails. */
export async function run(path, args, { input = "", env = {} } = {}) {
  const child = spawn(path, args, { env: environment(env), stdio: ["pipe", "pipe", "pipe"] });
  let output = "";
  child.stdout.on("data", (data) => (output += data));
  child.stderr.on("data", (data) => (output += data));
  child.stdin.on("error", () => {}); // It ended without reading; its exit code tells.
  child.stdin.end(input);
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`${path} ${args.join(" ")} ended with ${code}\n${output}`);
  return output;
}

/** A port that was free a moment ago. */
export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}
