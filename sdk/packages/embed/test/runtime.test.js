// The runtime: a frame that holds the token, and tells the app everything but that.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { tokenFor } from "./issuer.js";
import { issuerFrame, makeWorld, pause, until } from "./world.js";

let world;
before(async () => { world = await makeWorld(); });
after(() => world.end());

/** Records every message that any window of the page is sent, and hears all that `onEvent` hears. */
const RECORD = "window.heard = []; addEventListener('message', (event) => heard.push(JSON.stringify(event.data)));";

async function open(page, options = {}) {
  await page.evaluate(([options]) => {
    window.events = [];
    window.runtime = embed.openAveConnectorRuntime({
      mode: "user_present",
      onEvent: (event) => events.push(event),
      onReady: () => events.push({ type: "ready" }),
      onError: (error) => events.push({ type: "onError", ...error }),
      ...options,
    });
  }, [{ delegatedToken: tokenFor(), target: "iris", targetOrigin: world.target, ...options }]);
}

/** Sends a request and waits for its end. */
async function ask(page, op, payload) {
  const id = await page.evaluate(([op, payload]) => runtime.send({ op, payload }), [op, payload]);
  return ended(page, id);
}

const ended = (page, id) => until(async () => {
  const events = (await page.evaluate(() => events)).filter((event) => event.id === id).map(({ id: _, ...rest }) => rest);
  return events.some(({ type }) => type === "complete" || type === "error") && events;
}, `the end of ${id}`);

const eventsOf = (page) => page.evaluate(() => events);

describe("requests", () => {
  it("wait until the runtime is ready, and go to the endpoint with the token and nothing else", async () => {
    const { page, context, close } = await world.visit();
    await context.addCookies([{ name: "session", value: "secret", url: "http://localhost" }]);
    const token = tokenFor();
    world.calls.length = world.checks.length = 0;
    await open(page, { delegatedToken: token });
    assert.deepEqual(await ask(page, "echo", { a: [1, "ü"] }), [{ type: "response", data: { said: { a: [1, "ü"] } } }, { type: "complete" }]);
    const [call] = world.calls;
    assert.deepEqual({ ...call, id: "" }, { id: "", op: "echo", payload: { a: [1, "ü"] }, token, accept: "application/json, text/event-stream", cookie: undefined, referer: undefined });
    assert.deepEqual(world.checks, [{ asked: { parent_origin: world.app, target: "iris", target_origin: world.target, mode: "user_present" }, token, cookie: undefined }]);
    assert.deepEqual((await eventsOf(page))[0], { type: "ready" });
    assert.ok(world.seen.some((line) => line === "GET /connect/runtime?target=iris&mode=user_present"));
    await close();
  });

  const cases = {
    text: [{ type: "response", data: "plain words" }, { type: "complete" }],
    empty: [{ type: "response", data: null }, { type: "complete" }],
    garbled: [{ type: "error", error: "invalid_response", message: "The target's answer is not JSON.", status: 200 }],
    refuse: [{ type: "error", error: "access_denied", message: "not allowed here", status: 403 }],
    crash: [{ type: "error", error: "request_failed", message: "broken", status: 500 }],
    redirect: [{ type: "error", error: "request_failed", message: "The target could not be reached." }],
    "stream-error": [{ type: "response", data: 1 }, { type: "error", error: "quota", message: "enough" }],
    stream: [
      { type: "response", data: { n: 1 } },
      { type: "response", data: "two\nlines é" },
      { type: "response", data: { token: "[redacted]" }, event: "note" },
      { type: "response", data: "last" },
      { type: "complete" },
    ],
    leak: [{ type: "response", data: { a: "Bearer [redacted]", "[redacted]": 1, b: ["[redacted]"] } }, { type: "complete" }],
    "leak-error": [{ type: "error", error: "bad [redacted]", message: "token [redacted]", status: 401 }],
  };

  it("end once, each kind of answer in its own way, and never carry the token", async () => {
    const { page, logs, close } = await world.visit({ init: RECORD });
    const token = tokenFor();
    await open(page, { delegatedToken: token });
    for (const [op, expected] of Object.entries(cases)) assert.deepEqual(await ask(page, op), expected, op);
    await pause(100);
    const all = JSON.stringify([await page.evaluate(() => heard), await eventsOf(page), logs, page.frames().map((frame) => frame.url())]);
    assert.ok(!all.includes(token) && !all.includes(token.split(".")[1]), "the token was told");
    const perId = new Map();
    for (const { id, type } of await eventsOf(page)) if (type === "complete" || type === "error") perId.set(id, (perId.get(id) ?? 0) + 1);
    assert.ok([...perId.values()].every((count) => count === 1));
    await close();
  });

  it("can be aborted, before and after they are sent", async () => {
    const { page, close } = await world.visit();
    await open(page);
    const early = await page.evaluate(() => { const id = runtime.send({ op: "echo" }); runtime.abort(id); return id; });
    assert.deepEqual((await ended(page, early)).map(({ type, error }) => [type, error]), [["error", "aborted"]]);
    for (const op of ["slow", "endless"]) {
      const id = await page.evaluate((op) => runtime.send({ op }), op);
      await until(() => world.calls.some((call) => call.id === id && call.op === op));
      await page.evaluate((id) => runtime.abort(id), id);
      assert.equal((await ended(page, id)).at(-1).error, "aborted");
    }
    await close();
  });

  it("are limited in number and size, and need an op", async () => {
    const { page, close } = await world.visit();
    await open(page);
    await ask(page, "echo");
    const ids = await page.evaluate(() => Array.from({ length: 17 }, () => runtime.send({ op: "slow" })));
    assert.equal((await ended(page, ids[16]))[0].error, "too_many_requests");
    await page.evaluate((ids) => ids.forEach((id) => runtime.abort(id)), ids);
    await ended(page, ids[0]);
    assert.equal((await ask(page, "echo", "x".repeat(1024 * 1024 + 1)))[0].error, "request_too_large");
    assert.match(await page.evaluate(() => { try { runtime.send({}); } catch (error) { return error.message; } }), /needs `op`/);
    await close();
  });
});

describe("an account elsewhere", () => {
  it("is called through the issuer's proxy, and what the service answers is data", async () => {
    const { page, context, close } = await world.visit();
    await context.addCookies([{ name: "session", value: "secret", url: "http://localhost" }]);
    const token = tokenFor({ resource: "calendar:fake" });
    world.calls.length = 0;
    await open(page, { delegatedToken: token, target: "calendar:fake", targetOrigin: world.issuer });
    const [response, complete] = await ask(page, "request", { method: "POST", path: "/v3/events", query: { q: "a b" }, body: { title: "Lunch" } });
    assert.deepEqual([response.type, response.data.status, response.data.body, complete], ["response", 200, { echo: "Bearer [redacted]" }, { type: "complete" }]);
    assert.deepEqual(world.calls, [{ method: "POST", at: "/proxy/calendar:fake/v3/events?q=a+b", token, cookie: undefined, kind: "application/json", body: '{"title":"Lunch"}' }]);
    assert.deepEqual((await ask(page, "request", { path: "/missing" }))[0].data.status, 404);
    assert.deepEqual(await ask(page, "request", { path: "/forbidden" }), [{ type: "error", error: "policy_denied", message: "no scope lets this call through", status: 403 }]);
    assert.equal((await ask(page, "request", { path: "/elsewhere" }))[0].error, "redirected");
    world.calls.length = 0;
    for (const path of ["v3/events", "/v3?x=1", "/a\\b", "//evil.test#", undefined]) assert.equal((await ask(page, "request", { path }))[0].error, "invalid_request", path);
    assert.equal((await ask(page, "infer", { path: "/v3/events" }))[0].error, "invalid_request");
    assert.deepEqual(world.calls, []);
    await close();
  });
});

describe("the runtime", () => {
  it("refuses a page that does not belong to the app", async () => {
    const { page, close } = await world.visit({ waitFor: false });
    await page.goto(world.hostile);
    await page.evaluate(async ([issuer, token, target]) => {
      window.events = [];
      const { openAveConnectorRuntime } = await import(`${issuer}/sdk/js/embed.js`);
      window.runtime = openAveConnectorRuntime({ delegatedToken: token, target: "iris", targetOrigin: target, onEvent: (event) => events.push(event) });
    }, [world.issuer, tokenFor(), world.target]);
    world.calls.length = 0;
    assert.deepEqual((await ask(page, "echo"))[0].error, "access_denied");
    assert.equal(world.calls.length, 0);
    await close();
  });

  it("refuses an endpoint that is not at targetOrigin, whatever the server says", async () => {
    const { page, close } = await world.visit();
    await open(page, { target: "elsewhere" });
    assert.equal((await ask(page, "echo"))[0].error, "target_origin_mismatch");
    await close();
  });

  it("ignores a second init", async () => {
    const { page, close } = await world.visit();
    await open(page);
    await ask(page, "echo");
    const before = world.checks.length;
    await page.evaluate(([issuer, token]) => {
      const payload = { delegatedToken: token, target: "iris", targetOrigin: location.origin, mode: "background" };
      for (let at = 0; at < 20; at += 1) runtime.iframe.contentWindow.postMessage({ type: "ave:connector:init", payload }, issuer);
    }, [world.issuer, tokenFor({ sub: "eve" })]);
    assert.equal((await ask(page, "echo", 1)).length, 2);
    assert.equal(world.checks.length, before);
    await close();
  });

  it("takes a newer token of the same person, app and resource, and no other", async () => {
    const { page, close } = await world.visit();
    const [first, second] = [tokenFor(), tokenFor()];
    await open(page, { delegatedToken: first });
    await ask(page, "echo");
    for (const facts of [{ sub: "eve" }, { cid: "app_other" }, { resource: "iris:admin" }]) {
      await page.evaluate((token) => { events.length = 0; runtime.updateToken(token); }, tokenFor(facts));
      await until(async () => (await eventsOf(page)).some(({ error }) => error === "token_mismatch"));
      await ask(page, "echo");
      assert.equal(world.calls.at(-1).token, first);
    }
    await page.evaluate((token) => { events.length = 0; runtime.updateToken(token); }, second);
    await until(async () => (await eventsOf(page)).some(({ type }) => type === "ready"));
    await ask(page, "echo");
    assert.equal(world.calls.at(-1).token, second);
    await close();
  });

  it("tells token_expired, and goes on with a newer token", async () => {
    const { page, close } = await world.visit();
    await open(page, { delegatedToken: tokenFor({ life: 1.5 }) });
    await ask(page, "echo");
    await until(async () => (await eventsOf(page)).some(({ type, error }) => type === "onError" && error === "token_expired"));
    assert.equal((await ask(page, "echo"))[0].error, "token_expired");
    await page.evaluate((token) => runtime.updateToken(token), tokenFor());
    await until(async () => (await ask(page, "echo"))[0].type === "response");
    await close();
  });

  it("can start with an expired token and be saved by a newer one", async () => {
    const { page, close } = await world.visit();
    await open(page, { delegatedToken: tokenFor({ life: 0 }) });
    assert.equal((await ask(page, "echo"))[0].error, "token_expired");
    await page.evaluate((token) => { events.length = 0; runtime.updateToken(token); }, tokenFor());
    await until(async () => (await eventsOf(page)).some(({ type }) => type === "ready"));
    assert.equal((await ask(page, "echo"))[0].type, "response");
    await close();
  });

  it("is destroyed with all it does, and may be destroyed again", async () => {
    const { page, close } = await world.visit();
    await open(page);
    await page.evaluate(() => { runtime.send({ op: "endless" }); });
    await until(async () => (await eventsOf(page)).some(({ type }) => type === "response"));
    const left = await page.evaluate(() => {
      const before = events.length;
      runtime.destroy();
      runtime.destroy();
      runtime.send({ op: "echo" });
      return [document.querySelectorAll("iframe").length, events.length - before];
    });
    await pause(200);
    assert.deepEqual(left, [0, 0]);
    await close();
  });

  it("tells what was lost when its frame is loaded again, and goes on", async () => {
    const { page, close } = await world.visit();
    await open(page);
    const id = await page.evaluate(() => runtime.send({ op: "slow" }));
    await until(() => world.calls.some((call) => call.id === id && call.op === "slow"));
    await page.evaluate(() => { document.getElementById("root").append(runtime.iframe); });
    assert.equal((await ended(page, id))[0].error, "runtime_restarted");
    assert.equal((await ask(page, "echo"))[0].type, "response");
    await close();
  });

  it("is hidden unless it is given a place", async () => {
    const { page, close } = await world.visit();
    await open(page);
    assert.equal(await page.evaluate(() => getComputedStyle(runtime.iframe).display), "none");
    assert.equal(await page.evaluate(([target]) => {
      const seen = embed.openAveConnectorRuntime({ delegatedToken: "t", target: "iris", targetOrigin: target, container: document.getElementById("root") });
      return `${seen.iframe.style.width} ${seen.iframe.style.height} ${seen.iframe.title}`;
    }, [world.target]), "100% 640px Connector runtime");
    await issuerFrame(page, world, "/connect/runtime");
    await close();
  });
});
