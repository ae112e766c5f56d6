// Quick (sign-in without registration) and the browser's own dialog, in tabs that only look like a browser.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import * as client from "@ave-id/sdk/client";
import { makeTab, makeToken, now, startIssuer } from "./world.js";

const { checkQuickSession, clearQuickIdentity, finishQuickSignIn, getQuickIdentity, handleQuickCallback, startQuickSessionMonitor, startQuickSignIn } = client;
let world, issuer, tab, codes = 0;
before(async () => {
  world = await startIssuer();
  ({ issuer } = world);
});
after(() => world.stop());
beforeEach(() => {
  tab = makeTab().enter();
  world.requests.length = 0;
});
const newCode = () => `quick_${(codes += 1)}`;
const ORIGIN = "origin:https://app.test";
const willAnswer = (answer) => (world.routes["POST /api/oauth/token"] = answer);
const tokens = (nonce, { user = { id: "idn_ada", handle: "ada", displayName: "Ada" }, id = {}, ...more } = {}) => ({
  access_token: "pat_1",
  access_token_jwt: world.accessToken({ cid: ORIGIN, quick: true }),
  id_token: world.idToken({ aud: ORIGIN, azp: ORIGIN, nonce, ...id }),
  expires_in: 3600,
  scope: "openid profile email",
  token_type: "Bearer",
  user,
  ...more,
});

describe("Quick", () => {
  const begin = async (more) => {
    await startQuickSignIn({ issuer, ...more });
    return tab.last().searchParams.get("nonce");
  };

  it("goes there with the page's origin as its client id", async () => {
    tab.at("/notes?page=2#top");
    await begin();
    const asked = Object.fromEntries(tab.last().searchParams);
    assert.deepEqual([asked.client_id, asked.redirect_uri, asked.scope, asked.code_challenge_method], [ORIGIN, "https://app.test/ave/callback", "openid profile email", "S256"]);
    assert.deepEqual(Object.keys(JSON.parse(tab.sessionStorage.ave_quick_pkce)).slice(0, 4), ["verifier", "state", "nonce", "createdAt"]);
    assert.equal(tab.sessionStorage.ave_quick_return_to, "/notes?page=2#top");
  });

  it("never goes back to another origin, nor in circles", async () => {
    for (const returnTo of ["https://evil.test/", "//evil.test", "javascript:alert(1)", "/ave/callback?x=1"]) {
      await begin({ returnTo });
      assert.equal(tab.sessionStorage.getItem("ave_quick_return_to"), null, returnTo);
    }
    await begin({ returnTo: "/home", redirectUri: "https://app.test/cb" });
    assert.equal(tab.sessionStorage.ave_quick_return_to, "/home");
    const nonce = tab.last().searchParams.get("nonce");
    tab.sessionStorage.setItem("ave_quick_return_to", "https://evil.test/");
    willAnswer(tokens(nonce));
    tab.answer({ code: newCode() });
    await handleQuickCallback({ issuer, redirectUri: "https://app.test/cb", fallbackPath: "/start" });
    assert.equal(tab.last().href, "https://app.test/start");
  });

  it("comes back with an identity and goes to where the person was, also when called twice", async () => {
    tab.at("/notes");
    willAnswer(tokens(await begin()));
    tab.answer({ code: newCode(), iss: issuer });
    const [one, two] = await Promise.all([handleQuickCallback({ issuer }), handleQuickCallback({ issuer })]);
    assert.equal(one, two);
    assert.deepEqual(tab.went.slice(1), ["https://app.test/notes"]);
    assert.deepEqual([one.userId, one.handle, one.displayName, one.expiresIn], ["idn_ada", "ada", "Ada", 3600]);
    assert.ok(one.token && one.idToken && Math.abs(one.receivedAt - Date.now()) < 5000);
    assert.deepEqual(getQuickIdentity(), JSON.parse(JSON.stringify(one)));
    assert.deepEqual({ ...tab.sessionStorage }, {});
    assert.equal(world.json(0).clientId, ORIGIN);
    assert.equal(await handleQuickCallback({ issuer }), null);
    clearQuickIdentity();
    assert.equal(getQuickIdentity(), null);
  });

  it("finishes what the embed began", async () => {
    tab.sessionStorage.setItem("ave_quick_pkce", JSON.stringify({ verifier: "v".repeat(43), state: "s1", nonce: "n1", createdAt: Date.now() }));
    willAnswer(tokens("n1"));
    tab.at(`/ave/callback?code=${newCode()}&state=s1`);
    assert.equal((await finishQuickSignIn({ issuer })).userId, "idn_ada");
    assert.equal(world.json(0).codeVerifier, "v".repeat(43));
    assert.equal(tab.location.href, "https://app.test/ave/callback");
  });

  it("refuses what is not its own", async () => {
    assert.equal(await finishQuickSignIn({ issuer }), null);
    await begin();
    tab.answer({ code: newCode(), state: "forged" });
    await assert.rejects(finishQuickSignIn({ issuer }), (error) => error.error === "state_mismatch" && error.message.startsWith("[Quick Ave] "));
    const wrong = [{ id: { nonce: "x" } }, { id: { sub: "idn_eve" } }, { user: { id: "idn_eve" } }, { id: { aud: "origin:https://evil.test" } }];
    for (const more of wrong) {
      willAnswer(tokens(await begin(), more));
      tab.answer({ code: newCode() });
      await assert.rejects(finishQuickSignIn({ issuer }), { error: "invalid_token" }, JSON.stringify(more));
    }
    willAnswer(tokens(await begin(), { user: null }));
    tab.answer({ code: newCode() });
    await assert.rejects(finishQuickSignIn({ issuer }), { error: "invalid_response" });
    assert.equal(getQuickIdentity(), null);
  });

  it("says code and sentence, drops a burnt code and keeps one that met trouble", async () => {
    const nonce = await begin();
    tab.answer({ code: newCode() });
    willAnswer([502, "<h1>Bad gateway</h1>"]);
    await assert.rejects(finishQuickSignIn({ issuer }), { error: "server_error", status: 502 });
    assert.ok(tab.sessionStorage.ave_quick_pkce);
    willAnswer(tokens(nonce));
    assert.ok(await finishQuickSignIn({ issuer }));
    await begin();
    tab.answer({ code: newCode() });
    willAnswer([400, { error: "invalid_grant", error_description: "Too late." }]);
    await assert.rejects(finishQuickSignIn({ issuer }), { error: "invalid_grant", message: "invalid_grant: Too late.", errorDescription: "Too late." });
    assert.equal(tab.sessionStorage.getItem("ave_quick_pkce"), null);
    await begin();
    tab.answer({ error: "access_denied" });
    await assert.rejects(finishQuickSignIn({ issuer }), { error: "access_denied" });
  });

  it("an identity ends after its hour, and junk is none", () => {
    const identity = { userId: "idn_ada", token: "t", expiresIn: 3600, receivedAt: Date.now() };
    const put = (value, key = "ave_quick_identity") => tab.localStorage.setItem(key, typeof value === "string" ? value : JSON.stringify(value));
    put(identity);
    assert.deepEqual(getQuickIdentity(), identity);
    put({ ...identity, receivedAt: Date.now() - 3_600_001 });
    assert.equal(getQuickIdentity(), null);
    assert.equal(tab.localStorage.getItem("ave_quick_identity"), null);
    for (const junk of ["{", "null", "7", { userId: "x" }, { ...identity, receivedAt: undefined }]) {
      put(junk);
      assert.equal(getQuickIdentity(), null);
    }
    put(identity, "mine");
    assert.equal(getQuickIdentity("mine").userId, "idn_ada");
  });
});

describe("whether the person is still signed in", () => {
  const path = "POST /api/oauth/session/check";
  it("is what the issuer says", async () => {
    assert.deepEqual(await checkQuickSession({ issuer }), { status: "login_required", reason: "no_token" });
    assert.equal(world.requests.length, 0);
    const table = [
      [{ active: true }, { status: "active" }],
      [[404, {}], { status: "unsupported" }],
      [[501, "<p>"], { status: "unsupported" }],
      [[401, { reason: "session_ended" }], { status: "login_required", reason: "session_ended" }],
      [[401, "<p>"], { status: "login_required", reason: "invalid_token" }],
    ];
    for (const [answer, expected] of table) {
      world.routes[path] = answer;
      assert.deepEqual(await checkQuickSession({ issuer, token: "t" }), expected);
    }
    assert.deepEqual([world.requests[0].headers.authorization, world.requests[0].body], ["Bearer t", ""]);
    world.routes[path] = [500, {}];
    await assert.rejects(checkQuickSession({ issuer, token: "t" }), { error: "server_error", status: 500 });
  });

  it("is asked again and again, one at a time, until the answer is no", async () => {
    let open = 0;
    const answers = [[500, {}], { active: true }, [401, { reason: "gone" }]];
    world.routes[path] = async () => {
      open += 1;
      assert.equal(open, 1);
      await new Promise((resolve) => setTimeout(resolve, 20));
      open -= 1;
      return answers.shift();
    };
    const errors = [];
    const ended = await new Promise((resolve) => startQuickSessionMonitor({ issuer, token: "t", intervalMs: 1, onLoginRequired: resolve, onError: (error) => errors.push(error.error) }));
    assert.deepEqual([ended, errors, world.requests.length], [{ status: "login_required", reason: "gone" }, ["server_error"], 3]);
    world.routes[path] = { active: true };
    const monitor = startQuickSessionMonitor({ issuer, token: "t", intervalMs: 1, onLoginRequired: assert.fail, onError: assert.fail });
    monitor.stop();
    await new Promise((resolve) => setTimeout(resolve, 1200));
    assert.equal(world.requests.length, 4, "stopped is stopped, and a second is the least");
  });
});

describe("the browser's own dialog", () => {
  const config = () => ({ clientId: "app_1", redirectUri: "https://app.test/callback", issuer });
  let asked;
  const define = (name, value) => Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  const browser = (get) => {
    define("window", { isSecureContext: true, IdentityCredential: class {} });
    define("navigator", { credentials: { get: async (request) => ((asked = request), get(request.identity.providers[0])) } });
  };
  afterEach(() => delete globalThis.window);

  const assertion = ({ nonce, params }, more) => ({ token: makeToken(world.key, { iss: issuer, aud: "app_1", nonce, state: params.state, exp: now() + 300, ...more }) });
  const exchange = (more) =>
    (world.routes["POST /api/oauth/fedcm/exchange"] = () => ({ access_token: "pat_1", id_token: world.idToken({ nonce: asked.identity.providers[0].nonce, ...more }), access_token_jwt: world.accessToken() }));

  it("is there or not", () => {
    assert.equal(client.supportsFedCm(), false);
    browser(() => null);
    assert.equal(client.supportsFedCm(), true);
    delete window.IdentityCredential;
    assert.equal(client.supportsFedCm(), false);
    browser(() => null);
    window.isSecureContext = false;
    assert.equal(client.supportsFedCm(), false);
  });

  it("gives tokens", async () => {
    browser((provider) => assertion(provider));
    exchange();
    assert.equal((await client.signIn({ ...config(), prompt: "login" })).access_token, "pat_1");
    const [provider] = asked.identity.providers;
    assert.deepEqual([asked.mediation, asked.identity.context, provider.configURL, provider.clientId, provider.fields], ["optional", "signin", `${issuer}/api/oauth/fedcm/config`, "app_1", ["name", "email", "picture"]]);
    assert.deepEqual(provider.params, { scope: "openid profile email", redirectUri: "https://app.test/callback", state: provider.params.state, nonce: provider.nonce, prompt: "login" });
    assert.deepEqual(tab.went, []);
  });

  it("answers to another request are refused, and nothing else is tried", async () => {
    exchange();
    for (const more of [{ nonce: "x" }, { state: "x" }]) {
      browser((provider) => assertion(provider, more));
      await assert.rejects(client.signIn(config()), { error: "state_mismatch" });
    }
    browser((provider) => assertion(provider));
    exchange({ nonce: "x" });
    await assert.rejects(client.signIn(config()), { error: "invalid_token" });
    assert.deepEqual(tab.went, []);
  });

  it("falls back to a redirect when there is no answer, never when the person said no", async () => {
    const failing = (name) => () => {
      throw name === "TypeError" ? new TypeError("no") : new DOMException("no", name);
    };
    for (const name of ["NotSupportedError", "NetworkError", "IdentityCredentialError", "TypeError"]) {
      browser(failing(name));
      assert.equal(await client.signIn(config()), null, name);
    }
    assert.equal(tab.went.length, 4);
    browser((provider) => assertion(provider));
    world.routes["POST /api/oauth/fedcm/exchange"] = [404, {}];
    assert.equal(await client.signIn(config()), null);
    assert.equal(tab.went.length, 5);
    for (const name of ["NotAllowedError", "AbortError"]) {
      browser(failing(name));
      await assert.rejects(client.signIn(config()), { name });
    }
    assert.equal(tab.went.length, 5);
    assert.equal(await client.signIn({ ...config(), preferFedCm: false }), null);
    assert.equal(tab.went.length, 6);
  });
});
