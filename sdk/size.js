// What a page has to load, in bytes: bundled, minified, compressed. Fails when one has grown too large.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const LIMITS = {
  "packages/sdk/dist/client.js": 8192,
  "packages/embed/src/embed.js": 8192,
  "packages/connect/dist/alter-connect.esm.js": 3584,
  "packages/connect/dist/alter-connect.cjs": 3584,
  "packages/connect/dist/alter-connect.umd.js": 3584,
};

for (const [path, limit] of Object.entries(LIMITS)) {
  const file = fileURLToPath(new URL(path, import.meta.url));
  // The widget is loaded as it is published.
  const text = path.includes("alter-connect") ? readFileSync(file) : await bundled(file);
  const size = gzipSync(text, { level: 9 }).length;
  console.log(`${path}: ${size} of ${limit} bytes`);
  if (size > limit) process.exitCode = 1;
}

/** @param {string} file */
async function bundled(file) {
  const { outputFiles } = await build({
    entryPoints: [file],
    bundle: true,
    minify: true,
    format: "esm",
    target: ["safari16", "firefox115"],
    write: false,
    logLevel: "error",
  });
  return outputFiles[0].contents;
}
