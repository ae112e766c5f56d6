import { parseSnapshot, type AveSessionSnapshot } from "./session-snapshot.js";

export type { AveSessionSnapshot } from "./session-snapshot.js";

/** Where a session is kept. `save(null)` empties it. Both functions may answer at once or with a promise. */
export interface AveSessionStorage {
  load(): AveSessionSnapshot | null | Promise<AveSessionSnapshot | null>;
  /** Must not come back before the snapshot is safe: the refresh token before it is already spent. */
  save(snapshot: AveSessionSnapshot | null): void | Promise<void>;
}

/** The part of `expo-secure-store` that is used here. */
export interface AsyncSecureStoreLike {
  getItemAsync(key: string): Promise<string | null>;
  setItemAsync(key: string, value: string): Promise<void>;
  deleteItemAsync(key: string): Promise<void>;
}

const KEY = "ave_oauth_session";

/**
 * Keeps the session in `localStorage`, so that it outlives the tab and all tabs share it. Every script of the page can
 * read it: where that is too much, keep the refresh token on your server and pass `customRefresh`.
 */
export function createLocalStorageAdapter(key: string = KEY): AveSessionStorage {
  return {
    async load() {
      // On a server there is no storage, and nobody is signed in.
      return typeof localStorage === "undefined" ? null : parseText(localStorage.getItem(key));
    },
    async save(snapshot) {
      if (snapshot) localStorage.setItem(key, JSON.stringify(snapshot));
      else localStorage.removeItem(key);
    },
  };
}

/** Keeps the session as long as the page lives. */
export function createMemoryStorage(): AveSessionStorage {
  let held: AveSessionSnapshot | null = null;
  return {
    async load() {
      return held;
    },
    async save(snapshot) {
      held = snapshot;
    },
  };
}

/** Keeps the session in the key store of a phone. Pass the module `expo-secure-store`. */
export function createSecureStoreAdapter(store: AsyncSecureStoreLike, key: string = KEY): AveSessionStorage {
  return {
    async load() {
      return parseText(await store.getItemAsync(key));
    },
    async save(snapshot) {
      if (snapshot) await store.setItemAsync(key, JSON.stringify(snapshot));
      else await store.deleteItemAsync(key);
    },
  };
}

function parseText(text: string | null): AveSessionSnapshot | null {
  if (!text) return null;
  try {
    return parseSnapshot(JSON.parse(text));
  } catch {
    return null;
  }
}
