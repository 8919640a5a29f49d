// Bundles the package: src/*.js + the glue + the wasm → dist/jmessage.mjs (an ES module) and
// jmessage-1.0.0.min.js (a classic script that sets the global JMessage).
//
// Each file is complete in itself. The wasm travels inside as base64 of its gzip: a separate file would
// be looked for at a path that bundlers move and redeploys remove, and plain base64 would be a third larger.
import { build } from "esbuild";
import { readFile } from "node:fs/promises";

const here = new URL("./", import.meta.url);
const { name, version, license } = JSON.parse(await readFile(new URL("package.json", here), "utf8"));

/** Resolves `jmessage:wasm` to a module whose default export is the base64 of the gzipped wasm. */
const wasmBytes = {
  name: "jmessage:wasm",
  setup(bundle) {
    bundle.onResolve({ filter: /^jmessage:wasm$/ }, ({ path }) => ({ path, namespace: "jmessage" }));
    bundle.onLoad({ filter: /.*/, namespace: "jmessage" }, async () => {
      const packed = await readFile(new URL("wasm/jmessage_wasm_bg.wasm.gz", here));
      return { contents: packed.toString("base64"), loader: "text" };
    });
  },
};

/**
 * Resolves `jmessage:glue` to a function that makes a new instance of the glue each time, with state of its own: a wasm
 * that broke can be replaced. The function is given what to do to the exports of the wasm before the glue has them.
 */
const glueInstances = {
  name: "jmessage:glue",
  setup(bundle) {
    bundle.onResolve({ filter: /^jmessage:glue$/ }, ({ path }) => ({ path, namespace: "jmessage-glue" }));
    bundle.onLoad({ filter: /.*/, namespace: "jmessage-glue" }, async () => {
      const { outputFiles } = await build({
        stdin: { contents: 'export { initSync, Sdk } from "./wasm/jmessage_wasm.js"', resolveDir: here.pathname },
        bundle: true,
        format: "iife",
        globalName: "glue",
        target: ["es2020"],
        charset: "utf8",
        write: false,
      });
      const text = outputFiles[0].text;
      const exports = /(?<=\bwasm = )instance\d*\.exports/g;
      if (text.match(exports)?.length !== 1) throw new Error("the glue takes the exports in another way than before");
      return { contents: `export default (change) => {${text.replace(exports, "change($&)")}; return glue; }` };
    });
  },
};

const common = {
  absWorkingDir: new URL(".", here).pathname,
  bundle: true,
  minify: true,
  target: ["es2020"],
  charset: "utf8",
  legalComments: "none",
  banner: { js: `/*! ${name} ${version} | ${license} */` },
  plugins: [wasmBytes, glueInstances],
  write: true,
  logLevel: "warning",
};

const outputs = [
  { entryPoints: ["src/index.js"], outfile: "dist/jmessage.mjs", format: "esm" },
  { entryPoints: ["src/classic.js"], outfile: `jmessage-${version}.min.js`, format: "iife" },
];

for (const output of outputs) {
  await build({ ...common, ...output });
  const text = await readFile(new URL(output.outfile, here), "utf8");
  // Either would break a page: the one outside of modules and in pre-bundlers, the other under a strict CSP.
  for (const forbidden of ["import.meta", "new Function(", "eval("]) {
    if (text.includes(forbidden)) throw new Error(`${output.outfile} contains ${forbidden}`);
  }
  console.log(`${output.outfile}: ${text.length} characters`);
}
