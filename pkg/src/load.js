// The wasm, out of the script itself: no second request that a bundler could misplace or a redeploy could break.
import instantiate from "jmessage:glue";
import wasm from "jmessage:wasm";

let module;

async function compile() {
  const packed = Uint8Array.from(atob(wasm), (letter) => letter.charCodeAt(0));
  const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return WebAssembly.compile(await new Response(unpacked).arrayBuffer());
}

/**
 * A wasm whose first trap, or exception thrown through it, is its end: nothing of it runs any more, neither calls nor
 * timers nor sockets, since half of its state may be missing. `broken` is told then, once.
 */
const mortal = (broken) => (exports) => {
  let depth = 0;
  let cause;
  const wrap = (run) =>
    (...values) => {
      // The glue takes some results apart.
      if (cause) return [];
      depth++;
      try {
        return run(...values);
      } catch (error) {
        cause ??= error ?? new Error("unknown");
        if (depth > 1) throw error;
        return [];
      } finally {
        if (!--depth && cause) broken(cause);
      }
    };
  const entries = Object.entries(exports);
  return Object.fromEntries(entries.map(([name, it]) => [name, typeof it === "function" ? wrap(it) : it]));
};

/** The class `Sdk` of a wasm of its own; `broken` hears of its end. */
export async function load(broken) {
  const { initSync, Sdk } = instantiate(mortal(broken));
  initSync({ module: await (module ??= compile()) });
  return Sdk;
}

/** Where the page came from, if from a server. */
export function origin() {
  const { protocol, origin } = globalThis.location ?? {};
  return /^https?:/.test(protocol) ? origin : "";
}
