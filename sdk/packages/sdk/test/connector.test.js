import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { finishConnectorFlow, finishPkceLogin, finishQuickSignIn, startConnectorFlow, startPkceLogin } from "../dist/client.js";
import { exchangeCodeServer } from "../dist/server.js";
import { makeIssuer } from "./support/issuer.js";
import { closePage, later, openPage } from "./support/page.js";

const CALLBACK = "https://notes.test/connected";
let world, app, ask;
before(async () => void (world = await makeIssuer()));
after(() => world.end());
beforeEach(() => {
  app = { clientId: "app_notes", redirectUri: CALLBACK, issuer: world.issuer };
  ask = { ...app, resource: "calendar:google", scope: "calendar.read calendar.write" };
  world.forget();
});
afterEach(closePage);

async function start(page, more) {
  page.focus();
  await startConnectorFlow({ ...ask, ...more });
  return Object.fromEntries(page.destination().searchParams);
}
const back = (page, query) => openPage(`${CALLBACK}?${new URLSearchParams(query)}`, { session: page.session });

describe("startConnectorFlow", () => {
  it("sends the person to /connect with PKCE, and keeps the state under its name", async () => {
    const page = openPage("https://notes.test/");
    const asked = await start(page);
    assert.ok(page.left[0].to.startsWith(`${world.issuer}/connect?`));
    const { code_challenge, state, ...rest } = asked;
    assert.deepEqual(rest, {
      client_id: "app_notes",
      redirect_uri: CALLBACK,
      resource: "calendar:google",
      scope: "calendar.read calendar.write",
      mode: "user_present",
      code_challenge_method: "S256",
    });
    assert.equal(page.session.getItem("ave_connector_state"), state);
    const { verifier } = JSON.parse(page.session.getItem(`ave_connector_pkce:${state}`));
    assert.equal(code_challenge, createHash("sha256").update(verifier).digest("base64url"));
  });

  it("keeps the state before it waits for anything", () => {
    const page = openPage("https://notes.test/");
    void startConnectorFlow(ask);
    assert.ok(page.session.getItem("ave_connector_state"));
  });

  it("passes the mode and the wish to act while the person is away", async () => {
    const asked = await start(openPage("https://notes.test/"), { mode: "background", presence: "background" });
    assert.deepEqual([asked.mode, asked.presence], ["background", "background"]);
  });
});

describe("finishConnectorFlow", () => {
  it("is null when there is nothing to finish", async () => {
    openPage("https://notes.test/");
    assert.equal(await finishConnectorFlow(app), null);
  });

  it("gives the code and its verifier, for an exchange on the server", async () => {
    const page = openPage("https://notes.test/");
    const { state } = await start(page, { mode: "background" });
    const { verifier } = JSON.parse(page.session.getItem(`ave_connector_pkce:${state}`));
    const callback = back(page, { code: "c1", state, iss: world.issuer });
    const result = await finishConnectorFlow(app);
    assert.deepEqual(result, {
      code: "c1",
      codeVerifier: verifier,
      state,
      resource: "calendar:google",
      scope: "calendar.read calendar.write",
      mode: "background",
    });
    assert.deepEqual(Object.keys(page.session), []);
    assert.equal(world.asked.length, 0);
    await later();
    assert.equal(callback.href, CALLBACK);

    world.answers = { "POST /api/oauth/token": { json: { access_token: "pat_1" } } };
    await exchangeCodeServer({ ...app, clientSecret: "shh" }, { code: result.code, codeVerifier: result.codeVerifier });
    assert.equal(world.asked[0].json.codeVerifier, verifier);
  });

  it("gives one result to a page that runs it twice", async () => {
    const page = openPage("https://notes.test/");
    const { state } = await start(page);
    back(page, { code: "c1", state });
    const [first, second] = [await finishConnectorFlow(app), await finishConnectorFlow(app)];
    assert.equal(first, second);
    assert.ok(first.codeVerifier);
  });

  it("keeps two flows apart", async () => {
    const page = openPage("https://notes.test/");
    const first = await start(page, { resource: "iris:inference", scope: "infer" });
    const second = await start(page);
    assert.equal(page.session.getItem("ave_connector_state"), second.state);
    back(page, { code: "c1", state: first.state });
    assert.equal((await finishConnectorFlow(app)).resource, "iris:inference");
    assert.equal(page.session.getItem("ave_connector_state"), second.state);
    back(page, { code: "c2", state: second.state });
    assert.equal((await finishConnectorFlow(app)).resource, "calendar:google");
  });

  for (const error of ["access_denied", "consent_required", "login_required"]) {
    it(`tells ${error}, each time it runs, and clears the storage`, async () => {
      const page = openPage("https://notes.test/");
      const { state } = await start(page, { mode: "background" });
      back(page, { error, error_description: "a sentence", state });
      const told = { name: "AveError", message: error, error, errorDescription: "a sentence" };
      await assert.rejects(finishConnectorFlow(app), told);
      await assert.rejects(finishConnectorFlow(app), told);
      assert.deepEqual(Object.keys(page.session), []);
    });
  }

  for (const query of [{ code: "c1", state: "stranger" }, { error: "access_denied", state: "stranger" }, { code: "c1", state: "" }, { code: "c1" }]) {
    it(`refuses ${JSON.stringify(query)}, which answers nothing that was asked here`, async () => {
      const page = openPage("https://notes.test/");
      await start(page);
      back(page, query);
      await assert.rejects(finishConnectorFlow(app), { error: query.state ? "state_mismatch" : "invalid_callback" });
      assert.ok(page.session.getItem("ave_connector_state"));
    });
  }

  it("refuses an answer of another issuer", async () => {
    const page = openPage("https://notes.test/");
    const { state } = await start(page);
    back(page, { code: "c1", state, iss: "https://evil.test" });
    await assert.rejects(finishConnectorFlow(app), { error: "invalid_callback" });
  });
});

describe("A callback page that serves every kind of flow", () => {
  it("leaves a connector's callback to finishConnectorFlow, before and after", async () => {
    const page = openPage("https://notes.test/");
    const { state } = await start(page);
    back(page, { code: "c1", state });
    const others = async () => assert.deepEqual([await finishPkceLogin(app), await finishQuickSignIn(app)], [null, null]);
    await others();
    assert.ok(await finishConnectorFlow(app));
    await others();
  });

  it("leaves a sign-in's callback to finishPkceLogin", async () => {
    const page = openPage("https://notes.test/");
    await startPkceLogin(app);
    back(page, { code: "c1", state: page.destination().searchParams.get("state") });
    assert.equal(await finishConnectorFlow(app), null);
  });
});
