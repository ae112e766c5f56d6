import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it, mock } from "node:test";
import { AveSession, snapshotFromTokenResponse } from "../dist/session.js";
import { createLocalStorageAdapter, createMemoryStorage, createSecureStoreAdapter } from "../dist/session-storage.js";
import { makeIssuer, unsigned } from "./support/issuer.js";
import { makeLocks, withNavigator } from "./support/locks.js";
import { later, MemoryStorage } from "./support/page.js";

const TOKEN = "POST /api/oauth/token";
const REVOKE = "POST /api/oauth/revoke";
let world, oauth, open, channels = 0, count = 0;
before(async () => void (world = await makeIssuer()));
after(() => world.end());
beforeEach(() => {
  oauth = { clientId: "app_notes", redirectUri: "https://notes.test/callback", issuer: world.issuer };
  open = [];
  world.forget();
  world.answers = { [REVOKE]: { status: 200 }, [TOKEN]: ({ json }) => ({ json: tokens({ refresh_token: `${json.refreshToken}+` }) }) };
  globalThis.localStorage = new MemoryStorage();
});
afterEach(() => {
  for (const session of open) session.destroy();
  delete globalThis.localStorage;
});

const jwt = (secondsLeft) => unsigned({ alg: "none" }, { exp: Math.floor(Date.now() / 1000) + secondsLeft }, "x");
/** A token answer, with tokens that nobody looks into but for their end. */
const tokens = ({ left = 3600, ...more } = {}) => ({
  access_token: `pat_${(count += 1)}`,
  access_token_jwt: jwt(left),
  id_token: jwt(left),
  refresh_token: "prt_1",
  expires_in: left,
  scope: "openid offline_access",
  token_type: "Bearer",
  ...more,
});
const stale = (more) => snapshotFromTokenResponse(tokens({ left: 60, ...more }));
const refreshes = () => world.to("/api/oauth/token");

function make(more = {}) {
  const session = new AveSession({ oauth, storage: createMemoryStorage(), syncChannelName: `test_${(channels += 1)}`, ...more });
  open.push(session);
  return session;
}
async function signedIn(snapshot, more = {}) {
  const storage = more.storage ?? createMemoryStorage();
  await storage.save(snapshot);
  const session = make({ storage, ...more });
  await session.hydrate();
  return { session, storage };
}

describe("A session", () => {
  it("is loading until its storage was read, and then signed out or in", async () => {
    const session = make();
    assert.deepEqual(session.getState(), { status: "loading", snapshot: null });
    await session.hydrate();
    assert.equal(session.getState().status, "signedOut");
    const snapshot = stale();
    assert.deepEqual((await signedIn(snapshot)).session.getState(), { status: "signedIn", snapshot });
  });

  it("reads its storage once, and takes nothing corrupt from it", async () => {
    let loads = 0;
    const broken = [async () => { throw new Error("locked"); }, async () => ({ access_token: "x" }), async () => "text"];
    for (const load of broken) {
      const session = make({ storage: { load: () => ((loads += 1), load()), save: async () => {} } });
      await Promise.all([session.hydrate(), session.hydrate()]);
      assert.equal(session.getState().status, "signedOut");
    }
    assert.equal(loads, 3);
  });

  it("tells its listeners at once and at every change, until they leave", async () => {
    const session = make();
    const heard = [];
    const stop = session.subscribe(({ status }) => heard.push(status));
    await session.hydrate();
    await session.setTokensFromResponse(tokens());
    stop();
    await session.signOut();
    assert.deepEqual(heard, ["loading", "signedOut", "signedIn"]);
  });

  it("signs in with the tokens of a code, which it saves", async () => {
    const storage = createMemoryStorage();
    const session = make({ storage });
    await session.setTokensFromResponse(tokens());
    await session.hydrate();
    assert.equal(session.getState().status, "signedIn");
    assert.deepEqual(await storage.load(), session.getState().snapshot);
  });

  it("has no token when it is signed out, and no ID token without openid", async () => {
    const session = make();
    assert.deepEqual([await session.getValidIdToken(), await session.getValidAccessToken()], [null, null]);
    await session.setTokensFromResponse(tokens({ id_token: undefined }));
    assert.ok(await session.getValidAccessToken());
    await assert.rejects(session.getValidIdToken(), { error: "no_id_token" });
  });
});

describe("A refresh", () => {
  it("waits until five minutes before the end", async () => {
    const { session } = await signedIn(snapshotFromTokenResponse(tokens({ left: 310 })));
    await session.getValidIdToken();
    assert.equal(refreshes().length, 0);
    const due = await signedIn(snapshotFromTokenResponse(tokens({ left: 290 })));
    await due.session.getValidIdToken();
    assert.deepEqual(refreshes()[0].json, { grantType: "refresh_token", refreshToken: "prt_1", clientId: "app_notes" });
  });

  it("happens once for everybody who asks", async () => {
    const { session, storage } = await signedIn(stale());
    const found = await Promise.all([session.getValidIdToken(), session.getValidIdToken(), session.getValidAccessToken()]);
    assert.equal(refreshes().length, 1);
    const { id_token, access_token, refresh_token } = await storage.load();
    assert.deepEqual(found, [id_token, id_token, access_token]);
    assert.equal(refresh_token, "prt_1+");
  });

  it("saves the new refresh token before anybody has the result", async () => {
    const steps = [];
    const kept = createMemoryStorage();
    await kept.save(stale());
    const storage = { load: kept.load, save: async (snapshot) => (await later(20), steps.push(snapshot.refresh_token), kept.save(snapshot)) };
    const session = make({ storage });
    const asks = [session.getValidIdToken().then(() => steps.push("first"))];
    await later(10);
    asks.push(session.getValidIdToken().then(() => steps.push("second")));
    await Promise.all(asks);
    assert.deepEqual(steps, ["prt_1+", "first", "second"]);
  });

  it("keeps the previous refresh token and scope when none comes", async () => {
    world.answers[TOKEN] = () => ({ json: tokens({ refresh_token: undefined, scope: undefined }) });
    const { session, storage } = await signedIn(stale());
    await session.getValidIdToken();
    const { refresh_token, scope } = await storage.load();
    assert.deepEqual([refresh_token, scope], ["prt_1", "openid offline_access"]);
  });

  it("keeps the new tokens in memory even if they cannot be saved", async () => {
    const snapshot = stale();
    const session = make({ storage: { load: async () => snapshot, save: async () => { throw new Error("full"); } }, crossTabSync: false });
    await assert.rejects(session.getValidIdToken(), /full/);
    assert.ok(await session.getValidIdToken());
    assert.equal(refreshes().length, 1);
  });

  it("of tokens that live shorter than the margin does not repeat itself at every call", async () => {
    world.answers[TOKEN] = () => ({ json: tokens({ left: 120 }) });
    const { session } = await signedIn(stale());
    for (let n = 0; n < 5; n += 1) await session.getValidIdToken();
    assert.equal(refreshes().length, 1);
  });

  it("ends the session at invalid_grant, once, without trying again", async () => {
    world.answers[TOKEN] = { status: 400, json: { error: "invalid_grant", error_description: "Revoked" } };
    const { session, storage } = await signedIn(stale());
    const asks = [session.getValidIdToken(), session.getValidIdToken()];
    for (const result of await Promise.allSettled(asks)) assert.equal(result.reason.error, "invalid_grant");
    assert.equal(session.getState().status, "signedOut");
    assert.equal(await storage.load(), null);
    assert.equal(await session.getValidIdToken(), null);
    assert.equal(refreshes().length, 1);
  });

  for (const trouble of [{ status: 500, json: { error: "server_error" } }, { status: 429, json: { error: "slow down" } }, { hangUp: true }]) {
    it(`leaves the session alone after ${JSON.stringify(trouble)}`, async () => {
      world.answers[TOKEN] = trouble;
      const { session } = await signedIn(stale());
      await assert.rejects(session.getValidIdToken());
      assert.equal(session.getState().status, "signedIn");
    });
  }

  it("is not needed while tokens that cannot be renewed last, and then the session is over", async () => {
    const { session } = await signedIn(stale({ refresh_token: undefined }));
    assert.ok(await session.getValidIdToken());
    const over = await signedIn(stale({ refresh_token: undefined, left: -1 }));
    await assert.rejects(over.session.getValidIdToken(), { error: "session_expired" });
    assert.equal(over.session.getState().status, "signedOut");
  });

  it("can be a backend's, which keeps the refresh token", async () => {
    const asked = [];
    const customRefresh = async (ask) => (asked.push(ask), tokens({ refresh_token: undefined }));
    const snapshot = stale({ refresh_token: undefined });
    const { session } = await signedIn(snapshot, { customRefresh });
    await session.getValidIdToken();
    assert.deepEqual(asked, [{ refreshToken: undefined, previousSnapshot: snapshot }]);
    const refusing = async () => { throw Object.assign(new Error("no"), { status: 401 }); };
    const refused = await signedIn(stale(), { customRefresh: refusing });
    await assert.rejects(refused.session.getValidIdToken(), /no/);
    assert.equal(refused.session.getState().status, "signedOut");
  });

  it("uses the caller's fetch", async () => {
    const urls = [];
    const { session } = await signedIn(stale(), { fetch: (url, init) => (urls.push(url), fetch(url, init)) });
    await session.getValidIdToken();
    await session.signOut();
    assert.deepEqual(urls, [`${world.issuer}/api/oauth/token`, `${world.issuer}/api/oauth/revoke`]);
  });

  it("that ends after signing out brings nobody back, and its tokens are revoked", async () => {
    let release;
    const gate = new Promise((done) => void (release = done));
    world.answers[TOKEN] = async () => (await gate, { json: tokens({ refresh_token: "prt_late" }) });
    const { session, storage } = await signedIn(stale());
    const ask = session.getValidIdToken();
    while (!refreshes().length) await later();
    await session.signOut();
    release();
    await assert.rejects(ask, { error: "session_changed" });
    assert.equal(session.getState().status, "signedOut");
    assert.equal(await storage.load(), null);
    assert.deepEqual(world.to("/api/oauth/revoke").map(({ form }) => form.token), ["prt_1", "prt_late"]);
  });

  it("that ends after signing in anew does not replace the new tokens", async () => {
    let release;
    const gate = new Promise((done) => void (release = done));
    world.answers[TOKEN] = async () => (await gate, { json: tokens() });
    const { session, storage } = await signedIn(stale());
    const ask = session.getValidIdToken();
    while (!refreshes().length) await later();
    const fresh = tokens({ refresh_token: "prt_new" });
    await session.setTokensFromResponse(fresh);
    release();
    await assert.rejects(ask, { error: "session_changed" });
    assert.equal((await storage.load()).refresh_token, "prt_new");
  });
});

describe("Two tabs", () => {
  const pair = async (more) => {
    const storage = createLocalStorageAdapter();
    await storage.save(stale());
    const syncChannelName = `pair_${(channels += 1)}`;
    const tabs = [0, 1].map(() => make({ storage: createLocalStorageAdapter(), syncChannelName, ...more }));
    await Promise.all(tabs.map((tab) => tab.hydrate()));
    return { tabs, storage, syncChannelName };
  };

  it("refresh once between them, by a lock", async () => {
    const locks = makeLocks();
    const restore = withNavigator({ locks });
    try {
      const { tabs, syncChannelName } = await pair();
      const [first, second] = await Promise.all(tabs.map((tab) => tab.getValidIdToken()));
      assert.equal(first, second);
      assert.equal(refreshes().length, 1);
      assert.equal(locks.names[0], `ave-oauth-refresh:app_notes:${syncChannelName}`);
    } finally {
      restore();
    }
  });

  it("without locks: the one that lost adopts the other's tokens and stays signed in", async () => {
    const restore = withNavigator(undefined);
    try {
      const { tabs } = await pair();
      const used = new Set();
      world.answers[TOKEN] = async ({ json }) => {
        if (used.has(json.refreshToken)) return (await later(50), { status: 400, json: { error: "invalid_grant" } });
        used.add(json.refreshToken);
        return { json: tokens({ refresh_token: "prt_2" }) };
      };
      const [first, second] = await Promise.all(tabs.map((tab) => tab.getValidIdToken()));
      assert.equal(first, second);
      assert.deepEqual(tabs.map((tab) => tab.getState().snapshot.refresh_token), ["prt_2", "prt_2"]);
    } finally {
      restore();
    }
  });

  it("learn from each other who signs in and out", async () => {
    const { tabs } = await pair();
    await tabs[0].setTokensFromResponse(tokens({ refresh_token: "prt_9" }));
    await until(() => tabs[1].getState().snapshot?.refresh_token === "prt_9");
    await tabs[1].signOut();
    await until(() => tabs[0].getState().status === "signedOut");
  });

  it("know nothing of each other without crossTabSync", async () => {
    const { tabs } = await pair({ crossTabSync: false });
    await tabs[0].signOut();
    await later(30);
    assert.equal(tabs[1].getState().status, "signedIn");
  });
});

async function until(isTrue) {
  for (let n = 0; n < 400 && !isTrue(); n += 1) await later();
  assert.ok(isTrue());
}

describe("signOut", () => {
  it("empties the storage and revokes the refresh token, which ends the rest", async () => {
    const { session, storage } = await signedIn(stale());
    await session.signOut();
    assert.equal(await storage.load(), null);
    assert.deepEqual(world.to("/api/oauth/revoke").map(({ form }) => form), [{ token: "prt_1", client_id: "app_notes", token_type_hint: "refresh_token" }]);
  });

  it("revokes the access token where there is no refresh token", async () => {
    const { session } = await signedIn(stale({ refresh_token: undefined, access_token: "pat_x" }));
    await session.signOut();
    assert.equal(world.to("/api/oauth/revoke")[0].form.token, "pat_x");
  });

  it("signs out here even if the server cannot be reached", async () => {
    world.answers[REVOKE] = { hangUp: true };
    const { session } = await signedIn(stale());
    await session.signOut();
    assert.equal(session.getState().status, "signedOut");
  });

  it("asks nobody when nobody is signed in", async () => {
    const session = make();
    await session.hydrate();
    await session.signOut();
    assert.equal(world.asked.length, 0);
  });
});

describe("destroy", () => {
  it("ends the channel, and tells nobody any more", async () => {
    const storage = createLocalStorageAdapter();
    const syncChannelName = `gone_${(channels += 1)}`;
    const [gone, other] = [make({ storage, syncChannelName }), make({ storage, syncChannelName })];
    await Promise.all([gone.hydrate(), other.hydrate()]);
    const heard = [];
    gone.subscribe(({ status }) => heard.push(status));
    gone.destroy();
    gone.destroy();
    await other.setTokensFromResponse(tokens());
    await later(30);
    assert.deepEqual(heard, ["signedOut"]);
    assert.equal(gone.getState().status, "signedOut");
  });

  it("waits for no lock", async () => {
    const locks = makeLocks();
    const restore = withNavigator({ locks });
    try {
      const syncChannelName = `lock_${(channels += 1)}`;
      const { session } = await signedIn(stale(), { syncChannelName });
      let release;
      void locks.request(`ave-oauth-refresh:app_notes:${syncChannelName}`, {}, () => new Promise((done) => void (release = done)));
      const ask = session.getValidIdToken();
      await later();
      session.destroy();
      await assert.rejects(ask, { name: "AbortError" });
      assert.equal(refreshes().length, 0);
      release();
    } finally {
      restore();
    }
  });

  it("lets a refresh under way save its tokens, since the old ones are dead", async () => {
    let release;
    const gate = new Promise((done) => void (release = done));
    world.answers[TOKEN] = async () => (await gate, { json: tokens({ refresh_token: "prt_2" }) });
    const { session, storage } = await signedIn(stale());
    const ask = session.getValidIdToken();
    while (!refreshes().length) await later();
    session.destroy();
    release();
    await ask;
    assert.equal((await storage.load()).refresh_token, "prt_2");
  });

  it("is not the end: hydrate begins anew", async () => {
    const storage = createLocalStorageAdapter();
    const syncChannelName = `anew_${(channels += 1)}`;
    const [again, other] = [make({ storage, syncChannelName }), make({ storage, syncChannelName })];
    await again.hydrate();
    again.destroy();
    await Promise.all([again.hydrate(), other.hydrate()]);
    await other.setTokensFromResponse(tokens());
    await until(() => again.getState().status === "signedIn");
  });
});

describe("The devtools", () => {
  it("are shown in a page that asks for them, and leave with the session", async () => {
    globalThis.window = globalThis;
    try {
      const { session } = await signedIn(stale(), { devtools: true });
      const tools = globalThis.__aveSessionDev;
      assert.equal(tools.getState().status, "signedIn");
      assert.equal(tools.getExpiresAtMs(), session.getState().snapshot.expiresAtMs);
      assert.ok(tools.getMsUntilRefresh() < 0);
      world.answers[TOKEN] = { status: 500, json: { error: "server_error" } };
      await session.getValidIdToken().catch(() => {});
      assert.equal(tools.lastRefreshError().error, "server_error");
      session.destroy();
      assert.equal(globalThis.__aveSessionDev, undefined);
    } finally {
      delete globalThis.window;
    }
  });
});

describe("A snapshot", () => {
  it("ends with the ID token, else with the JWT, else when the answer says, else after an hour", () => {
    mock.timers.enable({ apis: ["Date"], now: 1_800_000_000_000 });
    try {
      const end = (more) => snapshotFromTokenResponse({ ...tokens(), ...more }).expiresAtMs - Date.now();
      assert.equal(end({ id_token: jwt(100), access_token_jwt: jwt(200) }), 100_000);
      assert.equal(end({ id_token: undefined, access_token_jwt: jwt(200) }), 200_000);
      assert.equal(end({ id_token: "x", access_token_jwt: "opaque", expires_in: 300 }), 300_000);
      assert.equal(end({ id_token: undefined, access_token_jwt: "opaque", expires_in: undefined }), 3_600_000);
    } finally {
      mock.timers.reset();
    }
  });
});

describe("Storage", () => {
  it("lies in localStorage under ave_oauth_session, or under another key", async () => {
    for (const [adapter, key] of [[createLocalStorageAdapter(), "ave_oauth_session"], [createLocalStorageAdapter("mine"), "mine"]]) {
      const snapshot = stale();
      await adapter.save(snapshot);
      assert.deepEqual(JSON.parse(localStorage.getItem(key)), JSON.parse(JSON.stringify(snapshot)));
      assert.deepEqual(await adapter.load(), JSON.parse(JSON.stringify(snapshot)));
      localStorage.setItem(key, "{");
      assert.equal(await adapter.load(), null);
      await adapter.save(null);
      assert.equal(localStorage.getItem(key), null);
    }
  });

  it("lies in a device's secure store", async () => {
    const items = new Map();
    const adapter = createSecureStoreAdapter({
      getItemAsync: async (key) => items.get(key) ?? null,
      setItemAsync: async (key, value) => void items.set(key, value),
      deleteItemAsync: async (key) => void items.delete(key),
    });
    assert.equal(await adapter.load(), null);
    await adapter.save(stale());
    assert.deepEqual([...items.keys()], ["ave_oauth_session"]);
    assert.ok(await adapter.load());
    await adapter.save(null);
    assert.equal(items.size, 0);
  });
});
