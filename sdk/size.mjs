// What the browser entries weigh: bundled, minified, gzipped. Fails when one is over its budget.

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const BUDGETS = [
  { name: "@procura/sdk/client", entry: "packages/sdk/dist/client.js", budget: 8192 },
  { name: "@procura/sdk/session", entry: "packages/sdk/dist/session.js", budget: 4096 },
  { name: "@procura/embed", entry: "packages/embed/src/embed.js", budget: 8192 },
  { name: "@procura/connect", entry: "packages/connect/src/connect.js", budget: 3584 },
];

for (const { name, entry, budget } of BUDGETS) {
  const path = fileURLToPath(new URL(entry, import.meta.url));
  if (!existsSync(path)) continue;
  const { outputFiles } = await build({
    entryPoints: [path],
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: ["safari16", "firefox115", "chrome110"],
    logLevel: "warning",
  });
  const size = gzipSync(outputFiles[0].contents, { level: 9 }).length;
  const isOver = size > budget;
  console.log(`${name.padEnd(22)} ${String(size).padStart(5)} of ${budget} bytes${isOver ? "  OVER BUDGET" : ""}`);
  if (isOver) process.exitCode = 1;
}
