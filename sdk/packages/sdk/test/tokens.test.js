import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import * as sdk from "../dist/index.js";
import * as server from "../dist/server.js";
import { makeIssuer } from "./support/issuer.js";

const TOKEN = "POST /api/oauth/token";
let world, config, confidential;
before(async () => {
  world = await makeIssuer();
  config = { clientId: "app_notes", redirectUri: "https://notes.test/callback", issuer: `${world.issuer}/` };
  confidential = { ...config, clientSecret: "shh" };
});
beforeEach(() => {
  world.forget();
  world.answers = { [TOKEN]: { json: { access_token: "pat_1" } } };
});
after(() => world.end());

/** What the call sent, field by field. */
async function sent(call) {
  await call();
  assert.equal(world.asked.length, 1);
  return world.asked[0];
}

describe("The token endpoint is asked for", () => {
  const exchange = {
    grantType: "urn:ietf:params:oauth:grant-type:token-exchange",
    subjectToken: "jwt",
    requestedResource: "calendar:google",
    requestedScope: "calendar.read",
    clientId: "app_notes",
  };
  const ask = { subjectToken: "jwt", requestedResource: "calendar:google", requestedScope: "calendar.read" };
  const code = { grantType: "authorization_code", code: "c", redirectUri: "https://notes.test/callback", clientId: "app_notes" };
  const refresh = { grantType: "refresh_token", refreshToken: "r", clientId: "app_notes" };
  const cases = {
    "a code with PKCE": [() => sdk.exchangeCode(config, { code: "c", codeVerifier: "v" }), { ...code, codeVerifier: "v" }],
    "a code without PKCE": [() => sdk.exchangeCode(config, { code: "c" }), code],
    "a code with a secret": [() => server.exchangeCodeServer(confidential, { code: "c" }), { ...code, clientSecret: "shh" }],
    "a code with a secret and PKCE": [
      () => server.exchangeCodeServer(confidential, { code: "c", codeVerifier: "v" }),
      { ...code, clientSecret: "shh", codeVerifier: "v" },
    ],
    "a code at another redirect URI": [
      () => server.exchangeCodeServer(confidential, { code: "c", redirectUri: "https://notes.test/connected" }),
      { ...code, clientSecret: "shh", redirectUri: "https://notes.test/connected" },
    ],
    "a refresh": [() => sdk.refreshToken(config, { refreshToken: "r" }), refresh],
    "a refresh with a secret": [() => server.refreshTokenServer(confidential, { refreshToken: "r" }), { ...refresh, clientSecret: "shh" }],
    "a delegated token": [() => sdk.exchangeDelegatedToken(config, ask), exchange],
    "a delegated token with a secret and an actor": [
      () => server.exchangeDelegatedTokenServer(confidential, { ...ask, actor: { job: 7 } }),
      { ...exchange, clientSecret: "shh", actor: { job: 7 } },
    ],
    "a delegated token with a secret, by the common entry on a server": [
      () => sdk.exchangeDelegatedToken(config, { ...ask, clientSecret: "shh" }),
      { ...exchange, clientSecret: "shh" },
    ],
  };
  for (const [name, [call, fields]] of Object.entries(cases)) {
    it(name, async () => {
      const { method, path, json, headers } = await sent(call);
      assert.equal(`${method} ${path}`, TOKEN);
      assert.deepEqual(json, fields);
      assert.equal(headers["content-type"], "application/json");
      assert.equal(headers.cookie, undefined);
    });
  }
});

describe("A secret", () => {
  it("is refused in a browser, before anything is sent", async () => {
    globalThis.document = {};
    try {
      const ask = { subjectToken: "j", requestedResource: "r:x", requestedScope: "a", clientSecret: "shh" };
      await assert.rejects(sdk.exchangeDelegatedToken(config, ask), { error: "secret_in_browser" });
    } finally {
      delete globalThis.document;
    }
    assert.equal(world.asked.length, 0);
  });
});

describe("With a bearer token", () => {
  it("userinfo tells who it is", async () => {
    world.answers["GET /api/oauth/userinfo"] = { json: { sub: "idn_ada" } };
    const { headers } = await sent(async () => assert.deepEqual(await sdk.fetchUserInfo(config, "pat_1"), { sub: "idn_ada" }));
    assert.equal(headers.authorization, "Bearer pat_1");
  });

  it("a person lists the active delegations", async () => {
    world.answers["GET /api/oauth/delegations"] = { json: { delegations: [{ id: "g1" }] } };
    const { headers } = await sent(async () => assert.deepEqual(await sdk.listDelegations(config, "pst_1"), [{ id: "g1" }]));
    assert.equal(headers.authorization, "Bearer pst_1");
  });

  it("a person ends a delegation", async () => {
    world.answers["DELETE /api/oauth/delegations/g%2F1"] = { json: { success: true } };
    const { headers } = await sent(async () => assert.equal(await sdk.revokeDelegation(config, "pst_1", "g/1"), undefined));
    assert.equal(headers.authorization, "Bearer pst_1");
  });

  it("an app's token lists nothing", async () => {
    world.answers["GET /api/oauth/delegations"] = { status: 401, json: { error: "invalid_token" } };
    await assert.rejects(sdk.listDelegations(config, "pat_1"), { message: "invalid_token", error: "invalid_token", status: 401 });
  });
});

describe("Other calls", () => {
  it("exchange a FedCM assertion", async () => {
    world.answers["POST /api/oauth/fedcm/exchange"] = { json: { access_token: "pat_1" } };
    const { json } = await sent(() => sdk.exchangeFedCmAssertion(config, { assertion: "a" }));
    assert.deepEqual(json, { assertion: "a", clientId: "app_notes" });
  });

  it("revoke a token, whose answer is empty", async () => {
    world.answers["POST /api/oauth/revoke"] = { status: 200 };
    const { form } = await sent(() => sdk.revokeToken(config, { token: "prt_1", hint: "refresh_token" }));
    assert.deepEqual(form, { token: "prt_1", client_id: "app_notes", token_type_hint: "refresh_token" });
  });
});

describe("A failure is an AveError that carries", () => {
  const exchange = () => sdk.exchangeCode(config, { code: "c" });
  const codes = [["invalid_client", 401], ["invalid_grant", 400], ["invalid_request", 400], ["invalid_scope", 400], ["invalid_target", 400], ["access_denied", 403]];
  for (const [error, status] of codes) {
    it(`${error} as message and code, with the sentence and the status`, async () => {
      world.answers[TOKEN] = { status, json: { error, error_description: "a sentence" } };
      const thrown = await exchange().catch((reason) => reason);
      assert.ok(thrown instanceof sdk.AveError && thrown instanceof Error);
      assert.deepEqual([thrown.name, thrown.message, thrown.error, thrown.errorDescription, thrown.status], ["AveError", error, error, "a sentence", status]);
    });
  }

  it("server_error when a proxy answers in HTML", async () => {
    world.answers[TOKEN] = { status: 502, text: "<h1>Bad gateway</h1>" };
    await assert.rejects(exchange(), { message: "server_error", status: 502 });
  });

  it("a code even when the server's error is an object", async () => {
    world.answers[TOKEN] = { status: 400, json: { error: { name: "Shape" } } };
    await assert.rejects(exchange(), { message: "invalid_request", status: 400 });
  });

  it("invalid_response when a success is not JSON", async () => {
    world.answers[TOKEN] = { text: "fine" };
    await assert.rejects(exchange(), { error: "invalid_response" });
  });

  it("network_error and its cause when nobody answers", async () => {
    world.answers[TOKEN] = { hangUp: true };
    const thrown = await exchange().catch((reason) => reason);
    assert.equal(thrown.error, "network_error");
    assert.ok(thrown.cause);
  });

  it("network_error when the server would send the secret elsewhere", async () => {
    world.answers[TOKEN] = { status: 307, headers: { Location: "/elsewhere" } };
    await assert.rejects(exchange(), { error: "network_error" });
    assert.equal(world.to("/elsewhere").length, 0);
  });
});

afterEach(() => assert.equal(globalThis.document, undefined));
