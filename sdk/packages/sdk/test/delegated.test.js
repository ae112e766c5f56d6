import assert from "node:assert/strict";
import { after, beforeEach, describe, it, mock } from "node:test";
import { getBearerToken, introspectDelegatedToken, verifyAveIdToken, verifyDelegatedToken, verifyJwt } from "../dist/server.js";
import { makeIssuer, makeKey, mint, seconds, unsigned } from "./support/issuer.js";

const JWKS = "/.well-known/jwks.json";
const iris = { audience: "https://iris.test", resource: "iris:inference" };
let world, options;
beforeEach(async () => {
  world = await makeIssuer();
  options = { ...iris, issuer: world.issuer };

});
const worlds = [];
beforeEach(() => void worlds.push(world));
after(() => Promise.all(worlds.map((each) => each.end())));

const claims = (more = {}) => ({
  iss: world.issuer,
  sub: "idn_ada",
  aud: "https://iris.test",
  iat: seconds(),
  exp: seconds() + 600,
  jti: "j1",
  sid: "s1",
  cid: "app_notes",
  client_id: "app_notes",
  scope: "infer models.read",
  grant_id: "g1",
  target_resource: "iris:inference",
  com_mode: "user_present",
  ...more,
});
const delegated = (more, header, key = world.key) => mint(key, claims(more), { typ: "at+jwt", ...header });
const without = (name) => {
  const { [name]: _, ...rest } = claims();
  return mint(world.key, rest, { typ: "at+jwt" });
};
const invalid = { name: "AveError", message: "invalid_token", error: "invalid_token", status: 401 };

describe("verifyDelegatedToken believes", () => {
  it("a delegated token, and gives its claims", async () => {
    const found = await verifyDelegatedToken(await delegated(), options);
    assert.deepEqual(found, claims({ iat: found.iat, exp: found.exp }));
  });

  for (const alg of ["RS256", "ES256", "EdDSA"]) {
    it(`${alg}`, async () => {
      const key = await makeKey(alg, "k2");
      world.keys.push(key);
      assert.equal((await verifyDelegatedToken(await delegated({}, {}, key), options)).sub, "idn_ada");
    });
  }

  it("scopes as a list, as a string and none at all", async () => {
    const token = await delegated();
    for (const scope of ["infer", "models.read infer", ["infer"], [], "", undefined]) await verifyDelegatedToken(token, { ...options, scope });
  });

  it("a person who is present wherever the background would do", async () => {
    await verifyDelegatedToken(await delegated(), { ...options, mode: "user_present" });
    await verifyDelegatedToken(await delegated(), { ...options, mode: "background" });
    await verifyDelegatedToken(await delegated({ com_mode: "background" }), { ...options, mode: "background" });
    await verifyDelegatedToken(await delegated({ com_mode: "background" }), options);
  });

  it("an audience in a list of one, an issuer with a slash, and a clock that is 30 s off", async () => {
    await verifyDelegatedToken(await delegated({ aud: ["https://iris.test"] }), { ...options, issuer: `${world.issuer}/` });
    await verifyDelegatedToken(await delegated({ exp: seconds() - 25 }), options);
  });
});

describe("verifyDelegatedToken refuses", () => {
  const cases = {
    "another audience": () => delegated({ aud: "https://other.test" }),
    "a second audience": () => delegated({ aud: ["https://iris.test", "https://other.test"] }),
    "no audience": () => without("aud"),
    "another issuer": () => delegated({ iss: "https://evil.test" }),
    "another resource": () => delegated({ target_resource: "iris:models" }),
    "an access token, which has no target_resource": () => without("target_resource"),
    "an access token for this very audience": () =>
      mint(world.key, { iss: world.issuer, sub: "idn_ada", aud: "https://iris.test", exp: seconds() + 600, scope: "infer" }, { typ: "at+jwt" }),
    "no grant": () => without("grant_id"),
    "no person": () => without("sub"),
    "no scope claim": () => without("scope"),
    "a token without an end": () => without("exp"),
    "an end that is text": () => delegated({ exp: "9999999999" }),
    "an expired token": () => delegated({ exp: seconds() - 31 }),
    "a token of tomorrow": () => delegated({ nbf: seconds() + 86400 }),
    "an unknown mode": () => delegated({ com_mode: "USER_PRESENT" }),
    "the type of an ID token": () => delegated({}, { typ: "JWT" }),
    "no type": () => delegated({}, { typ: undefined }),
    "the type of a logout token": () => delegated({}, { typ: "logout+jwt" }),
    "an ID token": () => mint(world.key, { iss: world.issuer, sub: "idn_ada", aud: "app_iris", exp: seconds() + 600 }, { typ: "JWT" }),
    "an extension that must be understood": () => delegated({}, { crit: ["x"], x: 1 }),
    "no key id": () => delegated({}, { kid: undefined }),
    "no algorithm": async () => unsigned({ alg: "none", typ: "at+jwt", kid: "k1" }, claims()),
    "no algorithm, with something for a signature": async () => unsigned({ alg: "none", typ: "at+jwt", kid: "k1" }, claims(), "AAAA"),
    "HMAC with the public key as secret": async () => {
      const secret = await crypto.subtle.importKey("raw", Buffer.from(world.key.jwk.n), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
      const text = unsigned({ alg: "HS256", typ: "at+jwt", kid: "k1" }, claims()).slice(0, -1);
      return `${text}.${Buffer.from(await crypto.subtle.sign("HMAC", secret, Buffer.from(text))).toString("base64url")}`;
    },
    "another algorithm than the key's": () => delegated({}, { alg: "ES256" }),
    "a key that the token brings itself": async () => {
      const evil = await makeKey("RS256", "k1");
      return delegated({}, { jwk: evil.jwk }, evil);
    },
    "a claim that was changed": async () => {
      const [header, , signature] = (await delegated()).split(".");
      return `${header}.${Buffer.from(JSON.stringify(claims({ sub: "idn_eve" }))).toString("base64url")}.${signature}`;
    },
    "a stranger's signature": async () => delegated({}, {}, { ...(await makeKey("RS256", "k1")) }),
    "two parts": async () => (await delegated()).split(".").slice(0, 2).join("."),
    "four parts": async () => `${await delegated()}.x`,
    "loose base64": async () => `${await delegated()}=`,
    "text": async () => "pat_opaque",
    "nothing": async () => "",
    "null": async () => null,
    "what is not text": async () => ({ token: true }),
    "more than 16 KiB": () => delegated({ more: "x".repeat(20000) }),
  };
  for (const [name, token] of Object.entries(cases)) {
    it(name, async () => assert.rejects(verifyDelegatedToken(await token(), options), invalid));
  }

  it("a scope that is missing, as forbidden and not as unknown", async () => {
    const narrow = { message: "insufficient_scope", status: 403 };
    await assert.rejects(verifyDelegatedToken(await delegated(), { ...options, scope: "infer models.write" }), narrow);
    await assert.rejects(verifyDelegatedToken(await delegated(), { ...options, scope: ["infe"] }), narrow);
    await assert.rejects(verifyDelegatedToken(await delegated({ scope: "" }), { ...options, scope: "infer" }), invalid);
  });

  it("the background where the person must be present", async () => {
    await assert.rejects(verifyDelegatedToken(await delegated({ com_mode: "background" }), { ...options, mode: "user_present" }), { status: 403 });
  });

  it("to tell a forger which scope is missing", async () => {
    const forged = await delegated({ scope: "x" }, {}, await makeKey("RS256", "k1"));
    await assert.rejects(verifyDelegatedToken(forged, { ...options, scope: "infer" }), invalid);
  });

  it("to work without knowing what it protects", async () => {
    for (const missing of ["audience", "resource"]) {
      await assert.rejects(verifyDelegatedToken(await delegated(), { ...options, [missing]: undefined }), { error: "invalid_configuration" });
    }
  });
});

describe("The issuer's keys", () => {
  it("are read once for everybody who waits, and then kept for five minutes", async () => {
    mock.timers.enable({ apis: ["Date"], now: Date.now() });
    try {
      const token = await delegated({ exp: seconds() + 3600 });
      await Promise.all(Array.from({ length: 20 }, () => verifyDelegatedToken(token, options)));
      assert.equal(world.to(JWKS).length, 1);
      mock.timers.tick(299_000);
      await verifyDelegatedToken(token, options);
      assert.equal(world.to(JWKS).length, 1);
      mock.timers.tick(2_000);
      await verifyDelegatedToken(token, options);
      assert.equal(world.to(JWKS).length, 2);
    } finally {
      mock.timers.reset();
    }
  });

  it("are looked at again when a token names a new one, at once", async () => {
    await verifyDelegatedToken(await delegated(), options);
    const fresh = await makeKey("ES256", "k2");
    world.keys.push(fresh);
    await verifyDelegatedToken(await delegated({}, {}, fresh), options);
    assert.equal(world.to(JWKS).length, 2);
  });

  it("are not looked at again for thirty seconds, whatever key ids are made up", async () => {
    mock.timers.enable({ apis: ["Date"], now: Date.now() });
    try {
      const storm = (prefix) =>
        Promise.all(Array.from({ length: 30 }, async (_, n) => assert.rejects(verifyDelegatedToken(await delegated({}, { kid: `${prefix}${n}` }), options), invalid)));
      await verifyDelegatedToken(await delegated(), options);
      await storm("a");
      await storm("b");
      assert.equal(world.to(JWKS).length, 2);
      mock.timers.tick(31_000);
      await storm("c");
      await storm("d");
      assert.equal(world.to(JWKS).length, 3);
    } finally {
      mock.timers.reset();
    }
  });

  it("are not asked for by tokens that are for somebody else anyway", async () => {
    await assert.rejects(verifyDelegatedToken(await delegated({ iss: "https://evil.test" }, { kid: "x" }), options), invalid);
    assert.equal(world.to(JWKS).length, 0);
  });

  it("serve on for a day while the issuer is away, and it is asked gently", async () => {
    mock.timers.enable({ apis: ["Date"], now: Date.now() });
    try {
      const token = await delegated({ exp: seconds() + 200_000 });
      await verifyDelegatedToken(token, options);
      world.answers[`GET ${JWKS}`] = { status: 500, json: { error: "server_error" } };
      mock.timers.tick(3_600_000);
      for (let n = 0; n < 5; n += 1) await verifyDelegatedToken(token, options);
      assert.equal(world.to(JWKS).length, 2);
      mock.timers.tick(86_400_000);
      await assert.rejects(verifyDelegatedToken(token, options), { error: "temporarily_unavailable", status: 503 });
    } finally {
      mock.timers.reset();
    }
  });

  it("that cannot be read are no reason to call the token wrong, and the next call asks again", async () => {
    world.answers[`GET ${JWKS}`] = { hangUp: true };
    await assert.rejects(verifyDelegatedToken(await delegated(), options), { error: "temporarily_unavailable", status: 503 });
    world.answers = {};
    await verifyDelegatedToken(await delegated(), options);
  });

  it("are fetched by the caller's own fetcher", async () => {
    const urls = [];
    const fetcher = (url, init) => (urls.push(String(url)), fetch(url, init));
    await verifyDelegatedToken(await delegated(), { ...options, fetcher });
    assert.deepEqual(urls, [world.issuer + JWKS]);
  });
});

describe("introspectDelegatedToken", () => {
  const mine = () => ({ issuer: world.issuer, clientId: "app_iris", clientSecret: "s: ü", resource: "iris:inference" });
  const answers = (json) => (world.answers["POST /api/oauth/introspect"] = { json });

  it("asks the issuer by a form, as the app that owns the resource", async () => {
    answers({ active: true, ...claims() });
    const found = await introspectDelegatedToken("the.delegated.token", { ...mine(), audience: "https://iris.test", scope: "infer", mode: "user_present" });
    assert.equal(found.sub, "idn_ada");
    const [{ form, headers }] = world.asked;
    assert.deepEqual(form, { token: "the.delegated.token", token_type_hint: "access_token" });
    // RFC 6749 section 2.3.1: form-encoded, then Basic.
    assert.equal(Buffer.from(headers.authorization.slice(6), "base64").toString(), "app_iris:s%3A+%C3%BC");
  });

  it("refuses what is not active", async () => {
    for (const json of [{ active: false }, { ...claims() }, { active: "true", ...claims() }]) {
      answers(json);
      await assert.rejects(introspectDelegatedToken("t", mine()), invalid);
    }
  });

  it("keeps the same rules", async () => {
    const wrong = [{ target_resource: "iris:models" }, { grant_id: undefined }, { iss: "https://evil.test" }, { exp: seconds() - 60 }, { com_mode: "x" }];
    for (const more of wrong) {
      answers({ active: true, ...claims(more) });
      await assert.rejects(introspectDelegatedToken("t", mine()), invalid);
    }
    answers({ active: true, ...claims({ com_mode: "background" }) });
    await assert.rejects(introspectDelegatedToken("t", { ...mine(), mode: "user_present" }), { status: 403 });
    await assert.rejects(introspectDelegatedToken("t", { ...mine(), scope: "x" }), { error: "insufficient_scope" });
    await assert.rejects(introspectDelegatedToken("t", { ...mine(), audience: "https://other.test" }), invalid);
  });

  it("tells wrong credentials from a wrong token", async () => {
    world.answers["POST /api/oauth/introspect"] = { status: 401, json: { error: "invalid_client" } };
    await assert.rejects(introspectDelegatedToken("t", mine()), { error: "invalid_client" });
  });
});

describe("Sign-in verifiers", () => {
  const idToken = (more, header) =>
    mint(world.key, { iss: world.issuer, sub: "idn_ada", aud: "app_notes", azp: "app_notes", iat: seconds(), exp: seconds() + 600, nonce: "n", ...more }, { typ: "JWT", ...header });
  const verify = async (token, more) => verifyAveIdToken(await token, { clientId: "app_notes", issuer: world.issuer, ...more });

  it("believe an ID token, with a slash after the issuer too", async () => {
    assert.equal((await verify(idToken())).sub, "idn_ada");
    assert.equal((await verify(idToken(), { issuer: `${world.issuer}/`, nonce: "n" })).sub, "idn_ada");
    assert.equal((await verify(idToken({}, { typ: undefined }))).sub, "idn_ada");
  });

  it("refuse every other token", async () => {
    const accessToken = mint(world.key, { iss: world.issuer, sub: "idn_ada", aud: world.issuer, exp: seconds() + 600 }, { typ: "at+jwt" });
    const wrong = [
      idToken({ aud: "app_other" }),
      idToken({ azp: "app_other", aud: ["app_notes", "app_other"] }),
      idToken({ iss: "https://evil.test" }),
      idToken({ exp: seconds() - 60 }),
      idToken({ grant_id: "g1" }),
      idToken({ target_resource: "iris:inference" }),
      idToken({}, { typ: "at+jwt" }),
      idToken({}, { typ: "logout+jwt" }),
      accessToken,
      delegated({ aud: "app_notes" }),
      unsigned({ alg: "none", typ: "JWT" }, { iss: world.issuer, aud: "app_notes", sub: "idn_ada", exp: seconds() + 60 }, "AA"),
      "nonsense",
    ];
    for (const token of wrong) assert.equal(await verify(token), null);
    assert.equal(await verify(idToken(), { nonce: "other" }), null);
  });

  it("know an access token by its audience, which is the issuer unless another is named", async () => {
    const token = await mint(world.key, { iss: world.issuer, sub: "idn_ada", aud: world.issuer, exp: seconds() + 600 }, { typ: "at+jwt" });
    assert.equal((await verifyJwt(token, { issuer: world.issuer })).sub, "idn_ada");
    assert.equal(await verifyJwt(token, { issuer: world.issuer, audience: "https://api.test" }), null);
    assert.equal(await verifyJwt(await idToken(), { issuer: world.issuer }), null);
    assert.equal((await verifyJwt(await idToken(), { issuer: world.issuer, audience: ["x", "app_notes"] })).sub, "idn_ada");
    assert.equal(await verifyJwt(await delegated({ aud: world.issuer }), { issuer: world.issuer }), null);
  });

  it("take keys in hand, another address, or a discovery document", async () => {
    const token = await idToken();
    const audience = "app_notes";
    assert.ok(await verifyJwt(token, { issuer: world.issuer, audience, jwks: { keys: [world.key.jwk] } }));
    assert.equal(world.asked.length, 0);
    assert.ok(await verifyJwt(token, { expectedIssuer: world.issuer, audience, jwksUrl: `${world.issuer}${JWKS}` }));
    assert.ok(await verifyJwt(token, { audience, discoveryUrl: `${world.issuer}/.well-known/openid-configuration` }));
    assert.equal(await verifyJwt(token, { audience, discoveryUrl: `${world.issuer}/nowhere` }), null);
  });

  it("give null while the keys cannot be read", async () => {
    world.answers[`GET ${JWKS}`] = { status: 500, json: {} };
    assert.equal(await verify(idToken()), null);
  });
});

describe("getBearerToken", () => {
  it("finds the token of the header, and nothing else", () => {
    assert.equal(getBearerToken("bearer  abc"), "abc");
    for (const header of [null, undefined, "", "Basic abc", "Bearer", "NotBearer abc"]) assert.equal(getBearerToken(header), null);
  });
});
