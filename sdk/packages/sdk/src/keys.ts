// The issuer's public keys, kept for a while.
//
// Promise: the issuer is asked once at a time, for everybody who waits. A token with an unknown key makes this module look again,
// once in thirty seconds at most, so whoever makes up key ids cannot turn a verifier against the issuer.

import { AveError } from "./errors.js";
import type { Fetcher, JwkKey } from "./types.js";
import { askJson } from "./wire.js";

const FRESH_MS = 300_000;
const FLOOR_MS = 30_000;
/** How long old keys serve while the issuer does not answer. */
const LAST_RESORT_MS = 86_400_000;

class KeySet {
  #keys: JwkKey[] = [];
  #readAt = -Infinity;
  #failedAt = -Infinity;
  #renewedAt = -Infinity;
  #pending: Promise<JwkKey[]> | undefined;

  constructor(readonly url: string) {}

  /** Keys that may be used now. */
  async current(fetcher?: Fetcher): Promise<JwkKey[]> {
    const now = Date.now();
    if (isWithin(this.#readAt, FRESH_MS, now)) return this.#keys;
    const isUsable = isWithin(this.#readAt, LAST_RESORT_MS, now);
    if (isUsable && isWithin(this.#failedAt, FLOOR_MS, now)) return this.#keys;
    try {
      return await this.#ask(fetcher);
    } catch (error) {
      if (isUsable) return this.#keys;
      throw error;
    }
  }

  /** Keys as they are now, for a token that names one which is not in `known`; the same ones within the floor. */
  async renewed(known: JwkKey[], fetcher?: Fetcher): Promise<JwkKey[]> {
    if (this.#pending) return this.#pending;
    if (this.#keys !== known) return this.#keys;
    const now = Date.now();
    if (isWithin(this.#renewedAt, FLOOR_MS, now)) return this.#keys;
    this.#renewedAt = now;
    return this.#ask(fetcher);
  }

  #ask(fetcher?: Fetcher): Promise<JwkKey[]> {
    this.#pending ??= this.#read(fetcher).finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  async #read(fetcher?: Fetcher): Promise<JwkKey[]> {
    const began = Date.now();
    try {
      const { keys } = await askJson<{ keys?: unknown }>(this.url, { fetcher });
      if (!Array.isArray(keys)) throw new AveError("invalid_response", "The key set has no keys.");
      this.#keys = keys.filter((key): key is JwkKey => Boolean(key) && typeof key === "object");
      this.#readAt = began;
      return this.#keys;
    } catch (cause) {
      this.#failedAt = Date.now();
      throw new AveError("temporarily_unavailable", "The issuer's keys cannot be read at the moment.", 503, { cause });
    }
  }
}

/** A clock that was set back counts as long ago. */
function isWithin(then: number, span: number, now: number): boolean {
  return now >= then && now - then < span;
}

const sets = new Map<string, KeySet>();

function setAt(url: string): KeySet {
  let set = sets.get(url);
  if (!set) sets.set(url, (set = new KeySet(url)));
  return set;
}

/** The keys at an address, at most five minutes old while their server answers. */
export function keysAt(url: string, fetcher?: Fetcher): Promise<JwkKey[]> {
  return setAt(url).current(fetcher);
}

/** The first key that fits. Looks again, within the floor, when none does. */
export async function findKey(url: string, fits: (key: JwkKey) => boolean, fetcher?: Fetcher): Promise<JwkKey | undefined> {
  const set = setAt(url);
  const known = await set.current(fetcher);
  return known.find(fits) ?? (await set.renewed(known, fetcher)).find(fits);
}
