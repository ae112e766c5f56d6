// What the guides promise about Connector, sign-in and confidential apps, by the name that they use.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import * as sdk from "@ave-id/sdk";
import { finishConnectorFlow, finishPkceLogin, startConnectorFlow, startPkceLogin } from "@ave-id/sdk/client";
import { exchangeDelegatedTokenServer } from "@ave-id/sdk/server";
import { makeIssuer } from "./support/issuer.js";
import { closePage, openPage, runSample } from "./support/page.js";

const TOKEN = "POST /api/oauth/token";
const sample = (name) => readFileSync(new URL(`samples/${name}`, import.meta.url), "utf8");
let world;
before(async () => void (world = await makeIssuer()));
after(() => world.end());
beforeEach(() => {
  world.forget();
  Object.assign(process.env, { PROCURA_ISSUER: world.issuer, AVE_CLIENT_ID: "YOUR_CLIENT_ID", AVE_CLIENT_SECRET: "YOUR_CLIENT_SECRET" });
});
afterEach(() => {
  closePage();
  for (const name of ["PROCURA_ISSUER", "AVE_CLIENT_ID", "AVE_CLIENT_SECRET"]) delete process.env[name];
});

describe("A confidential client", () => {
  it("exchanges the code with its secret, by the sample as it stands", async () => {
    world.answers = { [TOKEN]: async () => ({ json: await world.tokens() }) };
    const { tokens } = await runSample(sample("exchange-code.ts"), { before: 'const code = "AUTH_CODE";', exports: "export { tokens };" });
    assert.deepEqual(world.asked[0].json, {
      grantType: "authorization_code",
      code: "AUTH_CODE",
      redirectUri: "https://yourapp.com/callback",
      clientId: "YOUR_CLIENT_ID",
      clientSecret: "YOUR_CLIENT_SECRET",
    });
    for (const name of ["access_token", "access_token_jwt", "id_token"]) assert.equal(typeof tokens[name], "string");
  });

  it("refreshes and replaces the stored token at once, by the sample as it stands", async () => {
    world.answers = { [TOKEN]: async () => ({ json: await world.tokens({ refresh_token: "prt_2" }) }) };
    const { stored } = await runSample(sample("refresh.ts"), {
      before: 'const storedRefreshToken = "prt_1"; const stored: string[] = []; const storeRefreshToken = async (token: string) => void stored.push(token);',
      exports: "export { stored };",
    });
    assert.deepEqual(world.asked[0].json, {
      grantType: "refresh_token",
      refreshToken: "prt_1",
      clientId: "YOUR_CLIENT_ID",
      clientSecret: "YOUR_CLIENT_SECRET",
    });
    assert.deepEqual(stored, ["prt_2"]);
  });

  it("hears invalid_grant when a rotated token is used again", async () => {
    world.answers = { [TOKEN]: { status: 400, json: { error: "invalid_grant", error_description: "Invalid refresh token" } } };
    const before = 'const storedRefreshToken = "prt_1"; const storeRefreshToken = async () => {};';
    const thrown = await runSample(sample("refresh.ts"), { before }).catch((error) => error);
    assert.deepEqual([thrown.message, thrown.error], ["invalid_grant", "invalid_grant"]);
  });
});

describe("The quickstart", () => {
  const config = { clientId: "YOUR_CLIENT_ID", redirectUri: "https://yourapp.com/callback" };

  it("redirects with PKCE, state and nonce, and validates the state before anything else", async () => {
    const page = openPage("https://yourapp.com/");
    await startPkceLogin(config);
    const asked = page.destination();
    assert.equal(`${asked.origin}${asked.pathname}`, `${world.issuer}/signin`);
    for (const name of ["code_challenge", "state", "nonce"]) assert.ok(asked.searchParams.get(name));
    openPage("https://yourapp.com/callback?code=AUTH_CODE&state=FORGED", { session: page.session });
    await assert.rejects(finishPkceLogin(config), { error: "state_mismatch" });
    assert.equal(world.asked.length, 0);
  });

  it("gives tokens with different purposes", async () => {
    const page = openPage("https://yourapp.com/");
    await startPkceLogin(config);
    const query = page.destination().searchParams;
    world.answers = { [TOKEN]: async () => ({ json: await world.tokens({ clientId: "YOUR_CLIENT_ID", nonce: query.get("nonce"), refresh_token: "prt_1" }) }) };
    openPage(`https://yourapp.com/callback?code=AUTH_CODE&state=${query.get("state")}`, { session: page.session });
    const tokens = await finishPkceLogin(config);
    assert.equal((await sdk.verifyJwt(tokens.access_token_jwt)).aud, world.issuer);
    assert.equal((await sdk.verifyJwt(tokens.id_token, { audience: "YOUR_CLIENT_ID" })).aud, "YOUR_CLIENT_ID");
    assert.equal(await sdk.verifyJwt(tokens.id_token), null);
    assert.equal(tokens.refresh_token, "prt_1");
  });
});

describe("The Connector", () => {
  const config = { clientId: "YOUR_CLIENT_ID", redirectUri: "https://yourapp.com/callback" };

  it("starts at /connect, by buildConnectorUrl", () => {
    const url = new URL(sdk.buildConnectorUrl(config, { resource: "target:resource", scope: "resource.access", state: "s", mode: "background" }));
    assert.equal(`${url.origin}${url.pathname}`, `${world.issuer}/connect`);
    assert.deepEqual(Object.fromEntries(url.searchParams), {
      client_id: "YOUR_CLIENT_ID",
      redirect_uri: "https://yourapp.com/callback",
      resource: "target:resource",
      scope: "resource.access",
      mode: "background",
      state: "s",
    });
  });

  it("keeps ave_connector_state, which matches the state that comes back", async () => {
    const page = openPage("https://yourapp.com/");
    await startConnectorFlow({ ...config, resource: "target:resource", scope: "resource.access" });
    const query = page.destination().searchParams;
    assert.ok(query.get("code_challenge"));
    openPage(`https://yourapp.com/callback?code=AUTH_CODE&state=${query.get("state")}`, { session: page.session });
    assert.equal(sessionStorage.getItem("ave_connector_state"), new URL(window.location.href).searchParams.get("state"));
    const { code, codeVerifier } = await finishConnectorFlow(config);
    assert.deepEqual([code, typeof codeVerifier], ["AUTH_CODE", "string"]);
  });

  it("exchanges the access_token_jwt for a delegated token, without a secret or on a server with one", async () => {
    const delegated = { access_token: "x.y.z", token_type: "Bearer", expires_in: 600, scope: "resource.access", audience: "https://target.test", target_resource: "target:resource", communication_mode: "user_present" };
    world.answers = { [TOKEN]: { json: delegated } };
    const payload = { subjectToken: "a.b.c", requestedResource: "target:resource", requestedScope: "resource.access" };
    assert.deepEqual(await sdk.exchangeDelegatedToken(config, payload), delegated);
    assert.deepEqual(await exchangeDelegatedTokenServer({ ...config, clientSecret: "YOUR_CLIENT_SECRET" }, payload), delegated);
    const [open, closed] = world.asked.map(({ json }) => json);
    const fields = { grantType: "urn:ietf:params:oauth:grant-type:token-exchange", ...payload, clientId: "YOUR_CLIENT_ID" };
    assert.deepEqual(open, fields);
    assert.deepEqual(closed, { ...fields, clientSecret: "YOUR_CLIENT_SECRET" });
  });

  it("is managed with the person's session token, and a revoked grant fails to exchange", async () => {
    const grant = { id: "9d0b", revokedAt: null, targetResourceKey: "target:resource" };
    world.answers = {
      "GET /api/oauth/delegations": { json: { delegations: [grant] } },
      "DELETE /api/oauth/delegations/9d0b": () => {
        world.answers[TOKEN] = { status: 403, json: { error: "access_denied" } };
        return { json: { success: true } };
      },
    };
    const [{ id }] = await sdk.listDelegations({}, "pst_1");
    await sdk.revokeDelegation({}, "pst_1", id);
    const again = sdk.exchangeDelegatedToken(config, { subjectToken: "a.b.c", requestedResource: "target:resource", requestedScope: "resource.access" });
    await assert.rejects(again, { message: "access_denied", status: 403 });
  });
});
