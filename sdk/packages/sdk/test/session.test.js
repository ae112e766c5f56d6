// One session: reading the storage, renewing in time, and what happens when that fails.

import assert from "node:assert/strict";
import { it } from "node:test";
import { AveError } from "../dist/error.js";
import { snapshotFromTokenResponse } from "../dist/session.js";
import { MINUTE, Server, answer, jwt, refusal, sessionFor, settle, snapshot, storageWith, until } from "./session-world.js";

const coded = (error) => (thrown) => thrown instanceof AveError && thrown.error === error;

it("loads once, and tells each listener at once and after changes", async (t) => {
  let loads = 0;
  const storage = { load: () => (loads++, snapshot(1)), save() {} };
  const session = sessionFor(t, new Server(), { storage });
  const seen = [];
  const stop = session.subscribe(({ status }) => seen.push(status));
  assert.deepEqual(session.getState(), { status: "loading", snapshot: null });
  await Promise.all([session.hydrate(), session.hydrate()]);
  assert.equal(session.getState(), session.getState());
  assert.deepEqual(seen, ["loading", "signedIn"]);
  stop();
  await session.signOut();
  assert.deepEqual(seen, ["loading", "signedIn"]);
  assert.equal(session.getState().status, "signedOut");
  // Once for hydrate, once for sign-out, which gives back what the storage has.
  assert.equal(loads, 2);
});

it("takes a corrupt storage for signed out", async (t) => {
  const corrupt = [
    () => "nonsense",
    () => ({ access_token: "a" }),
    () => ({ ...snapshot(1), access_token_jwt: "" }),
    () => ({ ...snapshot(1), expiresAtMs: "soon" }),
    () => ({ ...snapshot(1), expiresAtMs: NaN }),
    () => [],
    () => { throw new Error("denied"); },
    () => Promise.reject(new Error("denied")),
  ];
  for (const load of corrupt) {
    const session = sessionFor(t, new Server(), { storage: { load, save() {} } });
    await session.hydrate();
    assert.deepEqual(session.getState(), { status: "signedOut", snapshot: null });
    assert.equal(await session.getValidAccessToken(), null);
    assert.equal(await session.getValidIdToken(), null);
  }
});

it("keeps only known fields of a snapshot", async (t) => {
  const session = sessionFor(t, new Server(), { storage: storageWith(snapshot(1, 60 * MINUTE, { appKeyBase64: "secret", scope: 7 })) });
  await session.hydrate();
  assert.deepEqual(Object.keys(session.getState().snapshot).sort(), ["access_token", "access_token_jwt", "expiresAtMs", "id_token", "refresh_token"]);
});

it("signs in with a token answer", async (t) => {
  const storage = storageWith();
  const session = sessionFor(t, new Server(), { storage });
  await session.setTokensFromResponse(answer(1));
  assert.equal(await session.getValidAccessToken(), "opaque-1");
  assert.equal(await session.getValidIdToken(), answer(1).id_token);
  assert.equal((await storage.load()).refresh_token, "refresh-1");
  await assert.rejects(session.setTokensFromResponse({ access_token: "x" }), coded("invalid_response"));
  await assert.rejects(session.setTokensFromResponse(null), coded("invalid_response"));
  assert.equal(session.getState().status, "signedIn");
});

it("says so when there is no ID token", async (t) => {
  const session = sessionFor(t, new Server());
  await session.setTokensFromResponse(answer(1, { id_token: undefined }));
  await assert.rejects(session.getValidIdToken(), coded("no_id_token"));
  assert.equal(await session.getValidAccessToken(), "opaque-1");
});

it("renews five minutes early, or as early as it is told", async (t) => {
  for (const [left, refreshSafetyMarginMs, expected] of [
    [6 * MINUTE, undefined, 0],
    [4 * MINUTE, undefined, 1],
    [4 * MINUTE, MINUTE, 0],
    [0.5 * MINUTE, MINUTE, 1],
    [-MINUTE, MINUTE, 1],
    [29 * MINUTE, 99 * MINUTE, 1],
    [31 * MINUTE, 99 * MINUTE, 0],
  ]) {
    const server = new Server();
    const session = sessionFor(t, server, { storage: storageWith(snapshot(1, left)), ...(refreshSafetyMarginMs && { refreshSafetyMarginMs }) });
    const token = await session.getValidAccessToken();
    assert.equal(token, expected ? "opaque-2" : "opaque-1", `${left}`);
    assert.equal(server.refreshes.length, expected, `${left}`);
  }
});

it("asks the token endpoint with the names of the Ave SDK", async (t) => {
  const server = new Server();
  const session = sessionFor(t, server, { storage: storageWith(snapshot(1, 0)) });
  await session.getValidIdToken();
  assert.deepEqual(server.refreshes, [{ grantType: "refresh_token", refreshToken: "refresh-1", clientId: "app_1" }]);
});

it("does not renew at each call when tokens live shorter than the margin", async (t) => {
  const server = new Server();
  const session = sessionFor(t, server);
  await session.setTokensFromResponse(answer(1, { ms: 4 * MINUTE }));
  assert.equal(await session.getValidAccessToken(), "opaque-1");
  assert.equal(server.refreshes.length, 0);
});

it("renews by itself before the end, and again after a failure, but not in a hurry", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: Date.now() });
  const calm = async () => { for (let i = 0; i < 50; i++) await Promise.resolve(); await new Promise(setImmediate); };
  const server = new Server();
  const session = sessionFor(t, server);
  await session.setTokensFromResponse(answer(1));
  t.mock.timers.tick(54 * MINUTE);
  await calm();
  assert.equal(server.refreshes.length, 0);
  server.instead = () => { throw new TypeError("offline"); };
  t.mock.timers.tick(1.1 * MINUTE);
  await calm();
  assert.equal(server.refreshes.length, 1);
  t.mock.timers.tick(50_000);
  await calm();
  assert.equal(server.refreshes.length, 1);
  server.instead = undefined;
  t.mock.timers.tick(11_000);
  await calm();
  assert.equal(server.refreshes.length, 2);
  assert.equal(session.getState().snapshot.access_token, "opaque-2");
});

it("does not hammer the server when the clock is far ahead", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: Date.now() });
  const server = new Server();
  server.instead = () => Response.json(answer(2, { issuedAt: Date.now() - 120 * MINUTE }));
  const session = sessionFor(t, server, { storage: storageWith(snapshot(1, 0)) });
  assert.equal(await session.getValidAccessToken(), "opaque-2");
  for (let i = 0; i < 20; i++) {
    t.mock.timers.tick(1000);
    await new Promise(setImmediate);
  }
  assert.equal(server.refreshes.length, 1);
});

it("two calls at once make one refresh", async (t) => {
  const server = new Server();
  const session = sessionFor(t, server, { storage: storageWith(snapshot(1, 0)) });
  const tokens = await Promise.all([session.getValidAccessToken(), session.getValidAccessToken(), session.getValidIdToken()]);
  assert.deepEqual(tokens.slice(0, 2), ["opaque-2", "opaque-2"]);
  assert.equal(server.refreshes.length, 1);
});

it("keeps the new refresh token before anybody gets the result", async (t) => {
  const server = new Server();
  const content = storageWith(snapshot(1, 0));
  let finish;
  const storage = { load: content.load, save: async (value) => { await content.save(value); await new Promise((done) => (finish = done)); } };
  const session = sessionFor(t, server, { storage });
  let token;
  session.getValidAccessToken().then((value) => (token = value));
  await until(() => finish);
  // Here the page crashes: nobody got a token, and the storage has what the next page needs.
  assert.equal(token, undefined);
  assert.equal(session.getState().snapshot.access_token, "opaque-1");
  assert.equal((await content.load()).refresh_token, "refresh-2");
  const reloaded = sessionFor(t, server, { storage: content });
  assert.equal(await reloaded.getValidAccessToken(), "opaque-2");
  assert.equal(server.refreshes.length, 1);
  finish();
  await until(() => token);
  assert.equal(token, "opaque-2");
});

it("goes on with tokens that it cannot keep, but never hands them out unkept", async (t) => {
  const server = new Server();
  const content = storageWith(snapshot(1, 0));
  let isFull = true;
  let saves = 0;
  const storage = { load: content.load, save: (value) => (saves++, isFull ? Promise.reject(new Error("quota")) : content.save(value)) };
  const session = sessionFor(t, server, { storage });
  await assert.rejects(session.getValidAccessToken(), coded("storage_failed"));
  await assert.rejects(session.getValidAccessToken(), coded("storage_failed"));
  isFull = false;
  assert.equal(await session.getValidAccessToken(), "opaque-2");
  assert.equal((await content.load()).refresh_token, "refresh-2");
  // The spent token was not shown again, and what is kept is not kept once more.
  assert.equal(server.refreshes.length, 1);
  assert.equal(saves, 3);
  assert.equal(await session.getValidAccessToken(), "opaque-2");
  assert.equal(saves, 3);
});

it("tokens that it could not keep are newer than what the storage has", async (t) => {
  const server = new Server();
  const syncChannelName = "unkept";
  const storage = { load: () => snapshot(0), save: () => { throw new Error("quota"); } };
  const session = sessionFor(t, server, { storage, syncChannelName });
  await assert.rejects(session.setTokensFromResponse(answer(1, { ms: 0 })), coded("storage_failed"));
  const channel = new BroadcastChannel(syncChannelName);
  t.after(() => channel.close());
  channel.postMessage({ type: "session_updated" });
  await assert.rejects(session.getValidAccessToken(), coded("storage_failed"));
  channel.postMessage({ type: "session_updated" });
  await settle();
  assert.deepEqual(server.refreshes.map(({ refreshToken }) => refreshToken), ["refresh-1"]);
  assert.equal(session.getState().snapshot.access_token, "opaque-2");
});

it("invalid_grant signs out, by its code, and is not tried again", async (t) => {
  const server = new Server();
  server.instead = () => refusal("invalid_grant");
  const storage = storageWith(snapshot(1, 0));
  const session = sessionFor(t, server, { storage });
  await assert.rejects(session.getValidIdToken(), coded("invalid_grant"));
  assert.equal(session.getState().status, "signedOut");
  assert.equal(await storage.load(), null);
  assert.equal(await session.getValidIdToken(), null);
  await settle();
  assert.equal(server.refreshes.length, 1);
});

it("everything else keeps the person signed in", async (t) => {
  for (const [instead, code] of [
    [() => { throw new TypeError("offline"); }, "network_error"],
    [() => new Response("<h1>Bad gateway</h1>", { status: 502 }), "server_error"],
    [() => refusal("server_error", 500), "server_error"],
    [() => refusal("invalid_client", 401), "invalid_client"],
    [() => refusal("slow_down", 429), "slow_down"],
    [() => Response.json({ hello: "world" }), "invalid_response"],
  ]) {
    const server = new Server();
    server.instead = instead;
    const session = sessionFor(t, server, { storage: storageWith(snapshot(1, -1)) });
    await assert.rejects(session.getValidAccessToken(), coded(code));
    assert.equal(session.getState().status, "signedIn", code);
    server.instead = undefined;
    assert.equal(await session.getValidAccessToken(), "opaque-2", code);
  }
});

it("uses tokens to their end while the server is down, and not beyond", async (t) => {
  const server = new Server();
  server.instead = () => { throw new TypeError("offline"); };
  const early = sessionFor(t, server, { storage: storageWith(snapshot(1, MINUTE)) });
  assert.equal(await early.getValidAccessToken(), "opaque-1");
  const late = sessionFor(t, server, { storage: storageWith(snapshot(1, -1)) });
  await assert.rejects(late.getValidAccessToken(), coded("network_error"));
});

it("without a refresh token the tokens are good to their end, and then the session is over", async (t) => {
  const server = new Server();
  const early = sessionFor(t, server, { storage: storageWith(snapshot(1, MINUTE, { refresh_token: undefined })) });
  assert.equal(await early.getValidAccessToken(), "opaque-1");
  const late = sessionFor(t, server, { storage: storageWith(snapshot(1, -1, { refresh_token: undefined })) });
  await assert.rejects(late.getValidAccessToken(), coded("login_required"));
  assert.equal(late.getState().status, "signedOut");
  assert.equal(server.refreshes.length, 0);
});

it("customRefresh leaves the refresh token to a server", async (t) => {
  const server = new Server();
  const asked = [];
  const first = snapshot(1, 0, { refresh_token: undefined });
  let fail;
  const customRefresh = async (last) => {
    asked.push(last);
    if (fail) throw fail;
    return { access_token: "own", access_token_jwt: jwt({ sub: "ide_1" }), expires_in: 0 };
  };
  const session = sessionFor(t, server, { storage: storageWith(first), customRefresh });
  assert.equal(await session.getValidAccessToken(), "own");
  assert.equal("refreshToken" in asked[0], false);
  assert.equal(asked[0].previousSnapshot.access_token, "opaque-1");
  fail = Object.assign(new Error("down"), { status: 503 });
  await assert.rejects(session.getValidAccessToken(), fail);
  assert.equal(session.getState().status, "signedIn");
  fail = Object.assign(new Error("over"), { status: 401 });
  await assert.rejects(session.getValidAccessToken(), fail);
  assert.equal(session.getState().status, "signedOut");
  assert.equal(server.refreshes.length, 0);
});

it("sign-out gives the tokens back and empties the storage, with or without network", async (t) => {
  const server = new Server();
  const storage = storageWith(snapshot(1));
  const session = sessionFor(t, server, { storage });
  await session.signOut();
  assert.deepEqual(server.revoked, [{ token: "refresh-1", client_id: "app_1" }]);
  assert.equal(await storage.load(), null);
  assert.equal(session.getState().status, "signedOut");

  const offline = storageWith(snapshot(1));
  const other = sessionFor(t, server, { storage: offline, fetch: async () => { throw new TypeError("offline"); } });
  await other.signOut();
  assert.equal(await offline.load(), null);

  const opaque = sessionFor(t, server, { storage: storageWith(snapshot(1, MINUTE, { refresh_token: undefined })) });
  await opaque.signOut();
  assert.equal(server.revoked[1].token, "opaque-1");
});

it("a refresh that ends after sign-out brings nobody back", async (t) => {
  const server = new Server();
  let open;
  server.gate = new Promise((done) => (open = done));
  const storage = storageWith(snapshot(1, 0));
  const session = sessionFor(t, server, { storage });
  const token = session.getValidAccessToken();
  await until(() => server.refreshes.length);
  await session.signOut();
  open();
  assert.equal(await token, null);
  assert.equal(session.getState().status, "signedOut");
  assert.equal(await storage.load(), null);
  assert.deepEqual(server.revoked.map(({ token }) => token), ["refresh-1", "refresh-2"]);
});

it("a refresh that ends after another sign-in does not replace it", async (t) => {
  const server = new Server();
  let open;
  server.gate = new Promise((done) => (open = done));
  const session = sessionFor(t, server, { storage: storageWith(snapshot(1, 0)) });
  const token = session.getValidAccessToken();
  await until(() => server.refreshes.length);
  await session.setTokensFromResponse(answer(50, { sub: "ide_2" }));
  open();
  assert.equal(await token, "opaque-50");
  assert.equal(session.getState().snapshot.refresh_token, "refresh-50");
});

it("sign-out wins over a storage that is slow", async (t) => {
  // Once it is slow while it keeps the new tokens, once while it reads after a message.
  const server = new Server();
  const content = storageWith(snapshot(1, 0));
  let finish;
  const slowly = () => new Promise((done) => (finish = done));
  const saving = sessionFor(t, server, { storage: { load: content.load, save: async (value) => { if (value) await slowly(); return content.save(value); } } });
  const token = saving.getValidAccessToken();
  await until(() => finish);
  const out = saving.signOut();
  await settle();
  finish();
  await out;
  assert.equal(await token, null);
  assert.equal(saving.getState().status, "signedOut");
  assert.equal(await content.load(), null);
  assert.ok(server.revoked.some(({ token }) => token === "refresh-2"));

  finish = undefined;
  await content.save(snapshot(1));
  let isSlow = false;
  const storage = { load: async () => { const value = await content.load(); if (isSlow) await slowly(); return value; }, save: content.save };
  const reading = sessionFor(t, server, { storage, syncChannelName: "slow" });
  await reading.hydrate();
  isSlow = true;
  const channel = new BroadcastChannel("slow");
  t.after(() => channel.close());
  channel.postMessage({ type: "session_updated" });
  await until(() => finish);
  isSlow = false;
  const seen = [];
  const end = reading.signOut();
  reading.subscribe(({ status }) => seen.push(status));
  finish();
  await end;
  await settle();
  assert.equal(seen.at(-1), "signedOut");
});

it("sign-out wins over a sign-in that is still being kept", async (t) => {
  const server = new Server();
  const content = storageWith();
  let finish;
  const save = async (value) => {
    if (value) await new Promise((done) => (finish = done));
    return content.save(value);
  };
  const session = sessionFor(t, server, { storage: { load: content.load, save } });
  const signedIn = session.setTokensFromResponse(answer(1));
  await until(() => finish);
  const seen = [];
  session.subscribe(({ status }) => seen.push(status));
  const out = session.signOut();
  await settle();
  finish();
  await Promise.all([signedIn, out]);
  assert.deepEqual(seen, ["signedOut"]);
  assert.equal(await content.load(), null);
  assert.deepEqual(server.revoked.map(({ token }) => token), ["refresh-1"]);
});

it("a refusal of the old tokens does not end a newer sign-in", async (t) => {
  const offline = () => { throw new TypeError("offline"); };
  for (const [instead, whens] of [[() => refusal("invalid_grant"), ["asking", "reading"]], [offline, ["asking"]]]) {
    for (const when of whens) {
      const server = new Server();
      let open;
      let finish;
      server.gate = new Promise((done) => (open = done));
      server.instead = instead;
      const content = storageWith(snapshot(1, -1));
      const load = async () => {
        const value = await content.load();
        if (when === "reading" && server.refreshes.length) await new Promise((done) => (finish = done));
        return value;
      };
      const session = sessionFor(t, server, { storage: { load, save: content.save } });
      const old = session.getValidAccessToken().catch((error) => error.error);
      await until(() => server.refreshes.length);
      if (when === "reading") {
        open();
        await until(() => finish);
      }
      const signedIn = session.setTokensFromResponse(answer(50));
      if (when === "asking") open();
      finish?.();
      await signedIn;
      await old;
      assert.equal(await session.getValidAccessToken(), "opaque-50");
      assert.equal((await content.load()).access_token, "opaque-50");
      if (when === "asking") assert.equal(await old, "opaque-50");
    }
  }
});

it("who signs in during a refresh gets a refresh of their own", async (t) => {
  const server = new Server();
  let open;
  server.gate = new Promise((done) => (open = done));
  const session = sessionFor(t, server, { storage: storageWith(snapshot(1, 0)) });
  const before = session.getValidAccessToken();
  await until(() => server.refreshes.length);
  await session.setTokensFromResponse(answer(50, { ms: 0 }));
  const after = session.getValidAccessToken();
  server.instead = () => Response.json(answer(60));
  open();
  assert.equal(await after, "opaque-60");
  await before;
  assert.deepEqual(server.refreshes.map(({ refreshToken }) => refreshToken), ["refresh-1", "refresh-50"]);
});

it("who unsubscribes hears nothing more, even of the change under way", async (t) => {
  const session = sessionFor(t, new Server());
  await session.hydrate();
  const seen = [];
  let stop;
  session.subscribe(() => stop?.());
  stop = session.subscribe(({ status }) => seen.push(status));
  await session.setTokensFromResponse(answer(1));
  assert.deepEqual(seen, ["signedOut"]);
});

it("a listener that throws harms nobody", async (t) => {
  t.mock.method(console, "error", () => undefined);
  const session = sessionFor(t, new Server());
  const seen = [];
  let isBad = false;
  session.subscribe(() => { if (isBad) throw new Error("mine"); });
  session.subscribe(({ status }) => seen.push(status));
  isBad = true;
  await session.setTokensFromResponse(answer(1));
  assert.deepEqual(seen, ["loading", "signedOut", "signedIn"]);
});

it("snapshotFromTokenResponse takes the first end, and no refresh token of another person", () => {
  const previous = snapshotFromTokenResponse(answer(1));
  const next = answer(2, { refresh_token: undefined, scope: undefined });
  assert.equal(snapshotFromTokenResponse(next, previous).refresh_token, "refresh-1");
  assert.equal(snapshotFromTokenResponse(next, previous).scope, "openid offline_access");
  const stranger = answer(3, { refresh_token: undefined, sub: "ide_2" });
  assert.equal(snapshotFromTokenResponse(stranger, previous).refresh_token, undefined);

  const at = (id, access) => snapshotFromTokenResponse({ access_token: "a", access_token_jwt: access, id_token: id }).expiresAtMs;
  assert.equal(at(jwt({ exp: 2000 }), jwt({ exp: 3000 })), 2_000_000);
  assert.equal(at(jwt({ exp: 3000 }), jwt({ exp: 2000 })), 2_000_000);
  assert.equal(at(undefined, jwt({ exp: 2000 })), 2_000_000);
  assert.ok(Math.abs(at(undefined, "opaque") - Date.now() - 3_600_000) < 1000);
  const timed = snapshotFromTokenResponse({ access_token: "a", access_token_jwt: "b", expires_in: 60 });
  assert.ok(Math.abs(timed.expiresAtMs - Date.now() - 60_000) < 1000);
});
