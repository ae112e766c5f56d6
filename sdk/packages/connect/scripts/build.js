// Writes dist/: the widget in each form, and its types for CommonJS.

import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { builds } from "./wrap.js";

const file = (path) => new URL(`../${path}`, import.meta.url);

const source = readFileSync(file("src/connect.js"), "utf8");
for (const [name, build] of Object.entries(builds)) writeFileSync(file(`dist/${name}`), build(source));
copyFileSync(file("dist/connect.d.ts"), file("dist/connect.d.cts"));
