import { localError } from "./error.js";
import { giveBack, renew } from "./session-calls.js";
import { isSame, lifeOf, parseSnapshot, snapshotFromTokenResponse, type AveSessionSnapshot, type AveSessionState, type SessionTokens } from "./session-snapshot.js";
import type { AveSessionStorage } from "./session-storage.js";
import type { AveConfig, Fetcher } from "./types.js";

export { snapshotFromTokenResponse, type AveSessionSnapshot, type AveSessionState, type AveSessionStatus, type SessionTokens } from "./session-snapshot.js";
export type { AveSessionStorage } from "./session-storage.js";

/** How a session is set up. */
export interface AveSessionOptions {
  oauth: AveConfig;
  storage: AveSessionStorage;
  /** Tells other tabs about new tokens and about sign-out, and listens to them. Default `true`. */
  crossTabSync?: boolean;
  /** Sessions with the same name and client id belong together. Default `ave_session`. */
  syncChannelName?: string;
  /** Puts `window.__aveSessionDev` up, which shows the tokens to whoever looks. Default `false`. */
  devtools?: boolean;
  /** How long before their end tokens are replaced. Default five minutes, and at most half of their life. */
  refreshSafetyMarginMs?: number;
  /**
   * Gets new tokens in your own way, for example from your server, which then keeps the refresh token. To end the
   * session throw an error with `error: "invalid_grant"` or `status: 401`.
   */
  customRefresh?: (last: { refreshToken?: string; previousSnapshot: AveSessionSnapshot }) => Promise<SessionTokens>;
  /** Instead of the global `fetch`. */
  fetch?: Fetcher;
}

type Listener = (state: AveSessionState) => void;
type Message = { type: "session_updated" } | { type: "session_cleared"; at?: number };

const LOADING: AveSessionState = Object.freeze({ status: "loading", snapshot: null });
const SIGNED_OUT: AveSessionState = Object.freeze({ status: "signedOut", snapshot: null });
const MARGIN_MS = 300_000;
/** Between two refreshes that nobody asked for. Doubles with each failure, up to the longest one. */
const GAP_MS = 30_000;
const LONGEST_GAP_MS = 600_000;
/** `setTimeout` takes no more. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * The tokens of one person in one app: kept, renewed in time, the same in all tabs.
 *
 * A refresh token works once, and using it again ends the whole sign-in. So one tab asks at a time, it reads the storage
 * again before it asks, and it keeps the new token before anybody gets it.
 */
export class AveSession {
  readonly #options: AveSessionOptions;
  readonly #channelName: string;
  readonly #listeners = new Set<Listener>();
  readonly #ending = new AbortController();
  #state: AveSessionState = LOADING;
  /** Grows with each change of `#state`, so that what was read before a change is not taken for news. */
  #version = 0;
  /** Grows when somebody signs in or out. A refresh that began before must not bring the old session back. */
  #epoch = 0;
  /** Grows when this page says who is signed in. That counts more than what other tabs do at the same time. */
  #intent = 0;
  #signedInAt = 0;
  #isUnsaved = false;
  #storageTurn: Promise<unknown> = Promise.resolve();
  #hydrating: Promise<void> | undefined;
  #refreshing: Promise<AveSessionSnapshot | null> | undefined;
  #channel: BroadcastChannel | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #askedAt = 0;
  #failures = 0;
  #lastRefreshError: unknown = null;
  #devtools: object | undefined;

  /** Starts nothing yet: it may be called during a render, and on a server. */
  constructor(options: AveSessionOptions) {
    this.#options = options;
    this.#channelName = options.syncChannelName ?? "ave_session";
  }

  /** Reads the storage, once. What cannot be read there counts as signed out. All other methods wait for it. */
  hydrate(): Promise<void> {
    return (this.#hydrating ??= this.#start());
  }

  /** Calls `listener` now and after each change. Returns the function that ends it. */
  subscribe(listener: Listener): () => void {
    // The same function may be passed twice, and each pass ends on its own.
    const own: Listener = (state) => listener(state);
    if (!this.#isDestroyed) this.#listeners.add(own);
    own(this.#state);
    return () => void this.#listeners.delete(own);
  }

  /** What is known now. */
  getState(): AveSessionState {
    return this.#state;
  }

  /** Signs in with the answer of `exchangeCode` and the like. The tokens are safe when the promise resolves. */
  async setTokensFromResponse(response: SessionTokens): Promise<void> {
    this.#assertAlive();
    await this.hydrate();
    const next = snapshotFromTokenResponse(response, this.#state.snapshot);
    this.#newEpoch();
    this.#signedInAt = Date.now();
    const intent = ++this.#intent;
    await this.#save(next, () => intent === this.#intent);
  }

  /**
   * The ID token, renewed if needed. `null` when signed out. Throws when it can neither be renewed nor used any longer,
   * and when there is none because the scope `openid` was not asked for.
   */
  async getValidIdToken(): Promise<string | null> {
    const snapshot = await this.#valid();
    if (!snapshot) return null;
    if (!snapshot.id_token) throw localError("no_id_token", "There is no ID token. Ask for the scope openid.");
    return snapshot.id_token;
  }

  /**
   * The opaque access token, renewed if needed. `null` when signed out. Throws when it can neither be renewed nor used
   * any longer. For the JWT beside it read `getState().snapshot` afterwards.
   */
  async getValidAccessToken(): Promise<string | null> {
    return (await this.#valid())?.access_token ?? null;
  }

  /**
   * Signs out in all tabs and gives the tokens back to the server (RFC 7009). Without an answer of the server the
   * person is signed out here nevertheless.
   */
  async signOut(): Promise<void> {
    this.#assertAlive();
    await this.hydrate();
    this.#newEpoch();
    this.#intent += 1;
    const held = this.#state.snapshot;
    this.#set(null);
    let revoked: Promise<void> | null | undefined;
    try {
      await this.#clearStorage(async () => {
        // Another tab may have renewed the tokens without our notice.
        const last = (await this.#load().catch(() => null)) ?? held;
        revoked = last && giveBack(this.#options, last);
      });
    } finally {
      await revoked;
    }
  }

  /**
   * Ends timers, channel, lock requests and listeners. The tokens stay where they are. A refresh that the server may
   * have answered already still finishes, since its token would be lost otherwise.
   */
  destroy(): void {
    this.#ending.abort();
    this.#listeners.clear();
    clearTimeout(this.#timer);
    this.#channel?.close();
    this.#channel = undefined;
    const page = globalThis as { __aveSessionDev?: object };
    if (this.#devtools && page.__aveSessionDev === this.#devtools) delete page.__aveSessionDev;
  }

  get #isDestroyed(): boolean {
    return this.#ending.signal.aborted;
  }

  #assertAlive(): void {
    if (this.#isDestroyed) throw localError("session_destroyed", "destroy() was called on this session.");
  }

  async #start(): Promise<void> {
    if (this.#isDestroyed) return;
    // Listens before it reads, so that no change falls in between.
    this.#listen();
    this.#showDevtools();
    await this.#consult((stored) => this.#set(stored));
  }

  async #valid(): Promise<AveSessionSnapshot | null> {
    this.#assertAlive();
    await this.hydrate();
    const held = this.#state.snapshot;
    if (!held) return null;
    if (this.#isDue(held)) return this.#refreshOnce();
    const epoch = this.#epoch;
    if (this.#isUnsaved) await this.#save(held, () => epoch === this.#epoch);
    return this.#state.snapshot;
  }

  #canRefresh(snapshot: AveSessionSnapshot): boolean {
    return Boolean(this.#options.customRefresh || snapshot.refresh_token);
  }

  /** When tokens have to be replaced. What cannot be replaced is good until its end. */
  #dueAt(snapshot: AveSessionSnapshot): number {
    if (!this.#canRefresh(snapshot)) return snapshot.expiresAtMs;
    // Without the half, tokens that live no longer than the margin would be replaced at each call.
    const margin = Math.min(this.#options.refreshSafetyMarginMs ?? MARGIN_MS, lifeOf(snapshot) / 2);
    return snapshot.expiresAtMs - margin;
  }

  #isDue(snapshot: AveSessionSnapshot): boolean {
    return Date.now() >= this.#dueAt(snapshot);
  }

  #refreshOnce(): Promise<AveSessionSnapshot | null> {
    if (this.#refreshing) return this.#refreshing;
    const run: Promise<AveSessionSnapshot | null> = this.#alone(() => this.#refresh()).finally(() => {
      if (this.#refreshing === run) this.#refreshing = undefined;
    });
    return (this.#refreshing = run);
  }

  /** Runs `work` while no other tab does, where the browser has locks. */
  async #alone<T>(work: () => Promise<T>): Promise<T> {
    const locks = (globalThis.navigator as Navigator | undefined)?.locks;
    if (!locks) return work();
    let hasStarted = false;
    try {
      return await locks.request(`ave-oauth-refresh:${this.#options.oauth.clientId}:${this.#channelName}`, { signal: this.#ending.signal }, () => {
        hasStarted = true;
        return work();
      });
    } catch (error) {
      if (hasStarted) throw error;
      this.#assertAlive();
      // A sandboxed frame has the lock manager but may not use it.
      return work();
    }
  }

  async #refresh(): Promise<AveSessionSnapshot | null> {
    const epoch = this.#epoch;
    const held = await this.#latest(epoch);
    if (epoch !== this.#epoch || !held || !this.#isDue(held)) return this.#state.snapshot;
    if (!this.#canRefresh(held)) {
      await this.#end();
      throw localError("login_required", "The tokens have ended, and there is no refresh token. Ask for the scope offline_access.");
    }
    let next: AveSessionSnapshot;
    try {
      this.#askedAt = Date.now();
      next = snapshotFromTokenResponse(await this.#ask(held), held);
    } catch (error) {
      return this.#failed(error, held, epoch);
    }
    this.#failures = 0;
    this.#lastRefreshError = null;
    // Who signed out meanwhile does not want these tokens; they must not live on at the server either.
    if (!(await this.#save(next, () => epoch === this.#epoch))) await giveBack(this.#options, next);
    return this.#state.snapshot;
  }

  /** What the storage has now: another tab may have replaced the tokens, or signed out. */
  async #latest(epoch: number): Promise<AveSessionSnapshot | null> {
    if (this.#isUnsaved) return this.#state.snapshot;
    await this.#consult((stored) => epoch === this.#epoch && this.#set(stored));
    return this.#state.snapshot;
  }

  async #ask(held: AveSessionSnapshot): Promise<SessionTokens> {
    const { customRefresh } = this.#options;
    const refreshToken = held.refresh_token;
    if (customRefresh) return customRefresh({ ...(refreshToken && { refreshToken }), previousSnapshot: held });
    return renew(this.#options, held);
  }

  async #failed(error: unknown, held: AveSessionSnapshot, epoch: number): Promise<AveSessionSnapshot | null> {
    if (epoch !== this.#epoch) return this.#state.snapshot;
    this.#failures += 1;
    this.#lastRefreshError = error;
    if (!this.#isFinal(error)) {
      // The margin is there for this: a server that restarts is not noticed.
      if (Date.now() < held.expiresAtMs) return held;
      throw error;
    }
    // Without locks another tab may have been faster with the same token, and then it has the next one.
    const stored = await this.#latest(epoch);
    if (stored && !isSame(stored, held) && !this.#isDue(stored)) return stored;
    if (epoch === this.#epoch) await this.#end();
    throw error;
  }

  /** Whether trying again is pointless. Everything else may pass: no network, a server that is down, a wrong setting. */
  #isFinal(error: unknown): boolean {
    const { error: code, status } = (error ?? {}) as { error?: unknown; status?: unknown };
    return code === "invalid_grant" || (this.#options.customRefresh !== undefined && status === 401);
  }

  async #end(): Promise<void> {
    this.#newEpoch();
    this.#set(null);
    // The tokens are worthless: if they stay in the storage, the next refresh finds out again.
    await this.#clearStorage().catch(() => undefined);
  }

  #newEpoch(): void {
    this.#epoch += 1;
    this.#refreshing = undefined;
  }

  /** Keeps a snapshot, then makes it the state. `false` when it is no longer wanted. */
  async #save(next: AveSessionSnapshot, isWanted: () => boolean): Promise<boolean> {
    let failure: { cause: unknown } | undefined;
    const isState = await this.#inTurn(async () => {
      if (!isWanted()) return false;
      try {
        await this.#options.storage.save(next);
      } catch (cause) {
        failure = { cause };
      }
      if (!isWanted()) return false;
      this.#newEpoch();
      this.#set(next);
      // This page goes on with the new tokens, since the old ones are spent, and each call tries to keep them again.
      this.#isUnsaved = failure !== undefined;
      return true;
    });
    if (!isState) return false;
    if (failure) throw Object.assign(localError("storage_failed", `The tokens could not be kept: ${String(failure.cause)}`), failure);
    this.#tell({ type: "session_updated" });
    return true;
  }

  async #clearStorage(before?: () => Promise<void>): Promise<void> {
    try {
      await this.#inTurn(async () => {
        await before?.();
        await this.#options.storage.save(null);
      });
    } finally {
      this.#tell({ type: "session_cleared", at: Date.now() });
    }
  }

  async #load(): Promise<AveSessionSnapshot | null> {
    return parseSnapshot(await this.#options.storage.load());
  }

  /**
   * Reads the storage and lets `use` act on it before anything else is read or written. If the state changed while a
   * slow storage was reading, what it read is old, and it is read again.
   */
  async #consult(use: (stored: AveSessionSnapshot | null) => void): Promise<void> {
    for (let isDone = false; !isDone; ) {
      await this.#inTurn(async () => {
        const version = this.#version;
        // A storage that cannot be read has no news.
        const stored = await this.#load().catch(() => this.#state.snapshot);
        isDone = version === this.#version;
        if (isDone) use(stored);
      });
    }
  }

  /** One at a time: a slow storage must not finish an older write after a newer one. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#storageTurn.then(work);
    this.#storageTurn = turn.catch(() => undefined);
    return turn;
  }

  #set(snapshot: AveSessionSnapshot | null): void {
    if (this.#state !== LOADING && isSame(snapshot, this.#state.snapshot)) return;
    this.#version += 1;
    this.#isUnsaved = false;
    this.#state = snapshot ? Object.freeze({ status: "signedIn", snapshot }) : SIGNED_OUT;
    this.#schedule();
    for (const listener of [...this.#listeners]) {
      if (!this.#listeners.has(listener)) continue;
      try {
        listener(this.#state);
      } catch (error) {
        // A mistake in one listener must not cost the others the news, or the caller the tokens.
        console.error(error);
      }
    }
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    const snapshot = this.#state.snapshot;
    if (!snapshot || this.#isDestroyed) return;
    const gap = Math.min(GAP_MS * 2 ** this.#failures, LONGEST_GAP_MS);
    // The gap also holds when the clock is so wrong that fresh tokens look old.
    const at = Math.max(this.#dueAt(snapshot), this.#askedAt && this.#askedAt + gap);
    this.#timer = setTimeout(() => void this.#onTimer(), Math.min(Math.max(at - Date.now(), 0), LONGEST_TIMER_MS));
    // In Node a waiting session must not keep the process alive.
    (this.#timer as { unref?: () => void }).unref?.();
  }

  async #onTimer(): Promise<void> {
    const snapshot = this.#state.snapshot;
    // Whoever calls for a token gets the error too; here nobody waits for it.
    if (snapshot && this.#isDue(snapshot)) await this.#refreshOnce().catch(() => undefined);
    this.#schedule();
  }

  #listen(): void {
    if (this.#options.crossTabSync === false || typeof BroadcastChannel === "undefined") return;
    try {
      this.#channel = new BroadcastChannel(this.#channelName);
    } catch {
      // A sandboxed frame may not open channels. The storage is read again before each refresh anyway.
      return;
    }
    this.#channel.onmessage = ({ data }: MessageEvent<Partial<Message> | null>) => {
      if (data?.type === "session_updated") void this.#heard();
      if (data?.type === "session_cleared") void this.#heard(data.at ?? Date.now());
    };
    (this.#channel as { unref?: () => void }).unref?.();
  }

  #tell(message: Message): void {
    this.#channel?.postMessage(message);
  }

  async #heard(clearedAt?: number): Promise<void> {
    await this.hydrate();
    // What this tab could not keep is newer than what it would find.
    if (this.#isUnsaved && clearedAt === undefined) return;
    await this.#consult((stored) => {
      const held = this.#state.snapshot;
      // Alike after a sign-out: not a storage that tabs share, or this tab wrote after the other one had emptied it.
      const isLeftOver = held !== null && isSame(stored, held) && clearedAt !== undefined && clearedAt >= this.#signedInAt;
      if (isSame(stored, held) && !isLeftOver) return;
      this.#newEpoch();
      this.#set(isLeftOver ? null : stored);
      if (isLeftOver) this.#inTurn(async () => this.#options.storage.save(null)).catch(() => undefined);
    });
  }

  #showDevtools(): void {
    if (!this.#options.devtools || typeof window === "undefined") return;
    const lastError = (): unknown => this.#lastRefreshError;
    this.#devtools = {
      getState: () => this.#state,
      getExpiresAtMs: () => this.#state.snapshot?.expiresAtMs ?? null,
      getMsUntilRefresh: () => (this.#state.snapshot ? this.#dueAt(this.#state.snapshot) - Date.now() : null),
      get lastRefreshError() {
        return lastError();
      },
    };
    (globalThis as { __aveSessionDev?: object }).__aveSessionDev = this.#devtools;
  }
}
