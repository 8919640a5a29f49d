// The wasm, out of the script itself: no second request that a bundler could misplace or a redeploy could break.
import wasm from "jmessage:wasm";
import { initSync, Sdk } from "../wasm/jmessage_wasm.js";

export async function load() {
  const packed = Uint8Array.from(atob(wasm), (letter) => letter.charCodeAt(0));
  const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const bytes = await new Response(unpacked).arrayBuffer();
  initSync({ module: await WebAssembly.compile(bytes) });
  return Sdk;
}

/** Where the page came from, if from a server. */
export function origin() {
  const { protocol, origin } = globalThis.location ?? {};
  return /^https?:/.test(protocol) ? origin : "";
}
