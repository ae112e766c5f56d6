import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { signIn, signInWithFedCm, supportsFedCm } from "../dist/client.js";
import { makeIssuer } from "./support/issuer.js";
import { closePage, openPage } from "./support/page.js";

let world, app, asked, answer;
const before_ = Object.getOwnPropertyDescriptor(globalThis, "navigator");
before(async () => void (world = await makeIssuer()));
after(() => world.end());
beforeEach(() => {
  app = { clientId: "app_notes", redirectUri: "https://notes.test/callback", issuer: world.issuer };
  world.answers = { "POST /api/oauth/fedcm/exchange": async () => ({ json: await world.tokens({ nonce: asked[0].identity.providers[0].nonce }) }) };
  world.forget();
  asked = [];
  answer = async () => ({ token: "assertion" });
  const get = async (request) => (asked.push(request), answer());
  Object.defineProperty(globalThis, "navigator", { value: { credentials: { get } }, configurable: true });
});
afterEach(() => {
  closePage();
  if (before_) Object.defineProperty(globalThis, "navigator", before_);
  else delete globalThis.navigator;
});

const modern = (more) => openPage("https://notes.test/", { IdentityCredential: class {}, ...more });
const failure = (name) => async () => {
  throw new DOMException("no", name);
};

describe("FedCM", () => {
  it("is supported where the browser has it and the page is secure", () => {
    modern();
    assert.equal(supportsFedCm(), true);
    modern({ isSecureContext: false });
    assert.equal(supportsFedCm(), false);
    openPage("https://notes.test/");
    assert.equal(supportsFedCm(), false);
    closePage();
    assert.equal(supportsFedCm(), false);
  });

  it("asks the browser for an identity, and exchanges what it gives", async () => {
    modern();
    const tokens = await signInWithFedCm({ ...app, scope: "openid", prompt: "login" });
    assert.equal(tokens.user.id, "idn_ada");
    const [{ identity, mediation }] = asked;
    const [{ configURL, clientId, nonce, fields, params }] = identity.providers;
    assert.deepEqual([mediation, identity.context, configURL, clientId], ["optional", "signin", `${world.issuer}/api/oauth/fedcm/config`, "app_notes"]);
    assert.deepEqual(fields, ["name", "email", "picture"]);
    const { state, ...rest } = params;
    assert.deepEqual(rest, { scope: "openid", redirectUri: "https://notes.test/callback", nonce, prompt: "login" });
    assert.ok(state);
    assert.deepEqual(world.to("/api/oauth/fedcm/exchange")[0].json, { assertion: "assertion", clientId: "app_notes" });
  });

  it("refuses an ID token with another nonce", async () => {
    modern();
    world.answers["POST /api/oauth/fedcm/exchange"] = async () => ({ json: await world.tokens({ nonce: "other" }) });
    await assert.rejects(signInWithFedCm(app), { error: "nonce_mismatch" });
  });
});

describe("signIn", () => {
  it("uses FedCM first", async () => {
    const page = modern();
    assert.ok((await signIn(app)).access_token);
    assert.equal(page.left.length, 0);
  });

  for (const name of ["NotSupportedError", "NetworkError", "IdentityCredentialError", "SecurityError"]) {
    it(`redirects after ${name}`, async () => {
      const page = modern();
      answer = failure(name);
      assert.equal(await signIn(app), null);
      assert.match(page.left[0].to, /\/signin\?/);
    });
  }

  for (const name of ["NotAllowedError", "AbortError"]) {
    it(`does not redirect after ${name}: the person has dismissed it`, async () => {
      const page = modern();
      answer = failure(name);
      await assert.rejects(signIn(app), { name });
      assert.equal(page.left.length, 0);
    });
  }

  it("redirects where there is no FedCM, and where it is not preferred", async () => {
    const old = openPage("https://notes.test/");
    assert.equal(await signIn(app), null);
    assert.equal(old.left.length, 1);
    const page = modern();
    assert.equal(await signIn({ ...app, preferFedCm: false }), null);
    assert.equal(asked.length, 0);
    assert.equal(page.left.length, 1);
  });
});
