// A signed-in session in a browser or on a device: tokens that are kept, refreshed and shared between tabs.
//
// Promise: a refresh token is used once. One refresh runs at a time, in this tab and across tabs; the new token is saved before
// anybody gets the result; whoever signs out or in meanwhile wins over a refresh that is still under way.

import { AveError, refusal } from "./errors.js";
import type { AveSessionStorage } from "./session-storage.js";
import { type AveSessionSnapshot, asSnapshot, snapshotFromTokenResponse, type TokenResponseLike } from "./snapshot.js";
import { type TabMessage, Tabs } from "./tabs.js";
import { requestRefresh, revokeToken } from "./tokens.js";
import type { AveConfig, Fetcher } from "./types.js";

export { AveError } from "./errors.js";
export { configure } from "./issuer.js";
export { snapshotFromTokenResponse } from "./snapshot.js";
export type { AveSessionSnapshot, TokenResponseLike } from "./snapshot.js";
export type { AveSessionStorage } from "./session-storage.js";

/** `loading` until storage was read. */
export type AveSessionStatus = "loading" | "signedOut" | "signedIn";

/** A session at one moment. */
export interface AveSessionState {
  status: AveSessionStatus;
  snapshot: AveSessionSnapshot | null;
}

/** How a session is made. */
export interface AveSessionOptions {
  oauth: AveConfig;
  storage: AveSessionStorage;
  /** Default true. False where there are no tabs. */
  crossTabSync?: boolean;
  /** Default `ave_session`. Sessions that share a name share their tokens. */
  syncChannelName?: string;
  /** Shows `window.__aveSessionDev`. Default false. */
  devtools?: boolean;
  /** How long before their end tokens are renewed. Default 300000. */
  refreshSafetyMarginMs?: number;
  /** Renews the tokens elsewhere, such as at a backend that keeps the refresh token. */
  customRefresh?: (ask: { refreshToken?: string; previousSnapshot: AveSessionSnapshot }) => Promise<TokenResponseLike>;
  fetch?: Fetcher;
}

const LOADING: AveSessionState = { status: "loading", snapshot: null };
const SIGNED_OUT: AveSessionState = { status: "signedOut", snapshot: null };

/** A session. Read its storage with `hydrate`, ask it for tokens, and `destroy` it when it is no longer needed. */
export class AveSession {
  readonly #options: AveSessionOptions;
  readonly #tabs: Tabs | undefined;
  readonly #listeners = new Set<(state: AveSessionState) => void>();
  #state = LOADING;
  #hydrating: Promise<void> | undefined;
  #refreshing: Promise<AveSessionSnapshot> | undefined;
  /** Counts sign-ins and sign-outs, so that a refresh that began before one is not kept after it. */
  #era = 0;
  /** When the present tokens are to be renewed, if not a margin before their end. */
  #renewAtMs: number | undefined;
  #saving: Promise<void> = Promise.resolve();
  #lastRefreshError: unknown;

  constructor(options: AveSessionOptions) {
    const { oauth, crossTabSync = true, syncChannelName = "ave_session" } = options;
    this.#options = options;
    if (crossTabSync) this.#tabs = new Tabs(syncChannelName, `ave-oauth-refresh:${oauth.clientId}:${syncChannelName}`);
  }

  /** Reads the storage, once. What is not a snapshot there means signed out. */
  hydrate(): Promise<void> {
    this.#tabs?.open((message) => this.#hear(message));
    this.#hydrating ??= this.#hydrate();
    return this.#hydrating;
  }

  /** Calls at once and at every change. Returns the way to stop. */
  subscribe(listener: (state: AveSessionState) => void): () => void {
    // A listener that is given twice is two listeners.
    const own = (state: AveSessionState) => listener(state);
    this.#listeners.add(own);
    own(this.#state);
    return () => void this.#listeners.delete(own);
  }

  /** The present state: the same object until it changes. */
  getState(): AveSessionState {
    return this.#state;
  }

  /** Signs in with the tokens of a code. */
  async setTokensFromResponse(tokens: TokenResponseLike): Promise<void> {
    this.#era += 1;
    await this.#keep(snapshotFromTokenResponse(tokens));
  }

  /** An ID token that has not expired, or `null` when signed out. Rejects when it cannot be renewed, or without `openid`. */
  async getValidIdToken(): Promise<string | null> {
    const snapshot = await this.#valid();
    if (snapshot && !snapshot.id_token) throw refusal("no_id_token", "There is no ID token. Ask for the scope openid.");
    return snapshot?.id_token ?? null;
  }

  /** An access token that has not expired, or `null` when signed out. Rejects when it cannot be renewed. */
  async getValidAccessToken(): Promise<string | null> {
    return (await this.#valid())?.access_token ?? null;
  }

  /** Signs out here and in the other tabs, and ends the tokens at the server (RFC 7009). */
  async signOut(): Promise<void> {
    const { snapshot } = this.#state;
    await this.#clear();
    if (snapshot) await this.#revoke(snapshot);
  }

  /**
   * Ends the channel, waits for no lock and tells nobody any more. `hydrate` begins anew.
   *
   * A refresh under way still saves its tokens, since the old ones are dead.
   */
  destroy(): void {
    this.#tabs?.close();
    this.#listeners.clear();
    const page = globalThis as { __aveSessionDev?: { session?: AveSession } };
    if (page.__aveSessionDev?.session === this) delete page.__aveSessionDev;
  }

  async #hydrate(): Promise<void> {
    if (this.#options.devtools) this.#showDevtools();
    const snapshot = await this.#load();
    // Unless someone has signed in meanwhile.
    if (this.#state === LOADING) this.#set(snapshot);
  }

  async #load(): Promise<AveSessionSnapshot | null> {
    try {
      return asSnapshot(await this.#options.storage.load());
    } catch {
      return null;
    }
  }

  async #valid(): Promise<AveSessionSnapshot | null> {
    await this.hydrate();
    if (this.#refreshing) return this.#refreshing;
    const { snapshot } = this.#state;
    if (!snapshot || !this.#isDue(snapshot)) return snapshot;
    // Tokens that cannot be renewed are good until their end.
    if (!this.#isRenewable(snapshot) && Date.now() < snapshot.expiresAtMs) return snapshot;
    return this.#refresh(snapshot);
  }

  #isDue({ expiresAtMs }: AveSessionSnapshot): boolean {
    return Date.now() >= (this.#renewAtMs ?? expiresAtMs - this.#margin);
  }

  get #margin(): number {
    return this.#options.refreshSafetyMarginMs ?? 300_000;
  }

  #isRenewable({ refresh_token }: AveSessionSnapshot): boolean {
    return Boolean(refresh_token || this.#options.customRefresh);
  }

  /** One refresh for everybody who asks meanwhile. */
  #refresh(snapshot: AveSessionSnapshot): Promise<AveSessionSnapshot> {
    if (this.#refreshing) return this.#refreshing;
    const work = () => this.#refreshAlone(snapshot);
    const refreshing = (this.#tabs ? this.#tabs.alone(work) : work()).finally(() => {
      if (this.#refreshing === refreshing) this.#refreshing = undefined;
    });
    this.#refreshing = refreshing;
    return refreshing;
  }

  async #refreshAlone(ours: AveSessionSnapshot): Promise<AveSessionSnapshot> {
    const era = this.#era;
    // Another tab may have been quicker, and then our refresh token is dead.
    const theirs = await this.#adoptNewer(ours);
    if (theirs && Date.now() < theirs.expiresAtMs) return theirs;
    const before = theirs ?? ours;
    if (!this.#isRenewable(before)) {
      await this.#clear();
      throw refusal("session_expired", "The session is over: there is no refresh token. Sign in again.");
    }
    let after: AveSessionSnapshot;
    try {
      after = snapshotFromTokenResponse(await this.#renew(before), before);
    } catch (error) {
      return this.#afterFailure(error, before, era);
    }
    if (era !== this.#era) {
      await this.#revoke(after);
      throw refusal("session_changed", "Someone has signed in or out meanwhile.");
    }
    await this.#keep(after);
    if (this.#state.snapshot === after) this.#renewAtMs = this.#nextRenewal(after);
    return after;
  }

  #renew(before: AveSessionSnapshot): Promise<TokenResponseLike> {
    const { customRefresh, oauth, fetch } = this.#options;
    if (customRefresh) return customRefresh({ refreshToken: before.refresh_token, previousSnapshot: before });
    return requestRefresh(oauth, before.refresh_token!, fetch);
  }

  async #afterFailure(error: unknown, before: AveSessionSnapshot, era: number): Promise<AveSessionSnapshot> {
    this.#lastRefreshError = error;
    if (era !== this.#era || !isFinal(error)) throw error;
    // Without locks two tabs may race: the one that lost finds the winner's tokens.
    const theirs = await this.#adoptNewer(before);
    if (theirs && Date.now() < theirs.expiresAtMs) return theirs;
    if (era === this.#era) await this.#clear();
    throw error;
  }

  /** What another tab has stored since. */
  async #adoptNewer(ours: AveSessionSnapshot): Promise<AveSessionSnapshot | null> {
    if (!this.#tabs) return null;
    const era = this.#era;
    const stored = await this.#load();
    if (!stored || era !== this.#era) return null;
    if (stored.access_token === ours.access_token || stored.expiresAtMs < ours.expiresAtMs) return null;
    this.#set(stored);
    return stored;
  }

  /** Tokens that live shorter than the margin are renewed at half their life, not at every call. */
  #nextRenewal({ expiresAtMs }: AveSessionSnapshot): number {
    const now = Date.now();
    return Math.max(expiresAtMs - this.#margin, now + (expiresAtMs - now) / 2);
  }

  /** Saves, then shows. The old refresh token is dead, so memory keeps the new one even if saving fails. */
  async #keep(snapshot: AveSessionSnapshot): Promise<void> {
    this.#renewAtMs = undefined;
    this.#state = { status: "signedIn", snapshot };
    try {
      await this.#save(snapshot);
    } finally {
      // Unless someone has signed out while it was being saved.
      if (this.#state.snapshot === snapshot) {
        this.#announce();
        this.#tabs?.tell({ type: "session_updated" });
      }
    }
  }

  /** Signs out here, and tells the other tabs. */
  async #clear(): Promise<void> {
    this.#forget();
    await this.#save(null);
    this.#tabs?.tell({ type: "session_cleared" });
  }

  #forget(): void {
    this.#era += 1;
    this.#refreshing = undefined;
    this.#set(null);
  }

  /** One after the other, so that the last word is what stays. */
  #save(snapshot: AveSessionSnapshot | null): Promise<void> {
    const save = async () => this.#options.storage.save(snapshot);
    this.#saving = this.#saving.then(save, save);
    return this.#saving;
  }

  /** Ends the tokens at the server. Without a connection they end by themselves. */
  async #revoke({ refresh_token, access_token }: AveSessionSnapshot): Promise<void> {
    const { oauth, fetch } = this.#options;
    const hint = refresh_token ? "refresh_token" : "access_token";
    try {
      await revokeToken(oauth, { token: refresh_token ?? access_token, hint }, fetch);
    } catch {
      // The person is signed out here in any case.
    }
  }

  #hear({ type }: TabMessage): void {
    if (type === "session_cleared") this.#forget();
    if (type === "session_updated") void this.#reload();
  }

  async #reload(): Promise<void> {
    const era = this.#era;
    const stored = await this.#load();
    if (stored && era === this.#era) this.#set(stored);
  }

  #set(snapshot: AveSessionSnapshot | null): void {
    if (snapshot?.access_token === this.#state.snapshot?.access_token && this.#state !== LOADING) return;
    this.#renewAtMs = undefined;
    this.#state = snapshot ? { status: "signedIn", snapshot } : SIGNED_OUT;
    this.#announce();
  }

  #announce(): void {
    for (const listener of [...this.#listeners]) listener(this.#state);
  }

  #showDevtools(): void {
    const page = globalThis as { window?: unknown; __aveSessionDev?: unknown };
    if (!page.window) return;
    const expiresAt = () => this.#state.snapshot?.expiresAtMs ?? null;
    page.__aveSessionDev = {
      session: this,
      getState: () => this.#state,
      getExpiresAtMs: expiresAt,
      getMsUntilRefresh: () => (expiresAt() === null ? null : (this.#renewAtMs ?? expiresAt()! - this.#margin) - Date.now()),
      lastRefreshError: () => this.#lastRefreshError,
    };
  }
}

/** True when the server has judged the refresh token, and asking again would not help. */
function isFinal(error: unknown): boolean {
  if (error instanceof AveError && error.error === "invalid_grant") return true;
  const { status, message } = (error ?? {}) as { status?: unknown; message?: unknown };
  // A custom refresh may throw anything.
  return status === 401 || /invalid_grant|unauthorized|invalid.*refresh/i.test(String(message ?? ""));
}
