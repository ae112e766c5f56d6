import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { completeOAuthCallback, finishPkceLogin, startPkceLogin } from "../dist/client.js";
import { makeIssuer, makeKey, mint, seconds } from "./support/issuer.js";
import { closePage, freshCopy, later, openPage } from "./support/page.js";

const CALLBACK = "https://notes.test/callback";
const TOKEN = "POST /api/oauth/token";
let world, app, kept;
before(async () => void (world = await makeIssuer()));
after(() => world.end());
beforeEach(() => {
  app = { clientId: "app_notes", redirectUri: CALLBACK, issuer: world.issuer };
  world.answers = { [TOKEN]: async () => ({ json: await world.tokens({ nonce: kept?.nonce }) }) };
  world.forget();
});
afterEach(closePage);

/** Starts a sign-in in a page, and gives what it asked for. */
async function start(page, more, sdk = { startPkceLogin }) {
  page.focus();
  await sdk.startPkceLogin({ ...app, ...more });
  const asked = Object.fromEntries(page.destination().searchParams);
  kept = asked;
  return asked;
}

/** Opens the callback page in the same tab. */
const back = (page, query) => openPage(`${CALLBACK}?${new URLSearchParams(query)}`, { session: page.session, local: page.local });

describe("startPkceLogin", () => {
  it("keeps verifier, state and nonce, and asks with the challenge", async () => {
    const page = openPage("https://notes.test/");
    const asked = await start(page);
    assert.equal(page.left[0].how, "href");
    assert.ok(page.left[0].to.startsWith(`${world.issuer}/signin?`));
    const { verifier, state, nonce, createdAt } = JSON.parse(page.session.getItem("ave_pkce"));
    assert.equal(asked.code_challenge, createHash("sha256").update(verifier).digest("base64url"));
    assert.deepEqual([asked.code_challenge_method, asked.state, asked.nonce, asked.scope], ["S256", state, nonce, "openid profile email"]);
    assert.ok(Math.abs(Date.now() - createdAt) < 5000);
    assert.deepEqual(["ave_code_verifier", "ave_state", "ave_nonce"].map((key) => page.session.getItem(key)), [verifier, state, nonce]);
  });

  it("uses the state, nonce, scope and prompt that it is given", async () => {
    const asked = await start(openPage("https://notes.test/"), { state: "mine", nonce: "once", scope: "openid offline_access", prompt: "login" });
    assert.deepEqual([asked.state, asked.nonce, asked.scope, asked.prompt], ["mine", "once", "openid offline_access", "login"]);
  });
});

describe("finishPkceLogin", () => {
  it("is null on a page without a code, so it may run on every load", async () => {
    openPage("https://notes.test/?error=access_denied&state=x");
    assert.equal(await finishPkceLogin(app), null);
    assert.equal(world.asked.length, 0);
  });

  it("exchanges the code with the verifier, checks the tokens, and leaves nothing behind", async () => {
    const page = openPage("https://notes.test/");
    const { state } = await start(page);
    const { verifier } = JSON.parse(page.session.getItem("ave_pkce"));
    const callback = back(page, { tab: "4", code: "c1", state, iss: world.issuer });
    const tokens = await finishPkceLogin({ ...app, issuer: `${world.issuer}/` });
    assert.equal(tokens.user.id, "idn_ada");
    assert.deepEqual(world.to("/api/oauth/token")[0].json, {
      grantType: "authorization_code",
      code: "c1",
      redirectUri: CALLBACK,
      clientId: "app_notes",
      codeVerifier: verifier,
    });
    assert.equal(callback.href, `${CALLBACK}?tab=4`);
    assert.deepEqual(Object.keys(page.session), []);
  });

  it("leaves the address alone when told so, and reads one that it is given", async () => {
    const page = openPage("https://notes.test/");
    let { state } = await start(page);
    const callback = back(page, { code: "c1", state });
    await finishPkceLogin({ ...app, cleanUrl: false });
    assert.match(callback.href, /code=c1/);
    ({ state } = await start(page));
    const elsewhere = openPage("https://notes.test/home?code=unrelated", { session: page.session });
    assert.ok(await finishPkceLogin({ ...app, url: `${CALLBACK}?code=c2&state=${state}` }));
    assert.equal(elsewhere.href, "https://notes.test/home?code=unrelated");
  });

  it("remembers the issuer of the start", async () => {
    const page = openPage("https://notes.test/");
    const { state } = await start(page);
    back(page, { code: "c1", state });
    assert.ok(await finishPkceLogin({ clientId: "app_notes", redirectUri: CALLBACK }));
  });

  it("gives one result to a page that runs it twice", async () => {
    const page = openPage("https://notes.test/");
    const { state } = await start(page);
    back(page, { code: "c1", state });
    const [first, second] = await Promise.all([finishPkceLogin(app), finishPkceLogin(app)]);
    const third = await finishPkceLogin({ ...app, url: `${CALLBACK}?code=c1&state=${state}` });
    assert.ok(first === second && second === third);
    assert.equal(world.to("/api/oauth/token").length, 1);
  });

  it("keeps two flows of one storage apart, whichever comes back first", async () => {
    const page = openPage("https://notes.test/");
    const first = await start(page);
    const second = await start(page);
    const verifiers = [first, second].map(({ state }) => JSON.parse(page.session.getItem(`ave_pkce:${state}`)).verifier);
    const tabs = [await freshCopy("client"), await freshCopy("client")];
    kept = first;
    back(page, { code: "c1", state: first.state });
    await tabs[0].finishPkceLogin(app);
    kept = second;
    back(page, { code: "c2", state: second.state });
    await tabs[1].finishPkceLogin(app);
    assert.deepEqual(world.to("/api/oauth/token").map(({ json }) => json.codeVerifier), verifiers);
    assert.deepEqual(Object.keys(page.session), []);
  });

  const refusals = {
    "without a state": [{ code: "c1" }, "invalid_callback"],
    "with a state that nobody here has made": [{ code: "c1", state: "stranger" }, "state_mismatch"],
    "with an empty state": [{ code: "c1", state: "" }, "invalid_callback"],
  };
  for (const [name, [query, error]] of Object.entries(refusals)) {
    it(`refuses a callback ${name}, before any request`, async () => {
      const page = openPage("https://notes.test/");
      await start(page);
      back(page, query);
      await assert.rejects(finishPkceLogin(app), { name: "AveError", error, message: /^\[Procura\] / });
      assert.equal(world.asked.length, 0);
      assert.ok(page.session.getItem("ave_pkce"), "the flow that is under way stays");
    });
  }

  it("refuses a flow of more than ten minutes ago, and forgets it", async () => {
    const page = openPage("https://notes.test/");
    const { state } = await start(page);
    const old = JSON.stringify({ ...JSON.parse(page.session.getItem("ave_pkce")), createdAt: Date.now() - 600_001 });
    page.session.setItem("ave_pkce", old);
    page.session.setItem(`ave_pkce:${state}`, old);
    back(page, { code: "c1", state });
    await assert.rejects(finishPkceLogin(app), { error: "flow_expired" });
    assert.equal(page.session.getItem("ave_pkce"), null);
    assert.equal(world.asked.length, 0);
  });

  it("refuses what lies corrupt in storage", async () => {
    openPage(`${CALLBACK}?code=c1&state=s`).session.setItem("ave_pkce", "{");
    await assert.rejects(finishPkceLogin(app), { error: "state_mismatch" });
  });

  it("refuses an answer of another issuer than the one that was asked", async () => {
    const page = openPage("https://notes.test/");
    const { state } = await start(page);
    back(page, { code: "c1", state, iss: "https://evil.test" });
    await assert.rejects(finishPkceLogin(app), { error: "invalid_callback" });
    back(page, { code: "c2", state });
    await assert.rejects(finishPkceLogin({ ...app, issuer: "https://evil.test" }), { error: "invalid_callback" });
    assert.equal(world.asked.length, 0);
  });

  it("takes a flow that only lies under the common name", async () => {
    const flow = { verifier: "v".repeat(43), state: "s1", nonce: "n1", createdAt: Date.now() };
    kept = flow;
    openPage(`${CALLBACK}?code=c1&state=s1`).session.setItem("ave_pkce", JSON.stringify(flow));
    assert.ok(await finishPkceLogin(app));
  });

  it("forgets a flow whose code was refused, and tells the code", async () => {
    world.answers[TOKEN] = { status: 400, json: { error: "invalid_grant" } };
    const page = openPage("https://notes.test/");
    const { state } = await start(page);
    back(page, { code: "c1", state });
    await assert.rejects(finishPkceLogin(app), { message: "invalid_grant" });
    assert.deepEqual(Object.keys(page.session), []);
  });

  it("keeps a flow that nobody has judged, and the next try succeeds", async () => {
    const page = openPage("https://notes.test/");
    const { state } = await start(page);
    const good = world.answers[TOKEN];
    for (const trouble of [{ status: 503, text: "" }, { hangUp: true }]) {
      world.answers[TOKEN] = trouble;
      back(page, { code: "c1", state });
      await assert.rejects(finishPkceLogin(app));
      await later();
    }
    world.answers[TOKEN] = good;
    assert.ok(await finishPkceLogin(app));
  });

  const badTokens = {
    "another nonce": ["nonce_mismatch", async () => world.tokens({ nonce: "other" })],
    "an ID token for another app": ["invalid_token", async () => world.tokens({ nonce: kept.nonce, clientId: "app_other" })],
    "tokens of two people": [
      "invalid_token",
      async () => ({ ...(await world.tokens({ nonce: kept.nonce })), access_token_jwt: (await world.tokens({ sub: "idn_eve" })).access_token_jwt }),
    ],
    "a forged ID token": [
      "invalid_token",
      async () => {
        const claims = { iss: world.issuer, sub: "idn_ada", aud: "app_notes", nonce: kept.nonce, exp: seconds() + 60 };
        return { ...(await world.tokens()), id_token: await mint(await makeKey("RS256", "k1"), claims, { typ: "JWT" }) };
      },
    ],
    "a delegated token for a sign-in": [
      "invalid_token",
      async () => {
        const claims = { iss: world.issuer, sub: "idn_ada", aud: world.issuer, exp: seconds() + 60, grant_id: "g", target_resource: "r:x" };
        return { ...(await world.tokens({ nonce: kept.nonce })), access_token_jwt: await mint(world.key, claims, { typ: "at+jwt" }) };
      },
    ],
  };
  for (const [name, [error, tokens]] of Object.entries(badTokens)) {
    it(`refuses ${name}`, async () => {
      const page = openPage("https://notes.test/");
      const { state } = await start(page);
      world.answers[TOKEN] = async () => ({ json: await tokens() });
      back(page, { code: "c1", state });
      await assert.rejects(finishPkceLogin(app), { error });
    });
  }

  it("does with the claims alone where the browser does not know the algorithm", async () => {
    const page = openPage("https://notes.test/");
    const { state } = await start(page);
    back(page, { code: "c1", state });
    const { importKey } = crypto.subtle;
    crypto.subtle.importKey = async () => {
      throw new DOMException("no such algorithm", "NotSupportedError");
    };
    try {
      assert.ok(await finishPkceLogin(app));
    } finally {
      crypto.subtle.importKey = importKey;
    }
  });
});

describe("completeOAuthCallback", () => {
  it("gives the tokens to the session", async () => {
    const given = [];
    const session = { setTokensFromResponse: async (tokens) => void given.push(tokens) };
    openPage("https://notes.test/");
    assert.equal(await completeOAuthCallback(session, app), null);
    const page = openPage("https://notes.test/");
    const { state } = await start(page);
    back(page, { code: "c1", state });
    assert.deepEqual([await completeOAuthCallback(session, app)], given);
  });
});
