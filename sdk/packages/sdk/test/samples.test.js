// The samples of the guides, unchanged, with `@ave-id/sdk` as an alias of this package; and the types, as apps use them.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { after, before, beforeEach, describe, it } from "node:test";
import { promisify } from "node:util";
import { transformSync } from "esbuild";
import { startIssuer } from "./world.js";

const run = promisify(execFile);
const here = new URL(".", import.meta.url);
const read = (path) => readFileSync(new URL(path, here), "utf8");

/** Runs a sample with what it takes as given. */
async function play(name, { before: prelude = "", after: end = "", env }) {
  const [{ code }, first] = [transformSync(read(`samples/${name}`), { loader: "ts" }), `${prelude}\n`];
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", first + code + end], { cwd: here, env: { PATH: process.env.PATH, ...env } });
  return stdout.trim();
}

describe("samples of confidential clients (seed 003)", () => {
  let world, env;
  before(async () => {
    world = await startIssuer();
    env = { PROCURA_ISSUER: world.issuer, AVE_CLIENT_ID: "app_1", AVE_CLIENT_SECRET: "pcs_1" };
  });
  after(() => world.stop());
  beforeEach(() => (world.requests.length = 0));

  it("exchange the code", async () => {
    world.routes["POST /api/oauth/token"] = { access_token: "pat_1" };
    const said = await play("exchange-code.ts", { before: 'const code = "AUTH_CODE";', after: "console.log(tokens.access_token)", env });
    assert.equal(said, "pat_1");
    // The guide shows the same call without a package. Only the values differ.
    assert.deepEqual(world.json(), {
      grantType: "authorization_code",
      code: "AUTH_CODE",
      redirectUri: "https://yourapp.com/callback",
      clientId: "app_1",
      clientSecret: "pcs_1",
    });
  });

  it("refresh and store the new token", async () => {
    world.routes["POST /api/oauth/token"] = { access_token: "pat_2", refresh_token: "prt_2" };
    const given = 'const storedRefreshToken = "prt_1"; const storeRefreshToken = async (token) => console.log(token);';
    assert.equal(await play("refresh.ts", { before: given, env }), "prt_2");
    assert.deepEqual(world.json(), { grantType: "refresh_token", refreshToken: "prt_1", clientId: "app_1", clientSecret: "pcs_1" });
  });

  it("without an issuer nothing leaves the machine", async () => {
    const played = play("exchange-code.ts", { before: 'const code = "AUTH_CODE";', env: { ...env, PROCURA_ISSUER: "" } });
    await assert.rejects(played, /missing_issuer/);
    assert.equal(world.requests.length, 0);
  });
});

describe("types", () => {
  const settings = { strict: true, noEmit: true, target: "es2022", lib: ["es2022", "dom", "dom.iterable"], jsx: "react-jsx", skipLibCheck: false };
  const compile = async (more) => {
    const folder = mkdtempSync(new URL("types-", here).pathname);
    try {
      const include = ["../types/*.ts", "../samples/*.ts"];
      writeFileSync(`${folder}/tsconfig.json`, JSON.stringify({ compilerOptions: { ...settings, types: ["node"], ...more }, include }));
      await run(process.execPath, [new URL("../../../node_modules/typescript/bin/tsc", here).pathname, "-p", folder]).catch((error) => assert.fail(error.stdout));
    } finally {
      rmSync(folder, { recursive: true });
    }
  };

  it("fit the apps of bundlers", () => compile({ module: "es2022", moduleResolution: "bundler" }));
  it("fit the apps of Node", () => compile({ module: "nodenext", moduleResolution: "nodenext" }));
});

describe("what is published", () => {
  const manifest = JSON.parse(read("../package.json"));
  const built = readdirSync(new URL("../dist", here));

  it("has all that the exports name, and depends on nothing", () => {
    for (const entry of Object.values(manifest.exports)) for (const path of Object.values(entry)) assert.ok(built.includes(path.replace("./dist/", "")), path);
    assert.deepEqual([manifest.dependencies, manifest.type, manifest.files], [undefined, "module", ["dist"]]);
  });

  it("takes a secret nowhere in the client entry, and names no foreign host anywhere", () => {
    const texts = Object.fromEntries(built.filter((name) => name.endsWith(".js")).map((name) => [name, read(`../dist/${name}`)]));
    for (const name of ["client.js", "pkce.js", "connector.js", "quick.js", "fedcm.js", "flow.js"]) assert.doesNotMatch(texts[name].replace(/\/\/.*|\/\*[^]*?\*\//g, ""), /clientSecret/, name);
    for (const [name, text] of Object.entries(texts)) assert.doesNotMatch(text, /aveid\.net/, name);
  });
});
