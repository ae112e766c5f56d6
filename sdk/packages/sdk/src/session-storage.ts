// Where a session keeps its tokens.

import { type AveSessionSnapshot, asSnapshot } from "./snapshot.js";

export type { AveSessionSnapshot } from "./snapshot.js";

/** A place for a snapshot. `save(null)` empties it. */
export interface AveSessionStorage {
  load(): Promise<AveSessionSnapshot | null> | AveSessionSnapshot | null;
  save(snapshot: AveSessionSnapshot | null): Promise<void> | void;
}

/** A secure store of a device. */
export interface AsyncSecureStoreLike {
  getItemAsync(key: string): Promise<string | null>;
  setItemAsync(key: string, value: string): Promise<void>;
  deleteItemAsync(key: string): Promise<void>;
}

const KEY = "ave_oauth_session";

/** Keeps the tokens in `localStorage`, which all tabs of the origin share, and every script on it can read. */
export function createLocalStorageAdapter(key: string = KEY): AveSessionStorage {
  return {
    load: async () => parse(localStorage.getItem(key)),
    save: async (snapshot) => (snapshot ? localStorage.setItem(key, JSON.stringify(snapshot)) : localStorage.removeItem(key)),
  };
}

/** Keeps the tokens in memory: they are gone with the page. */
export function createMemoryStorage(): AveSessionStorage {
  let kept: AveSessionSnapshot | null = null;
  return {
    load: async () => kept,
    save: async (snapshot) => {
      kept = snapshot;
    },
  };
}

/** Keeps the tokens in a device's secure store. */
export function createSecureStoreAdapter(store: AsyncSecureStoreLike, key: string = KEY): AveSessionStorage {
  return {
    load: async () => parse(await store.getItemAsync(key)),
    save: (snapshot) => (snapshot ? store.setItemAsync(key, JSON.stringify(snapshot)) : store.deleteItemAsync(key)),
  };
}

function parse(text: string | null): AveSessionSnapshot | null {
  try {
    return asSnapshot(JSON.parse(text ?? "null"));
  } catch {
    return null;
  }
}
