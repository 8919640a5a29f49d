// Measures what a browser downloads. Prints JSON: [{ name, raw, gzip, brotli }], in bytes.
// `node size.mjs [another.wasm]` measures that wasm file as well.
import { transform } from "esbuild";
import { readFile } from "node:fs/promises";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const here = new URL("./", import.meta.url);
const { version } = JSON.parse(await readFile(new URL("package.json", here), "utf8"));

function measure(name, bytes) {
  const gzip = gzipSync(bytes, { level: 9 }).length;
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: 11,
    [constants.BROTLI_PARAM_LGWIN]: 24,
    [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
  };
  return { name, raw: bytes.length, gzip, brotli: brotliCompressSync(bytes, { params }).length };
}

const glue = await readFile(new URL("wasm/jmessage_wasm.js", here), "utf8");
const minified = await transform(glue, { minify: true, format: "esm", target: "es2020", charset: "utf8" });
const rows = [
  measure("wasm", await readFile(new URL("wasm/jmessage_wasm_bg.wasm", here))),
  measure("glue", Buffer.from(minified.code)),
  measure("dist/jmessage.mjs", await readFile(new URL("dist/jmessage.mjs", here))),
  measure(`jmessage-${version}.min.js`, await readFile(new URL(`jmessage-${version}.min.js`, here))),
];
for (const path of process.argv.slice(2)) rows.push(measure("plain wasm", await readFile(path)));
console.log(JSON.stringify(rows));
