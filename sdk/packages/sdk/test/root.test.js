// Entry `@procura/sdk`: addresses, small helpers, and each call of the server byte by byte.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { after, before, beforeEach, describe, it } from "node:test";
import * as sdk from "@ave-id/sdk";
import { startIssuer } from "./world.js";

const { AveError, buildAuthorizeUrl, buildConnectorUrl, buildSwitchAccountUrl } = sdk;
const config = { clientId: "app_1", redirectUri: "https://app.test/callback", issuer: "https://id.test" };
const paramsOf = (address) => Object.fromEntries(new URL(address).searchParams);

/** Runs code in a process of its own, since what names the issuer is remembered. */
function run(code, env = {}) {
  const script = `import * as sdk from "@procura/sdk";\n${code}`;
  return execFileSync(process.execPath, ["--input-type=module", "-e", script], { cwd: new URL(".", import.meta.url), env: { PATH: process.env.PATH, ...env }, encoding: "utf8" }).trim();
}

describe("the issuer", () => {
  it("is never one on a foreign host by default", () => {
    const said = run("try { sdk.getApiBase() } catch (error) { console.log(error.error, error.message) }");
    assert.match(said, /^missing_issuer \[Ave\] No issuer\. .*configure\(\{ issuer \}\).*PROCURA_ISSUER/);
    assert.doesNotMatch(said, /aveid/);
  });

  it("comes from the call, else from configure, else from the environment", () => {
    const env = { PROCURA_ISSUER: " https://env.test/ " };
    assert.equal(run("console.log(sdk.getApiBase())", env), "https://env.test");
    assert.equal(run('sdk.configure({ issuer: "https://set.test/" }); console.log(sdk.getApiBase())', env), "https://set.test");
    assert.equal(run('sdk.configure({ issuer: "https://set.test" }); console.log(sdk.getApiBase("https://call.test"))', env), "https://call.test");
  });

  it("is shared by all entries", () => {
    const said = run('import { configure } from "@procura/sdk/client"; configure({ issuer: "https://set.test" }); console.log(sdk.getApiBase())');
    assert.equal(said, "https://set.test");
  });

  it("has one form, and junk is refused", () => {
    assert.equal(sdk.getApiBase(" https://id.test/// "), "https://id.test");
    assert.equal(sdk.getApiBase("http://localhost:1/base/"), "http://localhost:1/base");
    for (const junk of ["junk", "id.test", "ftp://id.test", "https://id.test?x=1", "https://id.test#x", "https://u:p@id.test", "https://u@id.test", "https://:p@id.test", "javascript:alert(1)"]) {
      assert.throws(() => sdk.getApiBase(junk), { name: "AveError", error: "invalid_issuer" }, junk);
    }
  });
});

describe("PKCE", () => {
  it("verifiers have 43 characters, challenges are S256", async () => {
    const verifier = sdk.generateCodeVerifier();
    assert.match(verifier, /^[\w-]{43}$/);
    assert.notEqual(verifier, sdk.generateCodeVerifier());
    assert.equal(await sdk.generateCodeChallenge(verifier), createHash("sha256").update(verifier).digest("base64url"));
    // The example of RFC 7636, appendix B.
    assert.equal(await sdk.generateCodeChallenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    assert.match(sdk.generateNonce(), /^[\w-]{32}$/);
  });
});

describe("scopes and prompts", () => {
  it("read what may come", () => {
    assert.equal(sdk.normalizeScopeToken(" e2ee%253Asymmetric "), "e2ee:symmetric");
    assert.equal(sdk.normalizeScopeToken("50%"), "50%");
    assert.deepEqual(sdk.parseOAuthScopes("openid+profile  email%20 "), ["openid", "profile", "email"]);
    assert.deepEqual(sdk.parseOAuthScopes(null), []);
    assert.equal(sdk.joinOAuthScopes([" openid", "", "email"]), "openid email");
    assert.deepEqual(sdk.OAUTH_PROMPT_VALUES, ["none", "login", "consent", "select_account"]);
    assert.deepEqual(sdk.parseOAuthPrompt("login+consent bogus"), ["login", "consent"]);
    assert.deepEqual(sdk.parseOAuthPrompt(" "), []);
    assert.equal(sdk.formatOAuthPrompt(["login", "consent"]), "login consent");
    assert.equal(sdk.formatOAuthPrompt(" login "), "login");
    assert.equal(sdk.requiresAuthorizeInteractionPrompt(["login"]), false);
    assert.equal(sdk.requiresAuthorizeInteractionPrompt(["consent"]), true);
    assert.equal(sdk.wantsAccountPickerPrompt(["select_account"]), true);
  });
});

describe("addresses", () => {
  it("sign-in: the order, the defaults, and nothing empty", () => {
    assert.equal(
      buildAuthorizeUrl(config),
      "https://id.test/signin?client_id=app_1&redirect_uri=https%3A%2F%2Fapp.test%2Fcallback&scope=openid+profile+email",
    );
    const full = { scope: ["openid", "email"], state: "s", nonce: "n", prompt: ["login", "consent"], codeChallenge: "c", extraParams: { login_hint: "ada" } };
    assert.deepEqual(Object.entries(paramsOf(buildAuthorizeUrl({ ...config, issuer: "https://id.test/" }, full))), [
      ["client_id", "app_1"],
      ["redirect_uri", "https://app.test/callback"],
      ["scope", "openid email"],
      ["state", "s"],
      ["nonce", "n"],
      ["login_hint", "ada"],
      ["prompt", "login consent"],
      ["code_challenge", "c"],
      ["code_challenge_method", "S256"],
    ]);
  });

  it("more parameters cannot replace what the options say, nor slip in what they left out", () => {
    const extraParams = { client_id: "evil", redirect_uri: "https://evil.test", state: "x", nonce: "x", scope: "x", prompt: "none", code_challenge: "x", max_age: "5" };
    assert.deepEqual(paramsOf(buildAuthorizeUrl(config, { extraParams })), { ...paramsOf(buildAuthorizeUrl(config)), max_age: "5" });
    const asked = { resource: "iris:inference", scope: "infer" };
    const more = { resource: "evil", mode: "background", state: "x", presence: "background" };
    assert.deepEqual(paramsOf(buildConnectorUrl(config, { ...asked, extraParams: more })), { ...paramsOf(buildConnectorUrl(config, asked)), presence: "background" });
  });

  it("another account", () => {
    assert.equal(paramsOf(buildSwitchAccountUrl(config)).prompt, "select_account");
    assert.equal(paramsOf(buildSwitchAccountUrl(config, { prompt: "login" })).prompt, "login");
  });

  it("Connector (seed 000): client id, redirect URI, resource, scopes, state, mode", () => {
    const asked = { resource: "iris:inference", scope: "infer models", state: "csrf", mode: "background", codeChallenge: "c" };
    const address = buildConnectorUrl(config, asked);
    assert.equal(new URL(address).pathname, "/connect");
    assert.deepEqual(paramsOf(address), {
      client_id: "app_1",
      redirect_uri: "https://app.test/callback",
      resource: "iris:inference",
      scope: "infer models",
      mode: "background",
      state: "csrf",
      code_challenge: "c",
      code_challenge_method: "S256",
    });
    assert.equal(paramsOf(buildConnectorUrl(config, { resource: "iris:inference", scope: "infer" })).mode, "user_present");
    assert.deepEqual(paramsOf(buildConnectorUrl(config, { ...asked, presence: "background", extraParams: { presence: "x" } })), { ...paramsOf(address), presence: "background" });
  });

  it("an answer leaves the address", () => {
    assert.equal(sdk.stripOAuthQueryParamsFromUrlString("https://app.test/cb?code=1&state=2&iss=3&tab=4#x"), "https://app.test/cb?tab=4#x");
  });
});

describe("calls", () => {
  let world, local;
  before(async () => {
    world = await startIssuer();
    local = { ...config, issuer: `${world.issuer}/` };
  });
  after(() => world.stop());
  beforeEach(() => (world.requests.length = 0));

  const TOKENS = { access_token: "pat_1", access_token_jwt: "j", expires_in: 3600, scope: "openid", token_type: "Bearer" };

  it("a code with its verifier", async () => {
    world.routes["POST /api/oauth/token"] = TOKENS;
    assert.deepEqual(await sdk.exchangeCode(local, { code: "c", codeVerifier: "v" }), TOKENS);
    assert.equal(world.requests[0].headers["content-type"], "application/json");
    assert.equal(world.requests[0].body, '{"grantType":"authorization_code","code":"c","redirectUri":"https://app.test/callback","clientId":"app_1","codeVerifier":"v"}');
    await sdk.exchangeCode(local, { code: "c" });
    assert.equal("codeVerifier" in world.json(), false);
  });

  it("a refresh token", async () => {
    world.routes["POST /api/oauth/token"] = TOKENS;
    await sdk.refreshToken(local, { refreshToken: "prt_1" });
    assert.equal(world.requests[0].body, '{"grantType":"refresh_token","refreshToken":"prt_1","clientId":"app_1"}');
  });

  it("a token exchange (seed 000)", async () => {
    const answer = { access_token: "d", issued_token_type: "urn:ietf:params:oauth:token-type:access_token", token_type: "Bearer", expires_in: 600, scope: "infer", audience: "https://iris.test", target_resource: "iris:inference", communication_mode: "user_present" };
    world.routes["POST /api/oauth/token"] = answer;
    assert.deepEqual(await sdk.exchangeDelegatedToken(local, { subjectToken: "j", requestedResource: "iris:inference", requestedScope: "infer" }), answer);
    assert.deepEqual(world.json(), {
      grantType: "urn:ietf:params:oauth:grant-type:token-exchange",
      subjectToken: "j",
      requestedResource: "iris:inference",
      requestedScope: "infer",
      clientId: "app_1",
    });
    await sdk.exchangeDelegatedToken(local, { subjectToken: "j", requestedResource: "r", requestedScope: "s", clientSecret: "x", actor: { job: 7 } });
    assert.equal(world.json().clientSecret, "x");
    assert.deepEqual(world.json().actor, { job: 7 });
  });

  it("userinfo and the browser's own dialog", async () => {
    world.routes["GET /api/oauth/userinfo"] = { sub: "idn_ada" };
    assert.deepEqual(await sdk.fetchUserInfo(local, "pat_1"), { sub: "idn_ada" });
    assert.equal(world.requests[0].headers.authorization, "Bearer pat_1");
    world.routes["POST /api/oauth/fedcm/exchange"] = TOKENS;
    await sdk.exchangeFedCmAssertion(local, { assertion: "a" });
    assert.equal(world.requests[1].body, '{"assertion":"a","clientId":"app_1"}');
  });

  it("grants: the active ones, or all, with the person's session token (seed 000)", async () => {
    const grant = { id: "g/1", scope: "infer" };
    world.routes["GET /api/oauth/delegations"] = { delegations: [grant] };
    assert.deepEqual(await sdk.listDelegations({ issuer: world.issuer }, "pst_1"), [grant]);
    assert.deepEqual([world.requests[0].query, world.requests[0].headers.authorization, world.requests[0].headers.cookie], ["", "Bearer pst_1", undefined]);
    await sdk.listDelegations(local, "pst_1", { status: "all" });
    assert.equal(world.requests[1].query, "?status=all");
    world.routes["DELETE /api/oauth/delegations/g%2F1"] = { success: true };
    assert.equal(await sdk.revokeDelegation({ issuer: world.issuer }, "pst_1", "g/1"), undefined);
    assert.equal(world.requests[2].method, "DELETE");
    await assert.rejects(async () => sdk.listDelegations(local, ""), { error: "invalid_request" });
  });

  it("each error of seed 002 arrives as it is", async () => {
    const table = { invalid_client: 401, invalid_grant: 400, invalid_request: 400, invalid_scope: 400, invalid_target: 400, access_denied: 403 };
    for (const [error, status] of Object.entries(table)) {
      world.routes["POST /api/oauth/token"] = [status, { error, error_description: `About ${error}.` }];
      const calls = [
        () => sdk.exchangeCode(local, { code: "c" }),
        () => sdk.refreshToken(local, { refreshToken: "r" }),
        () => sdk.exchangeDelegatedToken(local, { subjectToken: "j", requestedResource: "r", requestedScope: "s" }),
      ];
      for (const one of calls) {
        await assert.rejects(one, (thrown) => {
          assert.ok(thrown instanceof AveError && thrown instanceof Error);
          assert.deepEqual([thrown.message, thrown.error, thrown.errorDescription, thrown.status], [error, error, `About ${error}.`, status]);
          return true;
        });
      }
    }
  });

  it("answers that are none", async () => {
    world.routes["POST /api/oauth/token"] = [502, "<h1>Bad gateway</h1>"];
    await assert.rejects(sdk.exchangeCode(local, { code: "c" }), { error: "server_error", status: 502 });
    world.routes["POST /api/oauth/token"] = [200, "<h1>Hello</h1>"];
    await assert.rejects(sdk.exchangeCode(local, { code: "c" }), { error: "invalid_response", status: 200 });
    world.routes["POST /api/oauth/token"] = [400, { error: { code: "x" } }];
    await assert.rejects(sdk.exchangeCode(local, { code: "c" }), { error: "invalid_response", status: 400 });
    world.routes["POST /api/oauth/token"] = [307, {}, { Location: `${world.issuer}/elsewhere` }];
    await assert.rejects(sdk.exchangeCode(local, { code: "c" }), { error: "invalid_response", status: 307 });
    assert.equal(world.count("/elsewhere"), 0, "no secret follows a redirect");
    await assert.rejects(sdk.exchangeCode({ ...config, issuer: "http://127.0.0.1:1" }, { code: "c" }), { error: "network_error", status: undefined });
  });
});

describe("entries", () => {
  it("export the names of the Ave SDK", async () => {
    const names = {
      client: "checkQuickSession clearQuickIdentity completeOAuthCallback fetchJwks finishConnectorFlow finishPkceLogin finishQuickSignIn getQuickIdentity handleQuickCallback signIn signInWithFedCm startConnectorFlow startPkceLogin startQuickSessionMonitor startQuickSignIn supportsFedCm verifyJwt",
      server: "exchangeCodeServer exchangeDelegatedTokenServer fetchJwks getBearerToken introspectDelegatedToken refreshTokenServer verifyAveIdToken verifyAveIdTokenFromAuthHeader verifyDelegatedToken verifyJwt",
    };
    for (const [entry, list] of Object.entries(names)) {
      const found = await import(`@procura/sdk/${entry}`);
      for (const name of [...list.split(" "), "AveError", "configure"]) assert.equal(typeof found[name], "function", name);
    }
    assert.deepEqual(Object.keys(await import("@procura/sdk/types")), []);
    const session = "AveSession snapshotFromTokenResponse createLocalStorageAdapter createMemoryStorage createSecureStoreAdapter";
    for (const name of session.split(" ")) assert.equal(typeof sdk[name], "function", name);
  });

  it("the alias and the package are one and the same", async () => {
    assert.equal((await import("@procura/sdk")).AveError, AveError);
  });
});
