import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it, mock } from "node:test";
import * as client from "../dist/client.js";
import { makeIssuer } from "./support/issuer.js";
import { closePage, later, openPage } from "./support/page.js";

const QUICK = "origin:https://notes.test";
const CALLBACK = "https://notes.test/ave/callback";
const CHECK = "POST /api/oauth/session/check";
let world, kept;
before(async () => void (world = await makeIssuer()));
after(() => world.end());
beforeEach(() => {
  world.answers = { "POST /api/oauth/token": async () => ({ json: await world.tokens({ clientId: QUICK, nonce: kept.nonce }) }) };
  world.forget();
});
afterEach(closePage);

async function start(page, more) {
  page.focus();
  await client.startQuickSignIn({ issuer: world.issuer, ...more });
  kept = Object.fromEntries(page.destination().searchParams);
  return kept;
}
const back = (page, query, callback = CALLBACK) =>
  openPage(`${callback}?${new URLSearchParams(query)}`, { session: page.session, local: page.local });

describe("startQuickSignIn", () => {
  it("names the app by its origin, and keeps the way back", async () => {
    const page = openPage("https://notes.test/page?x=1#here");
    const { code_challenge, state, nonce, ...asked } = await start(page);
    assert.equal(page.left[0].how, "assign");
    assert.deepEqual(asked, { client_id: QUICK, redirect_uri: CALLBACK, scope: "openid profile email", code_challenge_method: "S256" });
    const flow = JSON.parse(page.session.getItem("ave_quick_pkce"));
    assert.deepEqual([flow.state, flow.nonce], [state, nonce]);
    assert.ok(code_challenge && flow.verifier && flow.createdAt);
    assert.equal(page.session.getItem("ave_quick_return_to"), "/page?x=1#here");
  });

  it("never goes back to another origin, nor to the callback itself", async () => {
    for (const returnTo of ["https://evil.test/", "//evil.test/", "javascript:alert(1)", CALLBACK, "/ave/callback?x"]) {
      const page = openPage("https://notes.test/");
      await start(page, { returnTo });
      assert.equal(page.session.getItem("ave_quick_return_to"), null, returnTo);
    }
    const page = openPage("https://notes.test/");
    await start(page, { returnTo: "https://notes.test//evil.test" });
    assert.equal(page.session.getItem("ave_quick_return_to"), "/evil.test");
  });
});

describe("finishQuickSignIn", () => {
  it("keeps who has signed in", async () => {
    const page = openPage("https://notes.test/");
    const { state } = await start(page);
    const callback = back(page, { code: "c1", state, iss: world.issuer });
    const identity = await client.finishQuickSignIn({ issuer: world.issuer });
    assert.equal(identity.userId, "idn_ada");
    assert.deepEqual([identity.handle, identity.displayName, identity.expiresIn], ["ada", "Ada", 3600]);
    assert.match(identity.token, /\..*\./);
    assert.deepEqual(client.getQuickIdentity(), JSON.parse(JSON.stringify(identity)));
    assert.equal(world.to("/api/oauth/token")[0].json.clientId, QUICK);
    assert.equal(callback.href, CALLBACK);
    assert.deepEqual(Object.keys(page.session), []);
  });

  it("takes another callback, given to both calls", async () => {
    const redirectUri = "https://notes.test/done";
    const page = openPage("https://notes.test/");
    const { state } = await start(page, { redirectUri });
    back(page, { code: "c1", state }, redirectUri);
    assert.ok(await client.finishQuickSignIn({ redirectUri }));
  });

  it("finishes what the embed began, which keeps one flow without an issuer", async () => {
    kept = { verifier: "v".repeat(43), state: "s9", nonce: "n9", createdAt: Date.now() };
    openPage(`${CALLBACK}?code=c9&state=s9`).session.setItem("ave_quick_pkce", JSON.stringify(kept));
    assert.ok(await client.finishQuickSignIn({ issuer: world.issuer }));
  });

  it("refuses tokens for another person than the one it names", async () => {
    world.answers["POST /api/oauth/token"] = async () => ({
      json: { ...(await world.tokens({ clientId: QUICK, nonce: kept.nonce })), user: { id: "idn_eve" } },
    });
    const page = openPage("https://notes.test/");
    const { state } = await start(page);
    back(page, { code: "c1", state });
    await assert.rejects(client.finishQuickSignIn({ issuer: world.issuer }), { error: "invalid_token" });
    assert.equal(client.getQuickIdentity(), null);
  });

  it("refuses an answer without a person, and a callback that nobody asked for", async () => {
    world.answers["POST /api/oauth/token"] = async () => ({ json: await world.tokens({ user: null }) });
    const page = openPage("https://notes.test/");
    const { state } = await start(page);
    back(page, { code: "c1", state });
    await assert.rejects(client.finishQuickSignIn({ issuer: world.issuer }), { error: "invalid_response" });
    back(page, { code: "c1", state: "stranger" });
    await assert.rejects(client.finishQuickSignIn({ issuer: world.issuer }), { error: "state_mismatch" });
  });

  it("is null without a code", async () => {
    openPage(CALLBACK);
    assert.equal(await client.finishQuickSignIn({ issuer: world.issuer }), null);
    assert.equal(await client.handleQuickCallback({ issuer: world.issuer }), null);
  });
});

describe("handleQuickCallback", () => {
  it("goes back to where the sign-in began, once, even when it runs twice", async () => {
    const page = openPage("https://notes.test/deep?x=1");
    const { state } = await start(page);
    const callback = back(page, { code: "c1", state });
    const ends = await Promise.all([client.handleQuickCallback({}), client.handleQuickCallback({})]);
    assert.equal(ends[0], ends[1]);
    assert.deepEqual(callback.left.map(({ how, to }) => [how, to])[0], ["replace", "/deep?x=1"]);
    assert.equal(world.to("/api/oauth/token").length, 1);
  });

  it("goes to the fallback otherwise, and to / after that", async () => {
    for (const [fallbackPath, to] of [["/home", "/home"], [undefined, "/"], ["https://evil.test", "/"]]) {
      const page = openPage("https://notes.test/");
      const { state } = await start(page, { returnTo: CALLBACK });
      const callback = back(page, { code: `c${to}${fallbackPath}`, state });
      await client.handleQuickCallback({ fallbackPath });
      assert.equal(callback.left[0].to, to);
    }
  });
});

describe("Who has signed in", () => {
  const identity = (more) => JSON.stringify({ userId: "idn_ada", token: "t", expiresIn: 60, receivedAt: Date.now(), ...more });

  it("is forgotten when the token has ended, or by hand", () => {
    const { local } = openPage("https://notes.test/");
    local.setItem("ave_quick_identity", identity());
    assert.equal(client.getQuickIdentity().userId, "idn_ada");
    local.setItem("ave_quick_identity", identity({ receivedAt: Date.now() - 61_000 }));
    assert.equal(client.getQuickIdentity(), null);
    assert.equal(local.getItem("ave_quick_identity"), null);
    local.setItem("ave_quick_identity", "{");
    assert.equal(client.getQuickIdentity(), null);
    local.setItem("other", identity());
    assert.ok(client.getQuickIdentity("other"));
    client.clearQuickIdentity("other");
    assert.equal(client.getQuickIdentity("other"), null);
  });

  it("is checked at the server by the token", async () => {
    const { local } = openPage("https://notes.test/");
    const check = () => client.checkQuickSession({ issuer: world.issuer });
    assert.deepEqual(await check(), { status: "login_required", reason: "no_token" });
    local.setItem("ave_quick_identity", identity());
    const answers = [
      [{ json: { status: "active" } }, { status: "active" }],
      [{ status: 401, json: { error: "invalid_token", reason: "revoked" } }, { status: "login_required", reason: "revoked" }],
      [{ status: 401, text: "" }, { status: "login_required", reason: "invalid_token" }],
      [{ status: 404, json: {} }, { status: "unsupported" }],
      [{ status: 501, json: {} }, { status: "unsupported" }],
    ];
    for (const [answer, expected] of answers) {
      world.answers[CHECK] = answer;
      assert.deepEqual(await check(), expected);
    }
    assert.equal(world.asked[0].headers.authorization, "Bearer t");
    world.answers[CHECK] = { status: 500, json: {} };
    await assert.rejects(check(), { status: 500 });
  });

  it("is watched, at once and every minute, until the person must sign in again", async () => {
    mock.timers.enable({ apis: ["setTimeout"] });
    try {
      const { local } = openPage("https://notes.test/");
      local.setItem("ave_quick_identity", identity());
      const told = [];
      const answer = (value) => void (world.answers[CHECK] = value);
      answer({ json: {} });
      const monitor = client.startQuickSessionMonitor({
        issuer: world.issuer,
        onLoginRequired: (reason) => told.push(reason),
        onError: (error) => told.push(error.status),
      });
      const settle = async (count) => {
        while (world.to("/api/oauth/session/check").length < count) await new Promise(setImmediate);
        for (let n = 0; n < 50; n += 1) await new Promise(setImmediate);
      };
      await settle(1);
      answer({ status: 503, json: {} });
      mock.timers.tick(60_000);
      await settle(2);
      answer({ status: 401, json: { reason: "session_ended" } });
      mock.timers.tick(60_000);
      await settle(3);
      mock.timers.tick(600_000);
      await settle(3);
      assert.deepEqual(told, [503, "session_ended"]);
      assert.equal(world.to("/api/oauth/session/check").length, 3);
      monitor.stop();
    } finally {
      mock.timers.reset();
    }
    await later();
  });
});
