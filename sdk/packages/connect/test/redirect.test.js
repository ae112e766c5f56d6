// Phones and upright tablets: the page is left, and the page that is returned to gets the answer.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { grant, heard, logOf, makeWorld, pause, session, until } from "./world.js";

let world;
before(async () => { world = await makeWorld(); });
after(() => world.end());

const PHONE = {
  viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true,
  userAgent: "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Mobile/15E148 Safari/604.1",
};
/** The page that is returned to makes its widget with callbacks. */
const CALLBACKS = "window.onCreate = () => { window.widget = AlterConnect.create(told()); };";
const exit = [["event", "EXIT", {}], ["exit"]];
const complete = (...connections) => [["event", "OAUTH_COMPLETE", { connections }], ["success", connections[0]]];

/** Leaves the app's page for the hosted page. */
async function leave({ init = CALLBACKS, path = "/?a=1#top", standing } = {}) {
  const visit = await world.visit({ context: PHONE, init, path });
  const token = session(world, standing);
  await visit.page.evaluate((token) => {
    window.next = () => { window.widget ??= AlterConnect.create(); widget.open({ token, ...told() }); };
  }, token);
  await visit.page.click("#go");
  await visit.page.waitForURL(`${world.issuer}/sdk/oauth/connect#session=${encodeURIComponent(token)}`);
  return { ...visit, token };
}

/** What the server appends to the return URL (`connect-wire.md` 1.5). */
const answer = (item) => new URLSearchParams({ alter_connect_success: "true", ...item, scopes: item.scopes.join(",") }).toString();

async function comeBack({ page }, query, { path = "/back?tab=2&status=mine", hash = "#there" } = {}) {
  await page.goto(`${world.app}${path}${path.includes("?") ? "&" : "?"}${query}${hash}`);
  await page.waitForFunction(() => window.isUp);
}

describe("a redirect", { concurrency: 4 }, () => {
  it("hands the answer to the callbacks of create(), all connections from the server, and cleans the address", async () => {
    const visit = await leave();
    world.sessions.set(visit.token, { status: "completed", grants: [grant(), grant({ provider: "slack", metadata: { team: "T1" } })] });
    await visit.page.addInitScript(() => history.replaceState({ mine: 1 }, ""));
    await comeBack(visit, answer(grant()));
    assert.deepEqual(await heard(visit.page, "success"), complete(grant(), grant({ provider: "slack", metadata: { team: "T1" } })));
    assert.deepEqual(await visit.page.evaluate(() => [location.href.slice(origin.length), history.state, sessionStorage.length]), ["/back?tab=2&status=mine#there", { mine: 1 }, 0]);
    await visit.page.reload();
    await visit.page.waitForFunction(() => window.isUp);
    await pause(300);
    assert.deepEqual(await logOf(visit.page), []);
    await visit.close();
  });

  it("hands it to on(), registered in the same moment", async () => {
    const visit = await leave({ init: 'window.onCreate = () => { window.widget = AlterConnect.create(); widget.on("success", (all) => log.push(["success", all])); };' });
    world.sessions.set(visit.token, { status: "completed", grants: [grant()] });
    await comeBack(visit, answer(grant()), { path: "/back" });
    assert.deepEqual(await heard(visit.page, "success"), [["success", [grant()]]]);
    assert.equal(await visit.page.evaluate(() => location.href.slice(origin.length)), "/back#there");
    await visit.close();
  });

  it("hands it to resume(), once, however late", async () => {
    const visit = await leave({ init: "window.onCreate = () => { window.widget = AlterConnect.create(); };" });
    world.sessions.set(visit.token, { status: "completed", grants: [grant()] });
    await comeBack(visit, answer(grant()), { hash: "" });
    await pause(500);
    const said = await visit.page.evaluate(async () => [await Promise.all([widget.resume(told()), widget.resume(told())]), await widget.resume(told()), await AlterConnect.create().resume()]);
    assert.deepEqual([said, await logOf(visit.page)], [[[true, false], false, false], complete(grant())]);
    await visit.close();
  });

  it("survives a widget that is destroyed and made again, as React does in development", async () => {
    const visit = await leave({ init: "window.onCreate = () => { AlterConnect.create(told()).destroy(); window.widget = AlterConnect.create(told()); };" });
    world.sessions.set(visit.token, { status: "completed", grants: [grant()] });
    await comeBack(visit, answer(grant()));
    assert.deepEqual(await heard(visit.page, "success"), complete(grant()));
    assert.deepEqual(visit.logs.filter((line) => line.startsWith("pageerror")), []);
    await visit.close();
  });

  it("tells the error with what the server knows of it", async () => {
    const visit = await leave();
    world.sessions.set(visit.token, { status: "error", error: { error: "oauth_provider_error", error_description: "No.", provider_error: "x" } });
    await comeBack(visit, "alter_connect_error=true&error_code=oauth_provider_error&error_description=No.");
    assert.deepEqual(await heard(visit.page, "error"), [["error", { code: "oauth_provider_error", message: "No.", details: { provider_error: "x" } }]]);
    await visit.close();
  });

  it("believes the address about an error that the session outlives", async () => {
    const visit = await leave();
    await comeBack(visit, "alter_connect_error=1&error_code=oauth_denied&error_description=The+person+said+no.");
    assert.deepEqual(await heard(visit.page, "error"), [["error", { code: "oauth_denied", message: "The person said no.", details: {} }]]);
    assert.equal(await visit.page.evaluate(() => location.href.slice(origin.length)), "/back?tab=2&status=mine#there");
    await visit.close();
  });

  it("takes the address alone where the server cannot be asked", async () => {
    const visit = await leave();
    await comeBack(visit, answer(grant({ scopes: ["a", "b"], operation: "reauth" })), { path: "/?deaf" });
    assert.deepEqual(await heard(visit.page, "success"), complete(grant({ scopes: ["a", "b"], operation: "reauth" })));
    await visit.close();
  });

  it("without scopes and name in the address has neither", async () => {
    const visit = await leave();
    await comeBack(visit, "alter_connect_success=true&grant_id=g&provider=slack&account_identifier=", { path: "/?deaf" });
    const [, { timestamp, ...connection }] = (await heard(visit.page, "success")).at(-1);
    assert.deepEqual(connection, { grant_id: "g", provider: "slack", provider_name: "slack", account_identifier: "", operation: "creation", scopes: [], status: "active" });
    await visit.close();
  });

  it("refuses a success that the server knows nothing of", async () => {
    for (const [standing, code] of [[{ status: "pending", stage: "provider" }, "invalid_response"], [{ status: "expired" }, "session_expired"]]) {
      const visit = await leave({ standing });
      await comeBack(visit, answer(grant({ grant_id: "forged" })));
      const log = await heard(visit.page, "error");
      assert.deepEqual([log.length, log[0][1].code], [1, code]);
      await visit.close();
    }
  });

  it("is forgotten after ten minutes, not before", async () => {
    for (const [age, count] of [[590_000, 2], [610_000, 0]]) {
      const visit = await leave();
      world.sessions.set(visit.token, { status: "completed", grants: [grant()] });
      await visit.page.goto(`${world.app}/?script=/none.js`, { waitUntil: "load" });
      await visit.page.evaluate((age) => {
        const [key] = Object.keys(sessionStorage);
        const state = JSON.parse(sessionStorage.getItem(key));
        sessionStorage.setItem(key, JSON.stringify({ ...state, timestamp: state.timestamp - age }));
      }, age);
      await comeBack(visit, answer(grant()));
      await pause(500);
      assert.equal((await logOf(visit.page)).length, count, `${age}`);
      await visit.close();
    }
  });

  it("leaves an address alone that no flow of this tab asked for", async () => {
    const visit = await world.visit({ context: PHONE, init: CALLBACKS, path: `/?${answer(grant())}` });
    await pause(300);
    assert.deepEqual(await logOf(visit.page), []);
    assert.match(await visit.page.evaluate(() => location.search), /alter_connect_success=true/);
    await visit.close();
  });

  it("is not mistaken: the marker is exactly `true`, and the app's own parameters are its own", async () => {
    for (const query of ["alter_connect_success=truely&grant_id=g&provider=p", "alter_connect_success=false&grant_id=g", "alter_connect_error=&error_code=x", "not_alter_connect_success=true"]) {
      const visit = await leave();
      await comeBack(visit, query);
      await pause(200);
      assert.deepEqual(await logOf(visit.page), [], query);
      assert.equal(await visit.page.evaluate(() => location.search), `?tab=2&status=mine&${query}`);
      await visit.close();
    }
  });

  it("is an exit when the person goes back, and the page is as it was", async () => {
    const visit = await leave();
    await visit.page.goBack({ waitUntil: "commit" });
    await visit.page.waitForFunction(() => window.isUp);
    assert.deepEqual(await heard(visit.page, "exit"), [["event", "OPEN", { transport: "redirect" }], ...exit]);
    assert.equal(await visit.page.evaluate(() => widget.isOpen()), false);
    await visit.close();
  });

  it("is redirect_error where the browser keeps nothing, and create() does not mind", async () => {
    const init = 'Object.defineProperty(window, "sessionStorage", { get() { throw new DOMException("no", "SecurityError"); } });';
    const visit = await world.visit({ context: PHONE, init });
    await visit.page.evaluate((token) => { window.next = () => { window.widget = AlterConnect.create(); widget.open({ token, ...told() }); }; }, session(world));
    await visit.page.click("#go");
    const log = await heard(visit.page, "error");
    assert.deepEqual([log.length, log[0][1].code, await visit.page.evaluate(() => widget.isOpen())], [1, "redirect_error", false]);
    await visit.close();
  });

  it("goes on when OPEN throws, and close() does not stop it", async () => {
    const visit = await world.visit({ context: PHONE });
    const token = session(world);
    await visit.page.evaluate((token) => {
      window.next = () => { window.widget = AlterConnect.create(); widget.open({ token, ...told({ onEvent() { throw new Error("from onEvent"); } }) }); widget.close(); };
    }, token);
    await visit.page.click("#go");
    await visit.page.waitForURL(`${world.issuer}/sdk/oauth/connect#**`);
    await visit.close();
  });
});

describe("a tablet", () => {
  const iPad = { hasTouch: true, isMobile: true, userAgent: "Mozilla/5.0 (iPad; CPU OS 14_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/14.0 Mobile/15E148 Safari/604.1" };
  for (const [way, width, height] of [["upright redirects", 768, 1024], ["on its side opens a window", 1024, 768]]) {
    it(way, async () => {
      const visit = await world.visit({ context: { ...iPad, viewport: { width, height } } });
      const { page, context } = visit;
      await page.evaluate((token) => { window.next = () => { AlterConnect.create().open({ token, ...told() }); }; }, session(world));
      await page.click("#go");
      if (height > width) await page.waitForURL(`${world.issuer}/sdk/oauth/connect#**`);
      else await until(() => context.pages().length === 2, "the window");
      await visit.close();
    });
  }
});
