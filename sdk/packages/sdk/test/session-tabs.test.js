// Several sessions on one storage, as in several tabs: locks, messages, and the end.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { it } from "node:test";
import { AveSession } from "../dist/session.js";
import { AveError } from "../dist/error.js";
import { createLocalStorageAdapter, createMemoryStorage, createSecureStoreAdapter } from "../dist/session-storage.js";
import { Locks, MINUTE, OAUTH, Server, answer, sessionFor, settle, snapshot, storageWith, stub, until } from "./session-world.js";

const coded = (error) => (thrown) => thrown instanceof AveError && thrown.error === error;

function withLocks(t) {
  const locks = new Locks();
  stub(t, "navigator", { locks });
  return locks;
}

/** Two tabs that share a storage. Each test has a channel of its own, since all tests run in one process. */
function twoTabs(t, server, first, options = {}) {
  const storage = storageWith(first);
  const syncChannelName = `channel-${Math.random()}`;
  const tab = () => sessionFor(t, server, { storage, syncChannelName, ...options });
  return { a: tab(), b: tab(), storage, syncChannelName };
}

it("two tabs make one refresh", async (t) => {
  const locks = withLocks(t);
  for (const crossTabSync of [true, false]) {
    const server = new Server();
    const { a, b, syncChannelName } = twoTabs(t, server, snapshot(1, 0), { crossTabSync });
    await Promise.all([a.hydrate(), b.hydrate()]);
    assert.deepEqual(await Promise.all([a.getValidAccessToken(), b.getValidAccessToken()]), ["opaque-2", "opaque-2"]);
    assert.equal(server.refreshes.length, 1);
    assert.deepEqual(new Set(locks.names.splice(0)), new Set([`ave-oauth-refresh:app_1:${syncChannelName}`]));
  }
});

it("a tab that slept renews with the newest refresh token", async (t) => {
  withLocks(t);
  const server = new Server();
  const { a, b, storage } = twoTabs(t, server, snapshot(1, 0), { crossTabSync: false });
  await b.hydrate();
  await a.getValidAccessToken();
  await storage.save({ ...(await storage.load()), expiresAtMs: Date.now(), access_token_jwt: "opaque", id_token: "opaque" });
  assert.equal(await b.getValidAccessToken(), "opaque-3");
  assert.deepEqual(server.refreshes.map(({ refreshToken }) => refreshToken), ["refresh-1", "refresh-2"]);
});

it("a tab that missed the sign-out finds out before it renews", async (t) => {
  withLocks(t);
  const server = new Server();
  const { a, b } = twoTabs(t, server, snapshot(1, 100), { crossTabSync: false, refreshSafetyMarginMs: 0 });
  await b.hydrate();
  await a.signOut();
  await settle(120);
  assert.equal(await b.getValidAccessToken(), null);
  assert.equal(b.getState().status, "signedOut");
  assert.equal(server.refreshes.length, 0);
});

it("without locks the slower tab takes what the faster one got", async (t) => {
  const server = new Server();
  const { a, b } = twoTabs(t, server, snapshot(1, 0), { crossTabSync: false });
  await Promise.all([a.hydrate(), b.hydrate()]);
  assert.deepEqual(await Promise.all([a.getValidAccessToken(), b.getValidAccessToken()]), ["opaque-2", "opaque-2"]);
  assert.equal(server.refreshes.length, 2);
});

it("goes on without a lock where the page may have none", async (t) => {
  stub(t, "navigator", { locks: { request: () => Promise.reject(new DOMException("no", "SecurityError")) } });
  const session = sessionFor(t, new Server(), { storage: storageWith(snapshot(1, 0)) });
  assert.equal(await session.getValidAccessToken(), "opaque-2");
});

it("passes the error of a refresh through the lock", async (t) => {
  withLocks(t);
  const server = new Server();
  server.valid = "other";
  const { a, b } = twoTabs(t, server, snapshot(1, 0));
  await Promise.all([a.hydrate(), b.hydrate()]);
  const [first, second] = await Promise.allSettled([a.getValidAccessToken(), b.getValidAccessToken()]);
  assert.equal(first.reason.error, "invalid_grant");
  assert.equal(second.value, null);
  assert.equal(server.refreshes.length, 1);
});

it("signs in, renews and signs out in all tabs", async (t) => {
  withLocks(t);
  const server = new Server();
  const { a, b } = twoTabs(t, server, null);
  await Promise.all([a.hydrate(), b.hydrate()]);
  await a.setTokensFromResponse(answer(1));
  await until(() => b.getState().snapshot?.access_token === "opaque-1");
  assert.equal(b.getState().snapshot.access_token, "opaque-1");
  await b.setTokensFromResponse(answer(1, { ms: 0 }));
  await b.getValidAccessToken();
  await until(() => a.getState().snapshot?.access_token === "opaque-2");
  assert.equal(a.getState().snapshot.access_token, "opaque-2");
  await a.signOut();
  await until(() => b.getState().status === "signedOut");
  assert.equal(b.getState().status, "signedOut");
});

it("a refresh under way in another tab does not undo the sign-out", async (t) => {
  withLocks(t);
  const server = new Server();
  const { a, b, storage } = twoTabs(t, server, snapshot(1, 0));
  let open;
  server.gate = new Promise((done) => (open = done));
  await a.hydrate();
  const token = b.getValidAccessToken();
  await until(() => server.refreshes.length);
  await a.signOut();
  await until(() => b.getState().status === "signedOut");
  open();
  assert.equal(await token, null);
  assert.equal(await storage.load(), null);
  assert.equal(server.revoked.at(-1).token, "refresh-2");
});

it("sign-out reaches tabs whose storage is their own, and spares a later sign-in", async (t) => {
  const server = new Server();
  const syncChannelName = "own";
  const tab = () => sessionFor(t, server, { syncChannelName });
  const [a, b] = [tab(), tab()];
  await a.setTokensFromResponse(answer(1));
  await b.setTokensFromResponse(answer(1));
  await a.signOut();
  await until(() => b.getState().status === "signedOut");
  assert.equal(b.getState().status, "signedOut");

  const channel = new BroadcastChannel(syncChannelName);
  t.after(() => channel.close());
  await b.setTokensFromResponse(answer(5));
  channel.postMessage({ type: "session_cleared", at: Date.now() - MINUTE });
  for (const junk of [null, "x", {}, { type: "other" }]) channel.postMessage(junk);
  await settle();
  assert.equal(b.getState().status, "signedIn");
  channel.postMessage({ type: "session_cleared" });
  await until(() => b.getState().status === "signedOut");
  assert.equal(b.getState().status, "signedOut");
});

it("says two things to other tabs, and never a token", async (t) => {
  const heard = [];
  const channel = new BroadcastChannel("told");
  channel.onmessage = ({ data }) => heard.push(data);
  t.after(() => channel.close());
  const session = sessionFor(t, new Server(), { syncChannelName: "told" });
  await session.setTokensFromResponse(answer(1));
  await session.signOut();
  await until(() => heard.length === 2);
  assert.deepEqual(heard.map(({ type }) => type), ["session_updated", "session_cleared"]);
  assert.doesNotMatch(JSON.stringify(heard), /opaque|refresh-/);
});

it("opens no channel when told not to", async (t) => {
  let opened = 0;
  stub(t, "BroadcastChannel", class { constructor() { opened += 1; } postMessage() {} close() {} });
  await sessionFor(t, new Server(), { crossTabSync: false }).hydrate();
  assert.equal(opened, 0);
  const session = new AveSession({ oauth: OAUTH, storage: storageWith() });
  assert.equal(opened, 0);
  await session.hydrate();
  assert.equal(opened, 1);
  session.destroy();
});

it("works where channels may not be opened", async (t) => {
  stub(t, "BroadcastChannel", class { constructor() { throw new DOMException("no", "SecurityError"); } });
  const session = sessionFor(t, new Server());
  await session.setTokensFromResponse(answer(1));
  assert.equal(await session.getValidAccessToken(), "opaque-1");
});

it("destroy() ends timers, channel, listeners and waiting locks", async (t) => {
  const locks = withLocks(t);
  const channels = [];
  stub(t, "BroadcastChannel", class { constructor() { channels.push(this); } postMessage() {} close() { this.isClosed = true; } });
  const timers = new Set();
  const [set, clear] = [globalThis.setTimeout, globalThis.clearTimeout];
  stub(t, "setTimeout", (work, ms) => { const timer = set(() => { timers.delete(timer); work(); }, ms); timers.add(timer); return timer; });
  stub(t, "clearTimeout", (timer) => { timers.delete(timer); clear(timer); });

  const session = sessionFor(t, new Server(), { storage: storageWith(snapshot(1)) });
  const seen = [];
  session.subscribe(({ status }) => seen.push(status));
  await session.hydrate();
  assert.equal(timers.size, 1);
  session.destroy();
  session.destroy();
  assert.equal(timers.size, 0);
  assert.ok(channels.every(({ isClosed }) => isClosed));
  assert.deepEqual(seen, ["loading", "signedIn"]);
  for (const call of [() => session.getValidAccessToken(), () => session.getValidIdToken(), () => session.signOut(), () => session.setTokensFromResponse(answer(1))]) {
    await assert.rejects(call(), coded("session_destroyed"));
  }
  await session.hydrate();
  const unsubscribe = session.subscribe(() => undefined);
  unsubscribe();

  // One tab holds the lock, the other one waits for it and goes away.
  const server = new Server();
  let open;
  server.gate = new Promise((done) => (open = done));
  const { a, b, storage } = twoTabs(t, server, snapshot(1, 0));
  const first = a.getValidAccessToken();
  await until(() => server.refreshes.length);
  const second = b.getValidAccessToken();
  const isRefused = assert.rejects(second, coded("session_destroyed"));
  await until(() => locks.waiting === 1);
  assert.equal(locks.waiting, 1);
  b.destroy();
  await isRefused;
  assert.equal(locks.waiting, 0);
  // The first one goes too; what the server has answered is kept all the same.
  a.destroy();
  open();
  await first;
  assert.equal((await storage.load()).refresh_token, "refresh-2");
  assert.equal(timers.size, 0);
});

it("destroy() before the storage has answered leaves nothing either", async (t) => {
  let finish;
  const storage = { load: () => new Promise((done) => (finish = done)), save() {} };
  const session = sessionFor(t, new Server(), { storage });
  const hydrated = session.hydrate();
  await settle();
  session.destroy();
  finish(snapshot(1, 0));
  await hydrated;
  await settle();
});

it("does not keep a process alive", () => {
  const script = `
    import { AveSession } from ${JSON.stringify(new URL("../dist/session.js", import.meta.url).href)};
    const snapshot = { access_token: "a", access_token_jwt: "b", refresh_token: "c", expiresAtMs: Date.now() + 3600000 };
    const session = new AveSession({ oauth: ${JSON.stringify(OAUTH)}, storage: { load: () => snapshot, save() {} } });
    await session.hydrate();
    console.log(session.getState().status);`;
  const out = execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8", timeout: 20_000 });
  assert.equal(out.trim(), "signedIn");
});

it("shows itself to developers on request, and takes that away again", async (t) => {
  stub(t, "window", globalThis);
  await sessionFor(t, new Server()).hydrate();
  assert.equal(globalThis.__aveSessionDev, undefined);
  const server = new Server();
  server.instead = () => { throw new TypeError("offline"); };
  const session = sessionFor(t, server, { storage: storageWith(snapshot(1, 10 * MINUTE)), devtools: true });
  await session.hydrate();
  const dev = globalThis.__aveSessionDev;
  assert.equal(dev.getState().status, "signedIn");
  assert.equal(dev.getExpiresAtMs(), session.getState().snapshot.expiresAtMs);
  assert.ok(Math.abs(dev.getMsUntilRefresh() - 5 * MINUTE) < 1000);
  assert.equal(dev.lastRefreshError, null);
  session.destroy();
  assert.equal(globalThis.__aveSessionDev, undefined);
});

it("localStorage: one key, and nothing but a whole snapshot counts", async (t) => {
  const map = new Map();
  const adapter = createLocalStorageAdapter();
  assert.equal(await adapter.load(), null);
  stub(t, "localStorage", { getItem: (key) => map.get(key) ?? null, setItem: (key, value) => map.set(key, value), removeItem: (key) => map.delete(key) });
  const kept = snapshot(1);
  await adapter.save(kept);
  assert.deepEqual([...map.keys()], ["ave_oauth_session"]);
  assert.deepEqual(await adapter.load(), kept);
  for (const text of ["", "{", "null", "[]", '"x"', '{"access_token":"a"}']) {
    map.set("ave_oauth_session", text);
    assert.equal(await adapter.load(), null, text);
  }
  await adapter.save(null);
  assert.equal(map.size, 0);
  await createLocalStorageAdapter("mine").save(kept);
  assert.deepEqual([...map.keys()], ["mine"]);
});

it("secure store and memory", async () => {
  const map = new Map();
  const store = { getItemAsync: async (key) => map.get(key) ?? null, setItemAsync: async (key, value) => void map.set(key, value), deleteItemAsync: async (key) => void map.delete(key) };
  for (const adapter of [createSecureStoreAdapter(store), createSecureStoreAdapter(store, "mine"), createMemoryStorage()]) {
    const kept = snapshot(1);
    assert.equal(await adapter.load(), null);
    await adapter.save(kept);
    assert.deepEqual(await adapter.load(), kept);
    await adapter.save(null);
    assert.equal(await adapter.load(), null);
  }
  assert.equal(map.size, 0);
});
