// Entry `@procura/sdk/client`: the way to the issuer and back, in tabs that only look like a browser.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, beforeEach, describe, it } from "node:test";
import * as client from "@ave-id/sdk/client";
import { exchangeCodeServer } from "@ave-id/sdk/server";
import { makeKey, makeTab, makeToken, now, startIssuer } from "./world.js";

const { AveError, finishConnectorFlow, finishPkceLogin, startConnectorFlow, startPkceLogin } = client;
let world, config, tab, codes = 0;
before(async () => (world = await startIssuer()));
after(() => world.stop());
beforeEach(() => {
  config = { clientId: "app_1", redirectUri: "https://app.test/callback", issuer: world.issuer };
  tab = makeTab().enter();
  world.requests.length = 0;
});

const s256 = (verifier) => createHash("sha256").update(verifier).digest("base64url");
const newCode = () => `code_${(codes += 1)}`;
const entries = () => ({ ...tab.sessionStorage });

/** Tokens for the last sign-in of a tab. */
function tokensFor(which, { id = {}, access = {}, ...more } = {}) {
  const nonce = which.last().searchParams.get("nonce");
  const aud = which.last().searchParams.get("client_id");
  return {
    access_token: "pat_1",
    access_token_jwt: world.accessToken(access),
    id_token: world.idToken({ aud, azp: aud, nonce, ...id }),
    expires_in: 3600,
    scope: "openid profile email",
    token_type: "Bearer",
    user: { id: "idn_ada", handle: "ada" },
    ...more,
  };
}
const willAnswer = (answer) => (world.routes["POST /api/oauth/token"] = answer);

describe("sign-in", () => {
  it("goes there with PKCE, state and nonce, and keeps them under the names of the Ave SDK", async () => {
    await startPkceLogin(config);
    const url = tab.last();
    const asked = Object.fromEntries(url.searchParams);
    assert.equal(url.origin + url.pathname, `${world.issuer}/signin`);
    assert.deepEqual(Object.keys(asked), ["client_id", "redirect_uri", "scope", "state", "nonce", "code_challenge", "code_challenge_method"]);
    assert.equal(asked.scope, "openid profile email");
    const kept = JSON.parse(tab.sessionStorage.ave_pkce);
    assert.deepEqual([kept.state, kept.nonce, s256(kept.verifier)], [asked.state, asked.nonce, asked.code_challenge]);
    assert.ok(Math.abs(kept.createdAt - Date.now()) < 5000);
    assert.deepEqual(
      [tab.sessionStorage.ave_code_verifier, tab.sessionStorage.ave_nonce, tab.sessionStorage.ave_state],
      [kept.verifier, kept.nonce, kept.state],
    );
    assert.doesNotMatch(url.href, new RegExp(kept.verifier));
    await startPkceLogin({ ...config, scope: "openid", state: "s", nonce: "n", prompt: "login" });
    assert.deepEqual(["scope", "state", "nonce", "prompt"].map((name) => tab.last().searchParams.get(name)), ["openid", "s", "n", "login"]);
  });

  it("comes back with tokens, cleans the address and the storage", async () => {
    await startPkceLogin(config);
    const { verifier } = JSON.parse(tab.sessionStorage.ave_pkce);
    willAnswer(tokensFor(tab));
    const code = newCode();
    tab.answer({ code, iss: world.issuer, tab: "3" });
    const tokens = await finishPkceLogin(config);
    assert.equal(tokens.access_token, "pat_1");
    const sent = world.requests.find((one) => one.path === "/api/oauth/token");
    assert.deepEqual(JSON.parse(sent.body), { grantType: "authorization_code", code, redirectUri: config.redirectUri, clientId: "app_1", codeVerifier: verifier });
    assert.deepEqual(entries(), {});
    assert.equal(tab.location.href, "https://app.test/callback?tab=3");
    assert.equal(await finishPkceLogin(config), null, "nothing is left to finish");
  });

  it("twice with one code gives one exchange", async () => {
    await startPkceLogin(config);
    willAnswer(tokensFor(tab));
    const url = tab.answer({ code: newCode() });
    tab.at("/app?code=of-the-page-itself");
    assert.ok(await finishPkceLogin({ ...config, url }));
    assert.equal(tab.location.href, "https://app.test/app?code=of-the-page-itself");
    tab.at(url);
    const [one, two] = await Promise.all([finishPkceLogin(config), finishPkceLogin(config)]);
    assert.equal(one, two);
    assert.equal(await finishPkceLogin({ ...config, url }), one);
    assert.equal(world.count("/api/oauth/token"), 1);
    await assert.rejects(finishPkceLogin({ ...config, url: url.replace(/state=[^&]+/, "state=forged") }), { error: "state_mismatch" });
  });

  it("in two tabs at once, and twice in one tab: each answer finds its own verifier", async () => {
    const shared = makeTab().localStorage;
    const [left, right] = [makeTab("https://app.test", shared), makeTab("https://app.test", shared)];
    const begin = async (which) => {
      which.enter();
      await startPkceLogin(config);
      return { challenge: which.last().searchParams.get("code_challenge"), tokens: tokensFor(which), url: which.answer({ code: newCode() }), which };
    };
    const flows = [await begin(left), await begin(right), await begin(left)];
    for (const { challenge, tokens, url, which } of [flows[2], flows[0], flows[1]]) {
      which.enter().at(url);
      willAnswer((request) => (s256(JSON.parse(request.body).codeVerifier) === challenge ? tokens : [400, { error: "invalid_grant" }]));
      assert.equal(await finishPkceLogin(config), await finishPkceLogin({ ...config, url }));
      assert.equal(which.location.href, "https://app.test/callback");
    }
    for (const which of [left, right]) assert.deepEqual({ ...which.sessionStorage }, {});
    const later = await begin(left);
    right.enter().at(later.url);
    await assert.rejects(finishPkceLogin(config), { error: "state_mismatch" }, "an answer in a foreign tab is refused");
  });

  it("an answer that is not this page's is refused before anything is sent", async () => {
    await startPkceLogin(config);
    const kept = entries();
    const refused = {
      missing_state: { state: null },
      state_mismatch: { state: "forged" },
      issuer_mismatch: { iss: "https://evil.test" },
    };
    for (const [error, params] of Object.entries(refused)) {
      tab.answer({ code: newCode(), ...params });
      await assert.rejects(finishPkceLogin(config), (thrown) => thrown instanceof AveError && thrown.error === error && thrown.message.startsWith("[Ave] "));
    }
    tab.answer({ code: newCode() });
    await assert.rejects(finishPkceLogin({ ...config, clientId: "app_2" }), { error: "flow_mismatch" });
    await assert.rejects(finishPkceLogin({ ...config, redirectUri: "https://app.test/other" }), { error: "flow_mismatch" });
    assert.deepEqual(entries(), kept);
    assert.equal(world.requests.length, 0);
  });

  it("too late is too late, and old flows are swept away", async () => {
    await startPkceLogin(config);
    const { state } = JSON.parse(tab.sessionStorage.ave_pkce);
    const old = JSON.stringify({ ...JSON.parse(tab.sessionStorage.ave_pkce), createdAt: Date.now() - 601_000 });
    tab.sessionStorage.setItem("ave_pkce", old);
    tab.sessionStorage.setItem(`ave_pkce.${state}`, old);
    const url = tab.answer({ code: newCode() });
    await startPkceLogin(config);
    assert.equal(tab.sessionStorage.getItem(`ave_pkce.${state}`), null);
    await assert.rejects(finishPkceLogin({ ...config, url }), { error: "state_mismatch" });
    tab.sessionStorage.setItem("ave_pkce", old);
    await assert.rejects(finishPkceLogin({ ...config, url }), { error: "flow_expired" });
    tab.sessionStorage.setItem("ave_pkce", "{");
    await assert.rejects(finishPkceLogin({ ...config, url }), { error: "state_mismatch" });
  });

  it("a flow that other code kept under the name of the Ave SDK is finished too", async () => {
    tab.sessionStorage.setItem("ave_pkce", JSON.stringify({ verifier: "v".repeat(43), state: "s1", nonce: "n1", createdAt: Date.now() }));
    willAnswer({ access_token: "pat_1", id_token: world.idToken({ nonce: "n1" }) });
    assert.ok(await finishPkceLogin({ ...config, url: `https://app.test/callback?code=${newCode()}&state=s1` }));
    assert.equal(world.json(0).codeVerifier, "v".repeat(43));
    assert.deepEqual(entries(), {});
  });

  it("no, said the person", async () => {
    await startPkceLogin(config);
    tab.answer({ error: "access_denied", error_description: "The person said no." });
    await assert.rejects(finishPkceLogin(config), { name: "AveError", error: "access_denied", errorDescription: "The person said no.", message: "access_denied" });
    assert.deepEqual(entries(), {});
    assert.equal(await finishPkceLogin({ ...config, url: "https://app.test/?error=mine" }), null, "a parameter of the page itself");
    assert.equal(await finishPkceLogin({ ...config, url: "https://app.test/" }), null);
  });

  it("a refused code is gone; trouble on the way can be tried again", async () => {
    await startPkceLogin(config);
    tab.answer({ code: newCode() });
    willAnswer([503, "<h1>Back soon</h1>"]);
    await assert.rejects(finishPkceLogin(config), { error: "server_error", status: 503 });
    assert.ok(tab.sessionStorage.ave_pkce);
    willAnswer(tokensFor(tab));
    assert.ok(await finishPkceLogin(config));
    await startPkceLogin(config);
    tab.answer({ code: newCode() });
    willAnswer([400, { error: "invalid_grant" }]);
    await assert.rejects(finishPkceLogin(config), { error: "invalid_grant", status: 400 });
    await assert.rejects(finishPkceLogin(config), { error: "invalid_grant" });
    assert.equal(world.count("/api/oauth/token"), 3, "a burnt code is not sent again");
    assert.deepEqual(entries(), {});
  });

  it("tokens that are not for this request are refused", async () => {
    const wrong = [{ id: { nonce: "x" } }, { id: { nonce: undefined } }, { id: { aud: "app_2" } }, { id: { sub: "idn_eve" } }, { id: { exp: 1 } }, { access: { iss: "https://evil.test" } }];
    const forged = makeToken(makeKey("RS256", "rs"), { iss: world.issuer, aud: world.issuer, sub: "idn_ada", exp: now() + 60 }, { typ: "at+jwt" });
    for (const more of [...wrong, { access_token_jwt: forged }, { id_token: world.accessToken({ aud: "app_1" }) }, { access_token_jwt: world.delegated() }]) {
      await startPkceLogin(config);
      willAnswer(tokensFor(tab, more));
      tab.answer({ code: newCode() });
      await assert.rejects(finishPkceLogin(config), { error: "invalid_token" }, JSON.stringify(more));
    }
  });

  it("a browser that cannot check a signature still signs in: the tokens came straight from the issuer", async () => {
    const { subtle } = globalThis.crypto;
    const { importKey } = subtle;
    await startPkceLogin(config);
    willAnswer(tokensFor(tab));
    tab.answer({ code: newCode() });
    subtle.importKey = () => Promise.reject(new DOMException("no", "NotSupportedError"));
    try {
      assert.ok(await finishPkceLogin(config));
    } finally {
      subtle.importKey = importKey;
    }
  });

  it("a session takes the tokens", async () => {
    await startPkceLogin(config);
    const tokens = tokensFor(tab);
    willAnswer(tokens);
    const taken = [];
    const session = { setTokensFromResponse: async (given) => taken.push(given) };
    assert.equal(await client.completeOAuthCallback(session, { ...config, url: "https://app.test/callback" }), null);
    tab.answer({ code: newCode() });
    await client.completeOAuthCallback(session, { ...config, cleanUrl: false });
    assert.deepEqual(taken, [tokens]);
    assert.match(tab.location.href, /code=/);
  });

  it("without storage it says so, and goes nowhere", async () => {
    Object.defineProperty(globalThis, "sessionStorage", { configurable: true, get: () => { throw new DOMException("no", "SecurityError"); } });
    await assert.rejects(startPkceLogin(config), { error: "storage_unavailable" });
    assert.deepEqual(tab.went, []);
  });
});

describe("Connector", () => {
  const ask = (more) => startConnectorFlow({ ...config, resource: "iris:inference", scope: "infer models", ...more });

  it("generates PKCE, saves the state and goes there (seed 000)", async () => {
    await ask();
    const url = tab.last();
    const { code_challenge: challenge, state, ...asked } = Object.fromEntries(url.searchParams);
    assert.equal(url.origin + url.pathname, `${world.issuer}/connect`);
    assert.deepEqual(asked, { client_id: "app_1", redirect_uri: config.redirectUri, resource: "iris:inference", scope: "infer models", mode: "user_present", code_challenge_method: "S256" });
    assert.equal(tab.sessionStorage.ave_connector_state, state, "pages read it back by hand");
    const kept = JSON.parse(tab.sessionStorage.ave_connector_pkce);
    assert.deepEqual([s256(kept.verifier), kept.state, kept.resource, kept.scope, kept.mode], [challenge, state, "iris:inference", "infer models", "user_present"]);
  });

  it("keeps the flow at once, for callers that do not wait", async () => {
    const going = ask();
    const state = tab.sessionStorage.ave_connector_state;
    assert.equal(JSON.parse(tab.sessionStorage.getItem(`ave_connector_pkce.${state}`)).state, state);
    assert.deepEqual(tab.went, []);
    await going;
    assert.equal(tab.last().searchParams.get("state"), state);
  });

  it("keeps nothing when nobody said where to go", async () => {
    await assert.rejects(ask({ issuer: "junk" }), { error: "invalid_issuer" });
    assert.deepEqual([entries(), tab.went], [{}, []]);
  });

  it("asks for the choice to be away", async () => {
    await ask({ presence: "background" });
    assert.deepEqual(["mode", "presence"].map((name) => tab.last().searchParams.get(name)), ["user_present", "background"]);
  });

  it("comes back with all that a server needs, once; PKCE beside the secret works", async () => {
    await ask({ mode: "background" });
    const challenge = tab.last().searchParams.get("code_challenge");
    const state = tab.last().searchParams.get("state");
    const code = newCode();
    const url = tab.answer({ code, iss: world.issuer });
    const answer = await finishConnectorFlow(config);
    assert.deepEqual({ ...answer, codeVerifier: s256(answer.codeVerifier) }, { code, codeVerifier: challenge, state, resource: "iris:inference", scope: "infer models", mode: "background" });
    assert.deepEqual(entries(), {});
    assert.equal(tab.location.href, "https://app.test/callback");
    assert.equal(await finishConnectorFlow({ ...config, url }), answer, "again gives the same");
    assert.equal(await finishConnectorFlow(config), null);
    willAnswer({ access_token: "pat_1" });
    await exchangeCodeServer({ ...config, clientSecret: "pcs_1" }, answer);
    assert.equal(s256(world.json().codeVerifier), challenge);
  });

  it("checks the state", async () => {
    await ask();
    const kept = entries();
    tab.answer({ code: newCode(), state: "forged" });
    await assert.rejects(finishConnectorFlow(config), { error: "state_mismatch" });
    tab.answer({ code: newCode(), state: null });
    await assert.rejects(finishConnectorFlow(config), { error: "missing_state" });
    assert.deepEqual(entries(), kept);
  });

  it("raises what the issuer answered, and forgets the flow", async () => {
    for (const error of ["access_denied", "login_required", "consent_required", "invalid_scope", "invalid_target"]) {
      await ask({ mode: "background" });
      tab.answer({ error, error_description: "Why." });
      await assert.rejects(finishConnectorFlow(config), { name: "AveError", error, errorDescription: "Why." });
      assert.deepEqual(entries(), {});
      await assert.rejects(finishConnectorFlow(config), { error }, "again says the same");
    }
    await assert.rejects(finishConnectorFlow({ ...config, url: "https://app.test/callback?error=access_denied" }), { error: "access_denied" });
  });

  it("takes no error that answers another page", async () => {
    await ask();
    const kept = entries();
    const url = tab.answer({ error: "access_denied", state: "forged" });
    await assert.rejects(finishConnectorFlow({ ...config, url }), (thrown) => thrown instanceof AveError && thrown.error === "state_mismatch" && thrown.message.startsWith("[Ave] "));
    assert.deepEqual(entries(), kept);
  });

  it("and sign-in share a callback page: each takes only its own answers", async () => {
    await ask();
    const connected = tab.answer({ code: newCode() });
    await startPkceLogin(config);
    const tokens = tokensFor(tab);
    const signedIn = tab.answer({ code: newCode() });
    willAnswer(tokens);
    assert.equal(await finishPkceLogin({ ...config, url: connected }), null);
    assert.equal(await finishConnectorFlow({ ...config, url: signedIn }), null);
    assert.equal((await finishConnectorFlow({ ...config, url: connected })).resource, "iris:inference");
    assert.equal((await finishPkceLogin({ ...config, url: signedIn })).access_token, "pat_1");
  });

  it("two at once: the name of the seed holds the latest, and both come back", async () => {
    await ask();
    const first = tab.answer({ code: newCode() });
    await ask({ resource: "calendar:events", scope: "read" });
    const second = tab.answer({ code: newCode() });
    const latest = tab.sessionStorage.ave_connector_state;
    assert.equal(new URL(second).searchParams.get("state"), latest);
    assert.equal((await finishConnectorFlow({ ...config, url: first })).resource, "iris:inference");
    assert.equal(tab.sessionStorage.ave_connector_state, latest);
    assert.equal((await finishConnectorFlow({ ...config, url: second })).resource, "calendar:events");
    assert.deepEqual(entries(), {});
  });
});
