// A server, a storage, locks and a clock for the tests of sessions.

import { AveSession } from "../dist/session.js";
import { createMemoryStorage } from "../dist/session-storage.js";

export const ISSUER = "https://id.example.org";
export const OAUTH = { clientId: "app_1", redirectUri: "https://app.example.org/cb", issuer: ISSUER };
export const MINUTE = 60_000;

/** A token whose signature nobody looks at. */
export function jwt(claims) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "RS256" })}.${part(claims)}.c2ln`;
}

/** A token answer number `n` for one person, with tokens that live for `ms`. */
export function answer(n, { ms = 60 * MINUTE, sub = "ide_1", issuedAt = Date.now(), ...more } = {}) {
  const times = { iat: Math.floor(issuedAt / 1000), exp: Math.floor((issuedAt + ms) / 1000) };
  return {
    access_token: `opaque-${n}`,
    access_token_jwt: jwt({ sub, n, ...times }),
    id_token: jwt({ sub, n, aud: "app_1", ...times }),
    refresh_token: `refresh-${n}`,
    expires_in: Math.floor(ms / 1000),
    scope: "openid offline_access",
    token_type: "Bearer",
    ...more,
  };
}

/** What a storage has after sign-in number `n`, with `left` milliseconds to go. */
export function snapshot(n, left = 60 * MINUTE, more = {}) {
  const { access_token, access_token_jwt, id_token, refresh_token, scope } = answer(n, { issuedAt: Date.now() + left - 60 * MINUTE });
  return { access_token, access_token_jwt, id_token, refresh_token, expiresAtMs: Date.now() + left, scope, ...more };
}

/** Rotates refresh tokens as the server does: each one works once, and then never again. */
export class Server {
  refreshes = [];
  revoked = [];
  valid = "refresh-1";
  next = 2;
  /** Replaces the next answers of the token endpoint: a function that gives a Response or throws. */
  instead = undefined;
  /** Holds all token answers back while it is a promise. */
  gate = undefined;

  fetch = async (url, init) => {
    if (url === `${ISSUER}/api/oauth/revoke`) {
      this.revoked.push(Object.fromEntries(new URLSearchParams(init.body)));
      return new Response(null, { status: 200 });
    }
    if (url !== `${ISSUER}/api/oauth/token`) throw new TypeError(`unexpected ${url}`);
    const body = JSON.parse(init.body);
    this.refreshes.push(body);
    await this.gate;
    if (this.instead) return this.instead(init);
    if (body.refreshToken !== this.valid) return refusal("invalid_grant");
    const n = this.next++;
    this.valid = `refresh-${n}`;
    return Response.json(answer(n));
  };
}

export function refusal(error, status = 400) {
  return Response.json({ error, error_description: "no" }, { status });
}

/** A storage whose content can be seen. */
export function storageWith(first = null) {
  const storage = createMemoryStorage();
  storage.save(first);
  return storage;
}

/** `navigator.locks` as far as it is used: one holder per name, first come first served, abortable while waiting. */
export class Locks {
  names = [];
  waiting = 0;
  #turns = new Map();

  async request(name, { signal }, work) {
    this.names.push(name);
    const before = this.#turns.get(name) ?? Promise.resolve();
    let release;
    this.#turns.set(name, before.then(() => new Promise((done) => (release = done))));
    this.waiting += 1;
    const aborted = new Promise((_, fail) => signal.addEventListener("abort", () => fail(signal.reason), { once: true }));
    try {
      await Promise.race([before, aborted]);
    } catch (error) {
      before.then(() => release());
      throw error;
    } finally {
      this.waiting -= 1;
    }
    try {
      return await work({ name });
    } finally {
      release();
    }
  }
}

/** Puts a global in place for one test. */
export function stub(t, name, value) {
  const before = Object.getOwnPropertyDescriptor(globalThis, name);
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  t.after(() => (before ? Object.defineProperty(globalThis, name, before) : delete globalThis[name]));
}

/** A session that ends with the test. */
export function sessionFor(t, server, options = {}) {
  const session = new AveSession({ oauth: OAUTH, storage: storageWith(), fetch: server.fetch, ...options });
  t.after(() => session.destroy());
  return session;
}

/** Lets everything run that is ready, and what messages between channels set off. */
export const settle = (ms = 30) => new Promise((done) => setTimeout(done, ms));

/** Waits until something holds, however busy the machine is. What follows says what is wrong if it never does. */
export async function until(holds) {
  for (let i = 0; i < 400 && !holds(); i++) await settle(5);
}
