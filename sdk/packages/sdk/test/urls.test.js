import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as sdk from "../dist/index.js";

const config = { clientId: "app_notes", redirectUri: "https://notes.test/callback", issuer: "https://id.test/" };
const query = (url) => Object.fromEntries(new URL(url).searchParams);

describe("buildAuthorizeUrl", () => {
  it("asks for a sign-in, without empty parameters", () => {
    const url = sdk.buildAuthorizeUrl(config);
    assert.ok(url.startsWith("https://id.test/signin?"));
    assert.deepEqual(query(url), { client_id: "app_notes", redirect_uri: "https://notes.test/callback", scope: "openid profile email" });
    assert.deepEqual(query(sdk.buildAuthorizeUrl(config, { state: "", nonce: "" })), query(url));
  });

  it("carries what it is given", () => {
    const url = sdk.buildAuthorizeUrl(config, {
      scope: ["openid", "offline_access"],
      state: "s",
      nonce: "n",
      prompt: ["login", "consent"],
      codeChallenge: "c",
      extraParams: { login_hint: "ada" },
    });
    assert.deepEqual(query(url), {
      client_id: "app_notes",
      redirect_uri: "https://notes.test/callback",
      scope: "openid offline_access",
      state: "s",
      nonce: "n",
      prompt: "login consent",
      code_challenge: "c",
      code_challenge_method: "S256",
      login_hint: "ada",
    });
  });

  it("lets no extra parameter replace its own", () => {
    const extraParams = { client_id: "evil", redirect_uri: "https://evil.test", scope: "all", state: "x", code_challenge: "x", prompt: "none", more: "1" };
    const own = { state: "s", codeChallenge: "c", prompt: "login" };
    assert.deepEqual(query(sdk.buildAuthorizeUrl(config, { ...own, extraParams })), { ...query(sdk.buildAuthorizeUrl(config, own)), more: "1" });
  });

  it("has a form in which the person picks the identity", () => {
    assert.equal(query(sdk.buildSwitchAccountUrl(config)).prompt, "select_account");
  });
});

describe("buildConnectorUrl", () => {
  it("asks for a resource at /connect, with the person present unless told otherwise", () => {
    const url = sdk.buildConnectorUrl(config, { resource: "target:resource", scope: "a b", state: "s" });
    assert.ok(url.startsWith("https://id.test/connect?"));
    assert.deepEqual(query(url), {
      client_id: "app_notes",
      redirect_uri: "https://notes.test/callback",
      resource: "target:resource",
      scope: "a b",
      mode: "user_present",
      state: "s",
    });
    assert.equal(query(sdk.buildConnectorUrl(config, { resource: "r:x", scope: "a", mode: "background" })).mode, "background");
    assert.ok(!("state" in query(sdk.buildConnectorUrl(config, { resource: "r:x", scope: "a" }))));
  });

  it("lets no extra parameter replace its own", () => {
    const own = { resource: "r:x", scope: "a", state: "s" };
    const extraParams = { client_id: "evil", redirect_uri: "evil", resource: "evil", scope: "evil", mode: "background", state: "evil", nonce: "n" };
    assert.deepEqual(query(sdk.buildConnectorUrl(config, { ...own, extraParams })), { ...query(sdk.buildConnectorUrl(config, own)), nonce: "n" });
  });
});

describe("Scopes and prompts", () => {
  it("are read leniently and written strictly", () => {
    assert.deepEqual(sdk.parseOAuthScopes(" openid+profile  e2ee%253Areset "), ["openid", "profile", "e2ee:reset"]);
    assert.equal(sdk.joinOAuthScopes([" openid", "", "email "]), "openid email");
    assert.equal(sdk.normalizeScopeToken("%zz%41"), "%zz%41");
    assert.deepEqual(sdk.parseOAuthPrompt("login+consent nonsense"), ["login", "consent"]);
    assert.deepEqual(sdk.parseOAuthPrompt(null), []);
    assert.equal(sdk.formatOAuthPrompt(["login", "consent"]), "login consent");
    assert.deepEqual(sdk.OAUTH_PROMPT_VALUES, ["none", "login", "consent", "select_account"]);
    assert.equal(sdk.requiresAuthorizeInteractionPrompt(["login"]), false);
    assert.equal(sdk.requiresAuthorizeInteractionPrompt(["consent"]), true);
    assert.equal(sdk.wantsAccountPickerPrompt(["select_account"]), true);
  });
});

describe("PKCE", () => {
  it("makes a verifier of 43 characters and its S256 challenge", async () => {
    assert.match(sdk.generateCodeVerifier(), /^[\w-]{43}$/);
    assert.notEqual(sdk.generateCodeVerifier(), sdk.generateCodeVerifier());
    assert.match(sdk.generateNonce(), /^[\w-]{32}$/);
    // RFC 7636 appendix B.
    assert.equal(await sdk.generateCodeChallenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
  });
});

describe("Addresses", () => {
  it("lose the code and the secrets, and nothing else", () => {
    assert.equal(sdk.stripOAuthQueryParamsFromUrlString("https://a.test/cb?code=1&state=2&iss=3&tab=4#x"), "https://a.test/cb?tab=4#x");
    assert.equal(sdk.stripSensitiveHashFromUrlString("https://a.test/#app_key=k&app_key_reset=1"), "https://a.test/#app_key_reset=1");
    assert.equal(sdk.stripSensitiveHashFromUrlString("https://a.test/#chapter%202"), "https://a.test/#chapter%202");
    assert.equal(sdk.stripOAuthQueryParamsFromUrlString("nonsense"), "nonsense");
  });
});
