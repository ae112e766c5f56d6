// The same in a real browser: two origins, CORS, real storage, and the script as a server of ours serves it.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { after, before, it } from "node:test";
import { buildSync } from "esbuild";
import { chromium } from "playwright-core";
import { startIssuer } from "./world.js";

const dist = new URL("../dist/", import.meta.url);
const flows = new Map();
let world, app, browser;

before(async () => {
  const executablePath = process.env.PROCURA_CHROMIUM ?? "/usr/bin/chromium";
  if (!existsSync(executablePath)) throw new Error(`no browser at ${executablePath}; set PROCURA_CHROMIUM`);
  browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  [world, app] = [await startIssuer(), await startIssuer()];

  // The issuer's pages: everybody says yes at once, and each code remembers what it was given for.
  const page = ({ query, path }) => {
    const asked = Object.fromEntries(new URLSearchParams(query));
    const code = `code_${flows.size}`;
    flows.set(code, asked);
    const back = new URL(asked.redirect_uri);
    for (const [name, value] of Object.entries({ code, state: asked.state, iss: world.issuer })) back.searchParams.set(name, value);
    assert.ok(["/signin", "/connect"].includes(path));
    return [302, "", { Location: back.href }];
  };
  world.routes["GET /signin"] = page;
  world.routes["GET /connect"] = page;
  world.routes["POST /api/oauth/token"] = ({ body }) => {
    const { code, codeVerifier, clientId, redirectUri } = JSON.parse(body);
    const asked = flows.get(code);
    flows.delete(code);
    const isProven = asked && createHash("sha256").update(codeVerifier).digest("base64url") === asked.code_challenge;
    if (!isProven || asked.client_id !== clientId || asked.redirect_uri !== redirectUri) return [400, { error: "invalid_grant" }];
    return {
      access_token: `pat_${code}`,
      access_token_jwt: world.accessToken(),
      id_token: world.idToken({ aud: clientId, azp: clientId, nonce: asked.nonce }),
      expires_in: 3600,
      scope: asked.scope,
      token_type: "Bearer",
      user: { id: "idn_ada", handle: "ada" },
    };
  };

  // The app: pages that do nothing by themselves, and the built modules.
  const empty = "<!doctype html><title>App</title>";
  for (const path of ["/", "/callback", "/ave/callback", "/notes"]) app.routes[`GET ${path}`] = empty;
  for (const name of ["client", "connector", "crypto", "error", "fedcm", "flow", "http", "issuer", "jwks", "jwt", "pkce", "quick", "scopes", "tokens", "types", "urls"]) {
    app.routes[`GET /sdk/${name}.js`] = [200, readFileSync(new URL(`${name}.js`, dist), "utf8"), { "Content-Type": "text/javascript" }];
  }
  const { outputFiles } = buildSync({ entryPoints: [new URL("client.js", dist).pathname], bundle: true, minify: true, format: "esm", write: false });
  world.routes["GET /sdk/js/sdk.js"] = [200, outputFiles[0].text, { "Content-Type": "text/javascript" }];
});

after(async () => {
  await browser?.close();
  await Promise.all([world?.stop(), app?.stop()]);
});

/** Calls one function of the package in a page. The page may leave meanwhile. */
const call = (page, name, params) => page.evaluate(async ([name, params]) => (await import("/sdk/client.js"))[name](params), [name, params]);
const config = () => ({ clientId: "app_1", redirectUri: `${app.issuer}/callback`, issuer: world.issuer });

/** Starts a flow and waits until the page is back. */
async function leave(page, name, params, path = "/callback") {
  await Promise.all([page.waitForURL((url) => url.pathname === path && url.searchParams.has("code")), call(page, name, params).catch(() => {})]);
}

it("signs in, in two tabs of one person, and in a tab that was opened by another and inherits its storage", async () => {
  const context = await browser.newContext();
  const [left, right] = [await context.newPage(), await context.newPage()];
  await Promise.all([left.goto(`${app.issuer}/`), right.goto(`${app.issuer}/`)]);
  await Promise.all([leave(left, "startPkceLogin", config()), leave(right, "startPkceLogin", config())]);
  // This one begins with a copy of what the first tab stores, and starts a flow of its own.
  const [child] = await Promise.all([context.waitForEvent("page"), left.evaluate(() => void window.open("/notes"))]);
  await child.waitForLoadState();
  await leave(child, "startPkceLogin", config());

  const all = [child, right, left];
  const tokens = await Promise.all(all.map((page) => call(page, "finishPkceLogin", config())));
  assert.equal(new Set(tokens.map((one) => one.access_token)).size, 3);
  for (const page of all) {
    assert.equal(page.url(), `${app.issuer}/callback`);
    assert.equal(await call(page, "finishPkceLogin", config()), null);
  }
  assert.deepEqual(await right.evaluate(() => Object.keys(sessionStorage)), []);
  await context.close();
});

it("connects, and hands code and verifier over", async () => {
  const page = await browser.newPage();
  await page.goto(`${app.issuer}/`);
  await leave(page, "startConnectorFlow", { ...config(), resource: "iris:inference", scope: "infer" });
  assert.equal(await page.evaluate(() => sessionStorage.ave_connector_state), new URL(page.url()).searchParams.get("state"));
  const { code, codeVerifier, resource } = await call(page, "finishConnectorFlow", config());
  assert.equal(createHash("sha256").update(codeVerifier).digest("base64url"), flows.get(code).code_challenge);
  assert.equal(resource, "iris:inference");
  assert.deepEqual(await page.evaluate(() => Object.keys(sessionStorage)), []);
  assert.equal(page.url(), `${app.issuer}/callback`);
  await page.close();
});

it("signs in without registration and goes back to where the person was", async () => {
  const page = await browser.newPage();
  await page.goto(`${app.issuer}/notes?page=2#top`);
  await leave(page, "startQuickSignIn", { issuer: world.issuer }, "/ave/callback");
  await Promise.all([page.waitForURL(`${app.issuer}/notes?page=2#top`), call(page, "handleQuickCallback", { issuer: world.issuer }).catch(() => {})]);
  assert.equal((await call(page, "getQuickIdentity")).userId, "idn_ada");
  world.routes["POST /api/oauth/session/check"] = [401, { reason: "session_ended" }];
  assert.deepEqual(await call(page, "checkQuickSession", { issuer: world.issuer }), { status: "login_required", reason: "session_ended" });
  await page.close();
});

it("the script of an issuer needs no issuer, and it alone", async () => {
  const page = await browser.newPage();
  await page.goto(`${app.issuer}/`);
  const check = (address) => page.evaluate(async (from) => (await import(from)).checkQuickSession({ token: "t" }).catch((error) => error.error), address);
  assert.deepEqual(await check(`${world.issuer}/sdk/js/sdk.js`), { status: "login_required", reason: "session_ended" });
  assert.equal(await check("/sdk/client.js"), "missing_issuer");
  await page.close();
});

it("no cookie travels, not even on the issuer's own origin", async () => {
  const page = await browser.newPage();
  world.routes["GET /home"] = [200, "<!doctype html><title>Home</title>", { "Set-Cookie": "ave_session=1; Path=/" }];
  await page.goto(`${world.issuer}/home`);
  assert.equal(await page.evaluate(() => document.cookie), "ave_session=1");
  await page.evaluate(async (address) => (await import(address)).checkQuickSession({ token: "t" }), `${world.issuer}/sdk/js/sdk.js`);
  const script = world.requests.findLast((one) => one.path === "/sdk/js/sdk.js");
  const check = world.requests.findLast((one) => one.path === "/api/oauth/session/check");
  assert.deepEqual([script.headers.cookie, check.headers.cookie], ["ave_session=1", undefined]);
  await page.close();
});
