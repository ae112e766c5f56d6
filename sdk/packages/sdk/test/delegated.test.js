// Entry `@procura/sdk/server`: the target app's side of Connector, and the calls with a secret.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { exchangeCodeServer, exchangeDelegatedTokenServer, introspectDelegatedToken, refreshTokenServer, verifyDelegatedToken } from "@ave-id/sdk/server";
import { makeKey, now, startIssuer } from "./world.js";

let world, options;
before(async () => {
  world = await startIssuer();
  options = { issuer: world.issuer, audience: "https://iris.test", resource: "iris:inference" };
});
after(() => world.stop());
beforeEach(() => (world.requests.length = 0));

const INVALID = { name: "AveError", error: "invalid_token", status: 401 };
const NARROW = { name: "AveError", error: "insufficient_scope", status: 403 };

describe("a delegated token", () => {
  const verify = (token, more) => verifyDelegatedToken(token, { ...options, ...more });

  it("says who, through which app, where and what", async () => {
    for (const key of world.keys) {
      const claims = await verify(world.delegated({}, {}, key), { scope: "infer" });
      assert.deepEqual([claims.sub, claims.cid, claims.target_resource, claims.scope, claims.grant_id], ["idn_ada", "app_1", "iris:inference", "infer models", "g1"], key.alg);
    }
    assert.ok(await verify(world.delegated({ aud: ["https://iris.test"] })));
    assert.ok(await verifyDelegatedToken(world.delegated(), { ...options, issuer: `${world.issuer}/` }));
    assert.ok(await verify(world.delegated({ exp: now() - 25 })));
  });

  it("is refused when one thing is wrong", async () => {
    const other = makeKey("RS256", "rs");
    const wrong = {
      "another audience": world.delegated({ aud: "https://iris.test/" }),
      "two audiences": world.delegated({ aud: ["https://iris.test", "https://other.test"] }),
      "no audience": world.delegated({ aud: undefined }),
      "an empty list": world.delegated({ aud: [] }),
      "another issuer": world.delegated({ iss: "https://evil.test" }),
      "typ of an ID token": world.delegated({}, { typ: "JWT" }),
      "typ in capitals": world.delegated({}, { typ: "AT+JWT" }),
      "typ in full": world.delegated({}, { typ: "application/at+jwt" }),
      "no typ": world.delegated({}, { typ: undefined }),
      "another resource": world.delegated({ target_resource: "iris:inferences" }),
      "no resource": world.delegated({ target_resource: undefined }),
      expired: world.delegated({ exp: now() - 31 }),
      "no end": world.delegated({ exp: undefined }),
      "no grant": world.delegated({ grant_id: undefined }),
      "no person": world.delegated({ sub: "" }),
      "no scope": world.delegated({ scope: undefined }),
      "no mode": world.delegated({ com_mode: undefined }),
      "an unknown mode": world.delegated({ com_mode: "always" }),
      "an ID token": world.idToken({ aud: "https://iris.test" }),
      "a plain access token": world.accessToken(),
      "a plain access token for this audience": world.accessToken({ aud: "https://iris.test" }),
      "alg none": `${world.delegated({}, { alg: "none" }).split(".").slice(0, 2).join(".")}.`,
      "alg none, with a signature": world.delegated({}, { alg: "none" }),
      "alg nOnE": world.delegated({}, { alg: "nOnE" }),
      "HS256 with the public key": world.delegated({}, { alg: "HS256" }),
      "another algorithm than its key": world.delegated({}, { alg: "EdDSA" }),
      "a critical extension": world.delegated({}, { crit: ["x"], x: 1 }),
      "a key of its own": world.delegated({}, { jwk: other.jwk, jku: "https://evil.test/jwks" }, other),
      "no such key": world.delegated({}, { kid: "another" }),
      "no key named": world.delegated({}, { kid: undefined }),
      "a key without a name": world.delegated({}, { kid: "" }),
      "no token": undefined,
      "an empty one": "",
      "an opaque one": "pat_123",
    };
    for (const [name, token] of Object.entries(wrong)) await assert.rejects(verify(token), INVALID, name);
  });

  it("needs each scope that the route needs", async () => {
    const token = world.delegated();
    for (const scope of ["infer", "infer models", ["models"], [], undefined]) assert.ok(await verify(token, { scope }));
    for (const scope of ["train", "infer train", ["infer models"], "Infer", "infe"]) await assert.rejects(verify(token, { scope }), NARROW, String(scope));
  });

  it("needs the person if the route does, and never more than that", async () => {
    const [present, away] = [world.delegated({ com_mode: "user_present" }), world.delegated({ com_mode: "background" })];
    assert.ok(await verify(present, { mode: "user_present" }));
    await assert.rejects(verify(away, { mode: "user_present" }), NARROW);
    for (const token of [present, away]) for (const mode of ["background", undefined]) assert.ok(await verify(token, { mode }));
  });

  it("an option that is missing lets nothing through", async () => {
    const bare = world.accessToken({ aud: undefined, grant_id: "g1", com_mode: "background" });
    await assert.rejects(verifyDelegatedToken(bare, { issuer: world.issuer }), { error: "invalid_request" });
    await assert.rejects(verifyDelegatedToken(bare, { ...options, audience: undefined }), { error: "invalid_request" });
    await assert.rejects(verifyDelegatedToken(bare, { ...options, resource: undefined }), { error: "invalid_request" });
    await assert.rejects(verify(world.delegated(), { mode: "userPresent" }), { error: "invalid_request" });
    await assert.rejects(verifyDelegatedToken(bare, { ...options, issuer: undefined }), { error: "missing_issuer" });
  });

  it("keys can come by a fetch of your own", async () => {
    const asked = [];
    const fetcher = async (url) => (asked.push(url), Response.json({ keys: [world.key.jwk] }));
    const issuer = "https://id.fetcher.test";
    assert.ok(await verifyDelegatedToken(world.delegated({ iss: issuer }), { ...options, issuer, fetcher }));
    assert.deepEqual(asked, ["https://id.fetcher.test/.well-known/jwks.json"]);
  });
});

describe("asking the issuer each time", () => {
  const ask = (token, more) => introspectDelegatedToken(token, { ...options, clientId: "app_iris", clientSecret: "s:e/c", ...more });
  const live = (more) => ({
    active: true,
    iss: world.issuer,
    aud: "https://iris.test",
    sub: "idn_ada",
    client_id: "app_1",
    scope: "infer",
    grant_id: "g1",
    target_resource: "iris:inference",
    com_mode: "user_present",
    exp: now() + 60,
    ...more,
  });

  it("proves itself by Basic and sends the token as a form", async () => {
    world.routes["POST /api/oauth/introspect"] = live();
    assert.equal((await ask("opaque+token", { scope: "infer", mode: "user_present" })).sub, "idn_ada");
    const [{ headers, body }] = world.requests;
    assert.equal(body, "token=opaque%2Btoken");
    assert.equal(headers["content-type"], "application/x-www-form-urlencoded");
    assert.equal(Buffer.from(headers.authorization.slice(6), "base64").toString(), "app_iris:s%3Ae%2Fc");
  });

  it("believes only a live token for this place", async () => {
    const wrong = [{ active: false }, { active: "true" }, { aud: "x" }, { iss: "https://evil.test" }, { target_resource: undefined }, { grant_id: undefined }, { exp: now() - 60 }];
    for (const more of wrong) {
      world.routes["POST /api/oauth/introspect"] = live(more);
      await assert.rejects(ask("t"), INVALID, JSON.stringify(more));
    }
    world.routes["POST /api/oauth/introspect"] = live();
    await assert.rejects(ask("t", { scope: "models" }), NARROW);
    world.routes["POST /api/oauth/introspect"] = live({ com_mode: "background" });
    await assert.rejects(ask("t", { mode: "user_present" }), NARROW);
    await assert.rejects(ask(null), INVALID);
  });

  it("checks the audience when one is given", async () => {
    world.routes["POST /api/oauth/introspect"] = live({ aud: "https://elsewhere.test" });
    assert.ok(await ask("t", { audience: undefined }));
    await assert.rejects(ask("t"), INVALID);
    await assert.rejects(ask("t", { audience: "" }), { error: "invalid_request" }, "an empty one is a mistake");
    world.routes["POST /api/oauth/introspect"] = live({ target_resource: "iris:history" });
    await assert.rejects(ask("t", { audience: undefined }), INVALID, "the resource is always checked");
  });

  it("trouble is no verdict on the token", async () => {
    for (const trouble of [[500, {}], [401, { error: "invalid_client" }], [200, "<p>"]]) {
      world.routes["POST /api/oauth/introspect"] = trouble;
      await assert.rejects(ask("t"), { error: "temporarily_unavailable", status: 503 });
    }
  });
});

describe("calls with a secret", () => {
  const config = () => ({ clientId: "app_1", clientSecret: "pcs_1", redirectUri: "https://app.test/callback", issuer: world.issuer });

  it("the code (seed 003), byte by byte", async () => {
    world.routes["POST /api/oauth/token"] = { access_token: "pat_1" };
    assert.deepEqual(await exchangeCodeServer(config(), { code: "AUTH_CODE" }), { access_token: "pat_1" });
    assert.equal(
      world.requests[0].body,
      '{"grantType":"authorization_code","code":"AUTH_CODE","redirectUri":"https://app.test/callback","clientId":"app_1","clientSecret":"pcs_1"}',
    );
    await exchangeCodeServer(config(), { code: "c", codeVerifier: "v" });
    assert.equal(world.json().codeVerifier, "v", "PKCE beside the secret, as seed 003 recommends");
  });

  it("the code of a request with another redirect URI than the usual one", async () => {
    world.routes["POST /api/oauth/token"] = { access_token: "pat_1" };
    await exchangeCodeServer(config(), { code: "c", redirectUri: "https://app.test/connected" });
    assert.equal(world.json().redirectUri, "https://app.test/connected");
    await exchangeCodeServer(config(), { code: "c", redirectUri: undefined });
    assert.equal(world.json().redirectUri, "https://app.test/callback");
  });

  it("refresh and token exchange", async () => {
    world.routes["POST /api/oauth/token"] = { access_token: "pat_2", refresh_token: "prt_2" };
    assert.equal((await refreshTokenServer(config(), { refreshToken: "prt_1" })).refresh_token, "prt_2");
    assert.equal(world.requests[0].body, '{"grantType":"refresh_token","refreshToken":"prt_1","clientId":"app_1","clientSecret":"pcs_1"}');
    await exchangeDelegatedTokenServer(config(), { subjectToken: "j", requestedResource: "iris:inference", requestedScope: "infer", actor: { job: 7 } });
    assert.deepEqual(world.json(), {
      grantType: "urn:ietf:params:oauth:grant-type:token-exchange",
      subjectToken: "j",
      requestedResource: "iris:inference",
      requestedScope: "infer",
      clientId: "app_1",
      clientSecret: "pcs_1",
      actor: { job: 7 },
    });
  });

  it("reuse of a refresh token is an error to stop at (seed 003)", async () => {
    world.routes["POST /api/oauth/token"] = [400, { error: "invalid_grant", error_description: "Invalid refresh token: it was used before." }];
    await assert.rejects(refreshTokenServer(config(), { refreshToken: "prt_1" }), { error: "invalid_grant", status: 400, message: "invalid_grant" });
    world.routes["POST /api/oauth/token"] = [403, { error: "access_denied", error_description: "The grant was revoked." }];
    await assert.rejects(exchangeDelegatedTokenServer(config(), { subjectToken: "j", requestedResource: "r", requestedScope: "s" }), { error: "access_denied", status: 403 });
  });
});
