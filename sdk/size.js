// What a page has to load, in bytes: bundled, minified, compressed. Fails when one has grown too large.

import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const LIMITS = {
  "packages/sdk/dist/client.js": 8192,
  "packages/embed/src/embed.js": 8192,
};

for (const [path, limit] of Object.entries(LIMITS)) {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(path, import.meta.url))],
    bundle: true,
    minify: true,
    format: "esm",
    target: ["safari16", "firefox115"],
    write: false,
    logLevel: "error",
  });
  const size = gzipSync(outputFiles[0].contents, { level: 9 }).length;
  console.log(`${path}: ${size} of ${limit} bytes`);
  if (size > limit) process.exitCode = 1;
}
