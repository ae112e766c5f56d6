// What needs no browser: where the issuer comes from, what is required, and that a server can import the module.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { it } from "node:test";
import { gzipSync } from "node:zlib";
import { transformSync } from "esbuild";
import { source } from "./world.js";

const module = new URL("../src/embed.js", import.meta.url).href;

/** Runs a script in a process of its own, since a configured issuer stays. */
function run(script, environment = {}) {
  const full = `import * as embed from ${JSON.stringify(module)}; ${script}`;
  return execFileSync(process.execPath, ["--input-type=module", "-e", full], { encoding: "utf8", env: { PATH: process.env.PATH, ...environment } }).trim();
}

const TRY = 'try { embed.openAveConnectorSheet({ clientId: "a", redirectUri: "https://a.example/cb", resource: "b:c", scope: "d", ...options }); } catch (error) { console.log(error.message); }';

it("exports exactly what it promises, and imports where there is no page", () => {
  assert.equal(run("console.log(Object.keys(embed).sort().join())"), "configure,mountAveEmbed,openAveConnectorPopup,openAveConnectorRuntime,openAveConnectorSheet,openAvePopup,openAveSheet,startAveAuth");
});

it("has no issuer of its own, and says what to do", () => {
  assert.match(run(`const options = {}; ${TRY}`), /No issuer\. Pass `issuer: .*configure.*PROCURA_ISSUER/);
});

it("takes the issuer from the option, configure() or the environment", () => {
  // Past the issuer, the first thing missing in Node is a window.
  const reached = /addEventListener is not defined/;
  assert.match(run(`const options = { issuer: "https://id.example/" }; ${TRY}`), reached);
  assert.match(run(`embed.configure({ issuer: "https://id.example" }); const options = {}; ${TRY}`), reached);
  assert.match(run(`const options = {}; ${TRY}`, { PROCURA_ISSUER: "https://id.example" }), reached);
});

it("refuses an issuer that is no origin", () => {
  for (const issuer of ["id.example", "https://id.example/path", "ftp://id.example", "https://me@id.example", "https://id.example?x", "https://id.example#x"]) {
    assert.match(run(`const options = { issuer: ${JSON.stringify(issuer)} }; ${TRY}`), /must be an origin/, issuer);
  }
});

it("names what is missing", () => {
  assert.match(run(`const options = { issuer: "https://id.example", resource: undefined }; ${TRY}`), /openAveConnectorSheet needs `resource`/);
  assert.match(run(`const options = { issuer: "https://id.example", mode: "always" }; ${TRY}`), /`mode` is/);
  const runtime = (options) => run(`try { embed.openAveConnectorRuntime(${JSON.stringify({ issuer: "https://id.example", delegatedToken: "t", target: "iris", targetOrigin: "https://iris.example", ...options })}); } catch (error) { console.log(error.message); }`);
  for (const name of ["delegatedToken", "target", "targetOrigin"]) assert.match(runtime({ [name]: "" }), new RegExp(`needs \`${name}\``));
  for (const targetOrigin of ["*", "iris.example", "https://iris.example/", "https://iris.example/path", "null"]) assert.match(runtime({ targetOrigin }), /exact origin/, targetOrigin);
  assert.match(run('embed.mountAveEmbed({}).catch((error) => console.log(error.message))'), /mountAveEmbed needs `container`/);
});

it("stays under 8 KB, minified and compressed, with nothing newer than the oldest browsers it is for", () => {
  const { code, warnings } = transformSync(source("../src/embed.js"), { minify: true, format: "esm", target: ["safari16", "firefox115", "chrome109"] });
  assert.deepEqual(warnings, []);
  const size = gzipSync(code, { level: 9 }).length;
  assert.ok(size <= 8192, `${size} bytes`);
});
