// Sign-in tokens: what passes, what is refused, and how often the issuer is asked for its keys.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { fetchJwks, verifyJwt } from "@ave-id/sdk";
import { getBearerToken, verifyAveIdToken, verifyAveIdTokenFromAuthHeader, verifyDelegatedToken } from "@ave-id/sdk/server";
import { makeKey, makeToken, now, startIssuer } from "./world.js";

let world;
before(async () => (world = await startIssuer()));
after(() => world.stop());

const idToken = (claims, header) => world.idToken(claims, header);
const check = (token, more) => verifyAveIdToken(token, { clientId: "app_1", issuer: world.issuer, ...more });

describe("an ID token", () => {
  it("is for this app, whichever of the three algorithms signed it", async () => {
    for (const key of world.keys) {
      const token = makeToken(key, { iss: world.issuer, aud: "app_1", sub: "idn_ada", exp: now() + 60, nonce: "n" });
      assert.equal((await check(token))?.sub, "idn_ada", key.alg);
      assert.equal((await verifyJwt(token, { issuer: world.issuer, audience: ["x", "app_1"], nonce: "n" }))?.sub, "idn_ada", key.alg);
    }
  });

  it("passes with a slash after the issuer, and half a minute late", async () => {
    assert.ok(await check(idToken(), { issuer: `${world.issuer}/` }));
    assert.ok(await check(idToken({ exp: now() - 25 })));
  });

  it("is refused when one thing is wrong", async () => {
    const other = makeKey("RS256", "rs");
    const wrong = {
      "another audience": idToken({ aud: "app_2" }),
      "another issuer": idToken({ iss: `${world.issuer}/` }),
      expired: idToken({ exp: now() - 31 }),
      "no end": idToken({ exp: undefined }),
      "an end that is text": idToken({ exp: String(now() + 60) }),
      "not yet": idToken({ nbf: now() + 60 }),
      "made for another app": idToken({ aud: ["app_1", "app_2"], azp: "app_2" }),
      "two audiences, no azp": idToken({ aud: ["app_1", "app_2"], azp: undefined }),
      "no person": idToken({ sub: undefined }),
      "typ of an access token": idToken({}, { typ: "at+jwt" }),
      "typ of a logout token": idToken({}, { typ: "logout+jwt" }),
      "no typ": idToken({}, { typ: undefined }),
      "a delegated token": idToken({ target_resource: "iris:inference" }),
      "a token of a grant": idToken({ grant_id: "g1" }),
      "alg none": `${idToken({}, { alg: "none" }).split(".").slice(0, 2).join(".")}.`,
      "alg none, with a signature": idToken({}, { alg: "none" }),
      "HS256 with the public key": idToken({}, { alg: "HS256" }),
      "an inherited name": idToken({}, { alg: "constructor" }),
      "another algorithm than its key": idToken({}, { alg: "ES256" }),
      "a critical extension": idToken({}, { crit: ["x"], x: 1 }),
      "another key": makeToken(other, { iss: world.issuer, aud: "app_1", sub: "idn_ada", exp: now() + 60 }),
      "no such key": idToken({}, { kid: "../../etc/passwd" }),
      "a key id that is no text": idToken({}, { kid: 7 }),
      "two parts": idToken().split(".").slice(0, 2).join("."),
      "four parts": `${idToken()}.x`,
      padding: `${idToken()}=`,
      "a changed claim": idToken().replace(/\.[^.]+\./, `.${Buffer.from(JSON.stringify({ iss: world.issuer, aud: "app_1", sub: "idn_eve", exp: now() + 60 })).toString("base64url")}.`),
      empty: "",
      "longer than 16 KiB": idToken({ name: "a".repeat(16_384) }),
      nothing: undefined,
    };
    for (const [name, token] of Object.entries(wrong)) assert.equal(await check(token), null, name);
    assert.equal(await check(idToken({ nonce: "a" }), { nonce: "b" }), null, "another nonce");
  });

  it("a short key and a key for encryption are not used", async () => {
    const { jwk } = world.key;
    const claims = { issuer: world.issuer, audience: "app_1" };
    assert.ok(await verifyJwt(idToken(), { ...claims, jwks: { keys: [jwk] } }));
    assert.equal(await verifyJwt(idToken(), { ...claims, jwks: { keys: [{ ...jwk, use: "enc" }] } }), null);
    assert.equal(await verifyJwt(idToken(), { ...claims, jwks: { keys: [{ ...jwk, alg: "RS512" }] } }), null);
    const short = makeKey("RS256", "rs", 1024);
    const token = makeToken(short, { iss: world.issuer, aud: "app_1", exp: now() + 60 });
    assert.equal(await verifyJwt(token, { ...claims, jwks: { keys: [short.jwk] } }), null);
    assert.equal(await verifyJwt(idToken(), { ...claims, jwks: { keys: [] } }), null);
  });

  it("is refused where the platform cannot check its signature", async () => {
    const { subtle } = globalThis.crypto;
    const { importKey } = subtle;
    subtle.importKey = () => Promise.reject(new DOMException("no", "NotSupportedError"));
    try {
      assert.equal(await check(idToken()), null);
      assert.equal(await verifyJwt(idToken(), { issuer: world.issuer, audience: "app_1" }), null);
      await assert.rejects(
        verifyDelegatedToken(world.delegated(), { issuer: world.issuer, audience: "https://iris.test", resource: "iris:inference" }),
        { error: "unsupported_algorithm" },
      );
    } finally {
      subtle.importKey = importKey;
    }
    assert.ok(await check(idToken()));
  });

  it("comes in a header", async () => {
    assert.equal(getBearerToken("bearer abc def"), "abc");
    assert.equal(getBearerToken("  BEARER\tabc"), "abc");
    for (const none of ["Basic abc", "Bearer", "Bearer ", "", null, undefined, "xBearer abc"]) assert.equal(getBearerToken(none), null);
    const options = { clientId: "app_1", issuer: world.issuer };
    const principal = await verifyAveIdTokenFromAuthHeader(`Bearer ${idToken({ name: "Ada" })}`, options);
    assert.deepEqual([principal.subject, principal.claims.name], ["idn_ada", "Ada"]);
    assert.equal(await verifyAveIdTokenFromAuthHeader(undefined, options), null);
    assert.equal(await verifyAveIdTokenFromAuthHeader("Bearer x", options), null);
  });

  it("mistakes in the program are no verdict", async () => {
    await assert.rejects(verifyAveIdToken(idToken(), { clientId: "app_1", issuer: "junk" }), { error: "invalid_issuer" });
    await assert.rejects(verifyAveIdToken(idToken(), { clientId: undefined, issuer: world.issuer }), { error: "missing_client_id" });
    await assert.rejects(verifyJwt(idToken(), { audience: "app_1" }), { error: "missing_issuer" });
  });
});

describe("an access token", () => {
  it("is for the issuer (seed 002), unless another audience was asked for", async () => {
    assert.equal((await verifyJwt(world.accessToken(), { issuer: world.issuer }))?.cid, "app_1");
    assert.equal(await verifyJwt(world.accessToken({ aud: "https://api.test" }), { issuer: world.issuer }), null);
    assert.ok(await verifyJwt(world.accessToken({ aud: "https://api.test" }), { issuer: world.issuer, audience: "https://api.test" }));
    assert.equal(await verifyJwt(idToken(), { issuer: world.issuer }), null, "an ID token is for the app");
    assert.equal(await verifyJwt(world.delegated(), { issuer: world.issuer, audience: "https://iris.test" }), null, "a delegated one is for neither");
  });

  it("signs nobody in", async () => {
    assert.equal(await check(world.accessToken({ aud: "app_1" })), null);
  });
});

describe("another issuer", () => {
  it("is found by discovery, or named", async () => {
    world.routes["GET /elsewhere"] = { issuer: world.issuer, jwks_uri: `${world.issuer}/.well-known/jwks.json` };
    assert.ok(await verifyJwt(idToken(), { discoveryUrl: `${world.issuer}/elsewhere`, audience: "app_1" }));
    assert.equal(await verifyJwt(idToken(), { discoveryUrl: `${world.issuer}/elsewhere`, issuer: "https://id.test", audience: "app_1" }), null);
    const jwksUrl = `${world.issuer}/.well-known/jwks.json`;
    const token = idToken({ iss: "https://other.test/" });
    assert.ok(await verifyJwt(token, { issuer: "https://other.test", expectedIssuer: "https://other.test/", jwksUrl, audience: "app_1" }));
  });
});

describe("the keys", () => {
  const { now: realNow } = Date;
  let own, ahead;
  beforeEach(async () => {
    own = await startIssuer();
    ahead = 0;
    // A clock that stands still between two calls of `seconds`, so that a slow machine changes nothing.
    const start = realNow();
    Date.now = () => start + ahead;
  });
  afterEach(() => {
    Date.now = realNow;
    return own.stop();
  });
  const asked = () => own.count("/.well-known/jwks.json");
  const verify = (token) => verifyDelegatedToken(token, { issuer: own.issuer, audience: "https://iris.test", resource: "iris:inference" });
  const seconds = (count) => (ahead += count * 1000);

  it("are asked for once by many callers, and again after five minutes", async () => {
    await Promise.all(Array.from({ length: 50 }, () => verify(own.delegated())));
    assert.equal(asked(), 1);
    seconds(299);
    await verify(own.delegated());
    assert.equal(asked(), 1);
    seconds(2);
    await verify(own.delegated());
    assert.equal(asked(), 2);
    assert.equal((await fetchJwks({ issuer: own.issuer })).keys.length, 3);
    assert.equal(asked(), 2, "one cache for all");
  });

  it("a new key is found at once", async () => {
    await verify(own.delegated());
    const fresh = makeKey("ES256", "fresh");
    own.keys.push(fresh);
    await verify(own.delegated({}, {}, fresh));
    assert.equal(asked(), 2);
  });

  it("a storm of invented key ids causes one request in half a minute", async () => {
    await verify(own.delegated());
    const storm = () => Promise.allSettled(Array.from({ length: 200 }, (_, index) => verify(own.delegated({}, { kid: `k${index}` }, own.keys[2]))));
    const results = await storm();
    assert.ok(results.every(({ status, reason }) => status === "rejected" && reason.error === "invalid_token"));
    assert.equal(asked(), 2);
    await storm();
    seconds(29);
    await storm();
    assert.equal(asked(), 2);
    seconds(2);
    await storm();
    assert.equal(asked(), 3);
    await verify(own.delegated());
    assert.equal(asked(), 3, "good tokens are not in the way");
  });

  it("a storm at the very start causes two", async () => {
    await Promise.allSettled(Array.from({ length: 200 }, (_, index) => verify(own.delegated({}, { kid: `k${index}` }, own.keys[2]))));
    assert.ok(asked() <= 2);
  });

  it("foreign tokens cause none", async () => {
    for (const claims of [{ iss: "https://evil.test" }, { aud: "x" }, { target_resource: "x" }, { exp: 1 }]) await assert.rejects(verify(own.delegated(claims)));
    assert.equal(asked(), 0);
  });

  it("old keys serve while the issuer is silent, for a day", async () => {
    await verify(own.delegated());
    const answer = own.routes["GET /.well-known/jwks.json"];
    own.routes["GET /.well-known/jwks.json"] = [503, {}];
    seconds(301);
    for (let round = 0; round < 5; round += 1) await verify(own.delegated());
    assert.equal(asked(), 2, "and it is not asked for each token");
    seconds(31);
    await verify(own.delegated());
    assert.equal(asked(), 3);
    seconds(86_400);
    await assert.rejects(verify(own.delegated({ exp: now() + 600 })), { error: "temporarily_unavailable", status: 503 });
    own.routes["GET /.well-known/jwks.json"] = answer;
    await verify(own.delegated({ exp: now() + 600 }));
  });

  it("trouble at the start is not remembered, and is no verdict on the token", async () => {
    const answer = own.routes["GET /.well-known/jwks.json"];
    for (const trouble of [[500, {}], [200, "<p>"], [200, { keys: "none" }], [302, {}, { Location: `${own.issuer}/evil` }]]) {
      own.routes["GET /.well-known/jwks.json"] = trouble;
      await assert.rejects(verify(own.delegated()), { error: "temporarily_unavailable", status: 503 });
    }
    own.routes["GET /.well-known/jwks.json"] = answer;
    assert.equal((await verify(own.delegated())).sub, "idn_ada");
  });
});
