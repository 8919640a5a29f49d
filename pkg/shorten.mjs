// Gives the wasm's imports and exports short names, in the wasm and in its glue alike. wasm-bindgen's own names carry
// a hash each, which no compression can shorten. `node shorten.mjs` does so in place in `wasm/`; done twice, it
// changes nothing.
import { readFile, writeFile } from "node:fs/promises";

const VERSION_BYTES = 8;
const IMPORTS = 2;
const EXPORTS = 7;
// wasm-bindgen's glue finds these by name.
const KEPT = new Set(["memory"]);

/** Reads the wasm's numbers, names and raw bytes one after another. */
class Reader {
  constructor(bytes, at = 0) {
    Object.assign(this, { bytes, at });
  }
  get done() {
    return this.at >= this.bytes.length;
  }
  number() {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.bytes[this.at++];
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  }
  take(length) {
    return this.bytes.subarray(this.at, (this.at += length));
  }
  name() {
    return Buffer.from(this.take(this.number())).toString("utf8");
  }
}

function number(value) {
  const bytes = [];
  do {
    bytes.push((value & 127) | (value > 127 ? 128 : 0));
    value >>>= 7;
  } while (value);
  return bytes;
}

const named = (text) => [...number(Buffer.byteLength(text)), ...Buffer.from(text)];

/** What an import says of itself behind its names: the kind, then a type or limits. */
function description(reader) {
  const from = reader.at;
  const limits = () => {
    const flags = reader.number();
    reader.number();
    if (flags & 1) reader.number();
  };
  switch (reader.number()) {
    case 0:
      reader.number();
      break;
    case 1:
      reader.number();
      limits();
      break;
    case 2:
      limits();
      break;
    case 3:
      reader.take(2);
      break;
    default:
      throw new Error("shorten: an import of an unknown kind");
  }
  return reader.bytes.subarray(from, reader.at);
}

function imports(section, rename) {
  const reader = new Reader(section);
  const count = reader.number();
  const out = [...number(count)];
  for (let i = 0; i < count; i++) {
    out.push(...named(rename(reader.name())), ...named(rename(reader.name())), ...description(reader));
  }
  return out;
}

function exports(section, rename) {
  const reader = new Reader(section);
  const count = reader.number();
  const out = [...number(count)];
  for (let i = 0; i < count; i++) {
    out.push(...named(rename(reader.name())), ...reader.take(1), ...number(reader.number()));
  }
  return out;
}

/** The places where the glue says `name`: a property, a key, or the module's name in quotes; always the whole word. */
function mentions(name) {
  const quoted = name.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
  return new RegExp(`(?<![\\w$/])${quoted}(?![\\w$])`, "g");
}

/** Returns `{ wasm, glue }` with short names; unchanged if they are short. What the glue does not mention stays. */
function shorten(wasm, glue) {
  const names = new Map();
  const rename = (name) => {
    if (KEPT.has(name) || name.startsWith("$") || !mentions(name).test(glue)) return name;
    if (!names.has(name)) names.set(name, `$${names.size.toString(36)}`);
    return names.get(name);
  };

  const reader = new Reader(wasm, VERSION_BYTES);
  const parts = [wasm.subarray(0, VERSION_BYTES)];
  while (!reader.done) {
    const id = reader.number();
    let section = reader.take(reader.number());
    if (id === IMPORTS) section = imports(section, rename);
    if (id === EXPORTS) section = exports(section, rename);
    parts.push(Buffer.from([id, ...number(section.length)]), Buffer.from(section));
  }
  for (const [long, short] of names) glue = glue.replace(mentions(long), () => short);
  return { wasm: Buffer.concat(parts), glue };
}

const wasmFile = new URL("wasm/jmessage_wasm_bg.wasm", import.meta.url);
const glueFile = new URL("wasm/jmessage_wasm.js", import.meta.url);
const short = shorten(await readFile(wasmFile), await readFile(glueFile, "utf8"));
await writeFile(wasmFile, short.wasm);
await writeFile(glueFile, short.glue);
