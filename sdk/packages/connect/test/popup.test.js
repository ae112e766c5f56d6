// The window: what the app is told, whom it listens to, and what happens when the window goes away.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { connect, grant, heard, logOf, makeWorld, nameOf, pause, session, until } from "./world.js";

let world;
before(async () => { world = await makeWorld(); });
after(() => world.end());

const exit = [["event", "EXIT", {}], ["exit"]];
const OPEN = ["event", "OPEN", { transport: "popup" }];
const complete = (...connections) => [["event", "OAUTH_COMPLETE", { connections }], ["success", connections[0]]];
const isOpen = (page) => page.evaluate(() => widget.isOpen());

/** Keeps the listeners of the page in sight. */
const LISTENERS = `(() => {
  const all = new Set();
  const { addEventListener: add, removeEventListener: remove } = window;
  window.addEventListener = function (type, deed, ...rest) { if (type === "message" || type === "pageshow") all.add(deed); return add.call(window, type, deed, ...rest); };
  window.removeEventListener = function (type, deed, ...rest) { all.delete(deed); return remove.call(window, type, deed, ...rest); };
  Object.defineProperty(window, "listeners", { get: () => all.size });
})();`;

describe("the window", { concurrency: 4 }, () => {
  it("is 500 by 700, in the middle, at the hosted page with the token in the fragment alone", async () => {
    const visit = await world.visit();
    await visit.page.evaluate(() => {
      const { open } = window;
      window.open = (...all) => { window.asked = all; return open.apply(window, all); };
    });
    const token = session(world);
    const popup = await connect(visit, { token });
    assert.equal(popup.url(), `${world.issuer}/sdk/oauth/connect#session=${encodeURIComponent(token)}`);
    assert.equal(await popup.evaluate(() => window.token), token);
    const [features, screen] = await visit.page.evaluate(() => [window.asked[2], [screenX + (outerWidth - 500) / 2, screenY + (outerHeight - 700) / 2].map(Math.round)]);
    assert.equal(features, `width=500,height=700,left=${screen[0]},top=${screen[1]},resizable=yes,scrollbars=yes,status=yes`);
    assert.deepEqual(await popup.evaluate(() => [innerWidth, innerHeight]), [500, 700]);
    await visit.close();
  });

  it("tells the five events and one connection, and is gone", async () => {
    const visit = await world.visit({ init: LISTENERS });
    const { page } = visit;
    const token = session(world);
    const popup = await connect(visit, { token });
    assert.equal(await isOpen(page), true);
    const [first, second] = [grant(), grant({ provider: "slack", provider_name: "Slack", metadata: { team: "T1" } })];
    const closed = popup.waitForEvent("close");
    await popup.evaluate(([grants, name]) => {
      post({ type: "alter_connect_event", name: "PROVIDER_SELECTED", metadata: { provider: "google" }, session: name });
      post({ type: "alter_connect_event", name: "OAUTH_STARTED", metadata: { provider: "google" } });
      for (const own of ["OPEN", "OAUTH_COMPLETE", "EXIT"]) post({ type: "alter_connect_event", name: own });
      post({ type: "another_type" });
      post({ type: "alter_connect_success", grants, session: name });
    }, [[first, second], nameOf(token)]);
    await closed;
    assert.deepEqual(await heard(page, "success"), [
      OPEN, ["event", "PROVIDER_SELECTED", { provider: "google" }], ["event", "OAUTH_STARTED", { provider: "google" }], ...complete(first, second),
    ]);
    assert.equal(await isOpen(page), false);
    assert.equal(await page.evaluate(() => listeners), 0);
    assert.equal(world.asked.some((it) => it.token === token), false);
    await visit.close();
  });

  it("fills in what an item leaves out, and passes over what is none", async () => {
    const visit = await world.visit();
    const popup = await connect(visit, { token: session(world) });
    await popup.evaluate(() => post({ type: "alter_connect_success", grants: [null, "x", {}, { grant_id: "g", provider: "" }, { grant_id: "g1", provider: "slack", operation: "other", status: "other", scopes: "a" }, { grant_id: "g2", provider: "x", operation: "reauth", status: "pending" }] }));
    const log = await heard(visit.page, "success");
    const [first, second] = log.find(([, name]) => name === "OAUTH_COMPLETE")[2].connections;
    assert.ok(Math.abs(new Date(first.timestamp) - Date.now()) < 60_000);
    assert.deepEqual({ ...first, timestamp: "" }, { grant_id: "g1", provider: "slack", provider_name: "slack", account_identifier: "", timestamp: "", operation: "creation", scopes: [], status: "active" });
    assert.deepEqual([second.operation, second.status], ["reauth", "pending"]);
    await visit.close();
  });

  for (const [what, message, error] of [
    ["a denial", { error: "oauth_denied", error_description: "The person said no.", provider: "google" }, { code: "oauth_denied", message: "The person said no.", details: { provider: "google" } }],
    ["an error of the provider, with its code", { error: "oauth_provider_error", error_description: "No.", provider_error: "temporarily_unavailable" }, { code: "oauth_provider_error", message: "No.", details: { provider_error: "temporarily_unavailable" } }],
    ["an error without words", {}, { code: "oauth_error", message: "The account was not connected.", details: {} }],
  ]) {
    it(`tells ${what}`, async () => {
      const visit = await world.visit();
      const token = session(world);
      const popup = await connect(visit, { token });
      await popup.evaluate((message) => post(message), { type: "alter_connect_error", session: nameOf(token), ...message });
      assert.deepEqual(await heard(visit.page, "error"), [OPEN, ["error", error]]);
      assert.equal(await isOpen(visit.page), false);
      await visit.close();
    });
  }

  for (const grants of [undefined, {}, [], [{ grant_id: "g" }]]) {
    it(`is invalid_response for a success with ${JSON.stringify(grants)}`, async () => {
      const visit = await world.visit();
      const popup = await connect(visit, { token: session(world) });
      await popup.evaluate((grants) => post({ type: "alter_connect_success", grants }), grants);
      const log = await heard(visit.page, "error");
      assert.equal(log.at(-1)[1].code, "invalid_response");
      await visit.close();
    });
  }

  it("is popup_blocked outside a click, without OPEN, and can be tried again", async () => {
    const token = session(world);
    const visit = await world.visit({ init: `window.onCreate = () => { window.widget = AlterConnect.create(); window.opened = widget.open({ token: ${JSON.stringify(token)}, ...told() }); };` });
    const { page } = visit;
    await page.evaluate(() => opened);
    const log = await logOf(page);
    assert.deepEqual([log.length, log[0][0], log[0][1].code], [1, "error", "popup_blocked"]);
    assert.equal(await isOpen(page), false);
    await connect(visit, { token });
    assert.equal(await isOpen(page), true);
    await visit.close();
  });

  it("comes to the front when open() is called again, and there is one", async () => {
    const visit = await world.visit();
    const { page, context } = visit;
    const token = session(world);
    const popup = await connect(visit, { token });
    await page.click("#go");
    await page.evaluate(() => opened);
    assert.equal(context.pages().length, 2);
    await popup.evaluate((grants) => post({ type: "alter_connect_success", grants }), [grant()]);
    assert.deepEqual(await heard(page, "success"), [OPEN, ...complete(grant())]);
    await visit.close();
  });
});

describe("messages", { concurrency: 4 }, () => {
  const success = { type: "alter_connect_success", grants: [grant({ grant_id: "forged" })] };

  /** A frame in the app's page that posts to it. */
  async function postFromFrame(page, origin) {
    const path = origin === world.issuer ? "/sdk/oauth/connect" : "/";
    await page.evaluate((src) => new Promise((done) => { const frame = Object.assign(document.createElement("iframe"), { src, onload: done }); document.body.append(frame); }), origin + path);
    const frame = await until(() => page.frames().find((it) => it.url().startsWith(origin)));
    await frame.evaluate((message) => parent.postMessage(message, "*"), success);
  }

  it("count from nobody but the window of the flow, and for its own session alone", async () => {
    const visit = await world.visit();
    const { page } = visit;
    const token = session(world);
    const popup = await connect(visit, { token });
    await postFromFrame(page, world.hostile);
    await postFromFrame(page, world.issuer);
    await page.evaluate((message) => window.postMessage(message, "*"), success);
    await until(() => page.evaluate(() => widget.flow.session), "the digest");
    await popup.evaluate(([message, session]) => post({ ...message, session }), [success, nameOf("another")]);
    for (const junk of [null, 1, "alter_connect_success", [], { type: 1 }]) await popup.evaluate((junk) => post(junk), junk);
    await popup.goto(world.hostile);
    await popup.evaluate(([message, app]) => opener.postMessage(message, app), [success, world.app]);
    await pause(300);
    assert.deepEqual(await logOf(page), [OPEN]);
    await popup.goto(`${world.issuer}/sdk/oauth/connect#session=${encodeURIComponent(token)}`);
    await popup.evaluate(([message, session]) => post({ ...message, session }), [{ ...success, grants: [grant()] }, nameOf(token)]);
    assert.deepEqual(await heard(page, "success"), [OPEN, ...complete(grant())]);
    await visit.close();
  });

  it("of a window that an earlier page opened confuse nobody", async () => {
    const visit = await world.visit();
    const { page } = visit;
    const stale = await connect(visit, { token: session(world) });
    await page.reload();
    await page.waitForFunction(() => window.isUp);
    const popup = await connect(visit, { token: session(world) });
    assert.notEqual(stale, popup);
    await stale.evaluate((message) => post(message), success);
    await stale.close();
    await pause(1200);
    assert.deepEqual(await logOf(page), [OPEN]);
    await popup.evaluate((grants) => post({ type: "alter_connect_success", grants }), [grant()]);
    assert.deepEqual(await heard(page, "success"), [OPEN, ...complete(grant())]);
    await visit.close();
  });

  it("of a flow that was closed reach nobody, and of two widgets each hears its own", async () => {
    const visit = await world.visit();
    const { page, context } = visit;
    const first = await connect(visit, { token: session(world) });
    await page.evaluate((token) => {
      window.other = AlterConnect.create();
      window.next = () => other.open({ token, ...told({ onSuccess: ({ grant_id }) => log.push(["other", grant_id]) }) });
    }, session(world));
    const [second] = await Promise.all([context.waitForEvent("page"), page.click("#go")]);
    await second.waitForFunction(() => window.post);
    await second.evaluate((grants) => post({ type: "alter_connect_success", grants }), [grant({ grant_id: "second" })]);
    await heard(page, "other");
    assert.equal(await isOpen(page), true);
    await first.evaluate((grants) => post({ type: "alter_connect_success", grants }), [grant({ grant_id: "first" })]);
    const log = await heard(page, "success");
    assert.deepEqual(log.filter(([kind]) => kind !== "event").map(([kind, it]) => [kind, it.grant_id ?? it]), [["other", "second"], ["success", "first"]]);
    await visit.close();
  });
});

describe("a window that goes away", { concurrency: 4 }, () => {
  const askedFor = (token) => world.asked.filter((it) => it.token === token);

  it("is an exit after five seconds, when the person closed it on our page", async () => {
    const visit = await world.visit();
    const { page } = visit;
    const token = session(world);
    const popup = await connect(visit, { token });
    const before = Date.now();
    await popup.close();
    assert.deepEqual(await heard(page, "exit"), [OPEN, ...exit]);
    const took = Date.now() - before;
    assert.ok(took > 4500 && took < 20_000, `${took} ms`);
    const asked = askedFor(token);
    assert.ok(asked.length >= 2 && asked.length <= 7, `${asked.length} times`);
    assert.deepEqual([asked[0].cookie, asked[0].type], [undefined, "application/json"]);
    assert.equal(await isOpen(page), false);
    await visit.close();
  });

  it("is a success when the server has the result", async () => {
    const visit = await world.visit();
    const token = session(world);
    const popup = await connect(visit, { token });
    world.sessions.set(token, { status: "completed", grants: [grant(), grant({ provider: "slack" })] });
    await popup.close();
    assert.deepEqual(await heard(visit.page, "success"), [OPEN, ...complete(grant(), grant({ provider: "slack" }))]);
    await visit.close();
  });

  for (const [standing, code, details] of [
    [{ status: "error", error: { error: "oauth_provider_error", error_description: "No.", provider_error: "x" } }, "oauth_provider_error", { provider_error: "x" }],
    [{ status: "expired" }, "session_expired", {}],
    [{ status: "completed" }, "invalid_response", {}],
  ]) {
    it(`is ${code} when the server says so`, async () => {
      const visit = await world.visit();
      const token = session(world);
      const popup = await connect(visit, { token });
      world.sessions.set(token, standing);
      await popup.close();
      const log = await heard(visit.page, "error");
      assert.deepEqual([log.length, log[1][1].code, log[1][1].details], [2, code, details]);
      await visit.close();
    });
  }

  it("is no exit when a provider's page cuts it off: the result comes from the server", async () => {
    const visit = await world.visit();
    const { page } = visit;
    const token = session(world);
    const popup = await connect(visit, { token });
    world.sessions.set(token, { status: "pending", stage: "provider" });
    await popup.goto(world.provider);
    await until(() => askedFor(token).length > 0, "the first question");
    await pause(6500);
    assert.deepEqual(await logOf(page), [OPEN]);
    assert.equal(await isOpen(page), true);
    const asked = askedFor(token).length;
    assert.ok(asked >= 2 && asked <= 6, `${asked} times`);
    world.sessions.set(token, { status: "completed", grants: [grant()] });
    assert.deepEqual(await heard(page, "success"), [OPEN, ...complete(grant())]);
    await visit.close();
  });

  it("is given up after five minutes, whatever the server last said", async () => {
    const visit = await world.visit({ clock: true });
    const { page } = visit;
    const token = session(world);
    const popup = await connect(visit, { token });
    world.sessions.set(token, { status: "pending", stage: "provider" });
    await popup.goto(world.provider);
    await until(async () => { await page.clock.runFor(500); return askedFor(token).length > 0; }, "the first question");
    await page.clock.fastForward(200_000);
    await pause(500);
    assert.deepEqual(await logOf(page), [OPEN]);
    // Once at the provider, always at the provider, as far as this page can see.
    world.sessions.set(token, { status: "pending", stage: "page" });
    await page.clock.fastForward(50_000);
    await pause(500);
    assert.deepEqual(await logOf(page), [OPEN]);
    await page.clock.fastForward(60_000);
    assert.deepEqual(await heard(page, "exit"), [OPEN, ...exit]);
    await visit.close();
  });

  it("gives way to a new one, and close() ends the waiting", async () => {
    const visit = await world.visit();
    const { page } = visit;
    const token = session(world);
    const popup = await connect(visit, { token });
    world.sessions.set(token, { status: "pending", stage: "provider" });
    await popup.goto(world.provider);
    await until(() => askedFor(token).length > 0, "the first question");
    const next = session(world);
    const second = await connect(visit, { token: next });
    assert.deepEqual(await logOf(page), [OPEN, ...exit, OPEN]);
    world.sessions.set(next, { status: "pending", stage: "provider" });
    await second.goto(world.provider);
    await until(() => askedFor(next).length > 0, "the next question");
    await page.evaluate(() => { widget.close(); widget.close(); });
    assert.deepEqual(await logOf(page), [OPEN, ...exit, OPEN, ...exit]);
    const count = world.asked.length;
    await pause(3000);
    assert.equal(askedFor(token).length + askedFor(next).length <= count, true);
    assert.equal((await logOf(page)).length, 6);
    await visit.close();
  });

  it("is an exit when the server cannot be asked", async () => {
    const visit = await world.visit({ path: "/?deaf" });
    const popup = await connect(visit, { token: session(world) });
    await popup.close();
    assert.deepEqual(await heard(visit.page, "exit"), [OPEN, ...exit]);
    await visit.close();
  });
});

describe("close, destroy and callbacks", { concurrency: 4 }, () => {
  it("close() closes the window and is one exit", async () => {
    const visit = await world.visit({ init: LISTENERS });
    const { page } = visit;
    const popup = await connect(visit, { token: session(world) });
    const closed = popup.waitForEvent("close");
    await page.evaluate(() => { widget.on("close", () => log.push(["closed"])); widget.close(); widget.close(); });
    await closed;
    assert.deepEqual(await logOf(page), [OPEN, ["closed"], ...exit]);
    assert.deepEqual(await page.evaluate(() => [widget.isOpen(), listeners]), [false, 0]);
    await visit.close();
  });

  it("destroy() is silent, leaves nothing, and says so to whoever goes on", async () => {
    const visit = await world.visit({ init: LISTENERS });
    const { page } = visit;
    const token = session(world);
    const popup = await connect(visit, { token });
    const closed = popup.waitForEvent("close");
    const facts = await page.evaluate(async (token) => {
      widget.on("exit", () => log.push(["bus"]));
      widget.destroy();
      widget.destroy();
      const code = (deed) => { try { deed(); } catch (error) { return error.code; } };
      const late = await widget.open({ token, ...told() }).catch((error) => error.code);
      widget.close();
      widget.off("exit", () => {});
      return [late, code(() => widget.on("exit", () => {})), widget.isOpen(), widget.getVersion(), listeners];
    }, token);
    await closed;
    assert.deepEqual(facts, ["sdk_destroyed", "sdk_destroyed", false, "0.1.0", 0]);
    await pause(1500);
    assert.deepEqual([await logOf(page), askedFor(token)], [[OPEN], 0]);
    await visit.close();
  });

  it("destroy() in a callback keeps the later ones from being called", async () => {
    const visit = await world.visit();
    const { page } = visit;
    await page.evaluate(() => {
      const { told } = window;
      window.told = () => told({ onEvent(name) { log.push([name]); if (name === "OAUTH_COMPLETE") widget.destroy(); } });
    });
    const popup = await connect(visit, { token: session(world) });
    await page.evaluate(() => widget.on("success", () => log.push(["bus"])));
    const closed = popup.waitForEvent("close");
    await popup.evaluate((grants) => post({ type: "alter_connect_success", grants }), [grant()]);
    await closed;
    await pause(200);
    assert.deepEqual(await logOf(page), [["OPEN"], ["OAUTH_COMPLETE"]]);
    await visit.close();
  });

  const askedFor = (token) => world.asked.filter((it) => it.token === token).length;

  for (const [name, finish] of [
    ["onSuccess", (popup) => popup.evaluate((grants) => post({ type: "alter_connect_success", grants }), [grant()])],
    ["onError", (popup) => popup.evaluate(() => post({ type: "alter_connect_error", error: "oauth_denied" }))],
    ["onExit", (_, page) => page.evaluate(() => widget.close())],
    ["onEvent", (popup) => popup.evaluate((grants) => post({ type: "alter_connect_success", grants }), [grant()])],
  ]) {
    it(`an ${name} that throws breaks nothing and is reported`, async () => {
      const visit = await world.visit({ init: LISTENERS });
      const { page, logs } = visit;
      const token = session(world);
      await page.evaluate((name) => {
        const { told } = window;
        window.told = () => told({ [name]: () => { log.push(["thrown"]); throw new Error(`from ${name}`); } });
      }, name);
      const popup = await connect(visit, { token });
      const closed = popup.waitForEvent("close");
      await page.evaluate(() => { for (const kind of ["success", "error", "exit"]) widget.on(kind, () => log.push(["bus", kind])); });
      await finish(popup, page);
      await closed;
      await heard(page, "bus");
      await until(() => logs.includes(`pageerror from ${name}`), "the report");
      assert.deepEqual(await page.evaluate(() => [widget.isOpen(), listeners]), [false, 0]);
      await connect(visit, { token: session(world) });
      assert.equal(await isOpen(page), true);
      await visit.close();
    });
  }

  it("on() hears all connections, errors, events and metadata, until it is told not to", async () => {
    const visit = await world.visit();
    const { page } = visit;
    const popup = await connect(visit, { token: session(world) });
    await page.evaluate(() => {
      log.length = 0;
      widget.on("success", (all) => log.push(["bus success", all.length]));
      widget.on("event", (name, metadata) => log.push(["bus event", name, typeof metadata.timestamp]));
      const gone = () => log.push(["never"]);
      widget.on("success", gone);
      widget.off("success", gone);
      widget.on("success", gone)();
    });
    await popup.evaluate((grants) => post({ type: "alter_connect_success", grants }), [grant(), grant()]);
    const log = await heard(page, "bus success");
    assert.deepEqual(log.filter(([kind]) => kind.startsWith("bus")), [["bus event", "OAUTH_COMPLETE", "string"], ["bus success", 2]]);
    assert.equal(log.some(([kind]) => kind === "never"), false);
    await visit.close();
  });

  it("debug logs what happens and never the token", async () => {
    const visit = await world.visit();
    const token = session(world);
    const popup = await connect(visit, { token, create: { debug: true } });
    await popup.evaluate((grants) => post({ type: "alter_connect_success", grants }), [grant()]);
    await heard(visit.page, "success");
    await until(() => visit.logs.filter((line) => line.startsWith("[AlterConnect]")).length === 3, "the log");
    assert.match(visit.logs.join("\n"), /\[AlterConnect\] event OPEN[^]*OAUTH_COMPLETE[^]*\[AlterConnect\] success/);
    assert.doesNotMatch(visit.logs.join("\n"), /sess_/);
    await visit.close();
  });

  it("nothing is logged without debug", async () => {
    const visit = await world.visit();
    const popup = await connect(visit, { token: session(world) });
    await popup.evaluate((grants) => post({ type: "alter_connect_success", grants }), [grant()]);
    await heard(visit.page, "success");
    assert.deepEqual(visit.logs, []);
    await visit.close();
  });
});

describe("a server under a path", () => {
  it("keeps the path, without a double slash, and messages come from its origin", async () => {
    const visit = await world.visit();
    const popup = await connect(visit, { token: session(world), baseURL: `${world.issuer}/id//` });
    assert.equal(new URL(popup.url()).pathname, "/id/sdk/oauth/connect");
    await popup.evaluate((grants) => post({ type: "alter_connect_success", grants }), [grant()]);
    await heard(visit.page, "success");
    await visit.close();
  });
});
