import { AveError } from "./error.js";
import { call } from "./http.js";
import { issuerOf } from "./issuer.js";
import type { FetchJwksOptions, Fetcher, JwkKey, JwksResponse, OidcConfiguration } from "./types.js";

const FRESH_MS = 300_000;
/** How long a key set serves while the issuer does not answer. */
const LAST_RESORT_MS = 86_400_000;
/** Tokens with invented key ids must not become a storm of requests to the issuer. */
const FLOOR_MS = 30_000;
const PATIENCE_MS = 10_000;

/** One document and when it was read. */
interface Kept<T> {
  value?: T;
  readAt: number;
  /** When it was last asked for before its time. */
  hurriedAt: number;
  failedAt: number;
  pending?: Promise<T>;
}

const kept = new Map<string, Kept<object>>();

/** A clock that was set back counts as long ago. */
function isWithin(then: number, span: number): boolean {
  const age = Date.now() - then;
  return age >= 0 && age < span;
}

function entryOf<T extends object>(url: string): Kept<T> {
  const found = kept.get(url) ?? { readAt: -Infinity, hurriedAt: -Infinity, failedAt: -Infinity };
  kept.set(url, found);
  return found as Kept<T>;
}

/** Callers that come at the same time share one request. */
function read<T extends object>(url: string, fetcher: Fetcher | undefined, isFine: (value: T) => boolean): Promise<T> {
  const entry = entryOf<T>(url);
  const ask = async (): Promise<T> => {
    try {
      const value = await call<T>(url, { fetcher, headers: { Accept: "application/json" }, signal: AbortSignal.timeout(PATIENCE_MS) });
      if (!isFine(value)) throw new AveError("invalid_response", `${url} has not the form it should have.`);
      Object.assign(entry, { value, readAt: Date.now(), failedAt: -Infinity });
      return value;
    } catch (error) {
      entry.failedAt = Date.now();
      if (entry.value && isWithin(entry.readAt, LAST_RESORT_MS)) return entry.value;
      throw error;
    } finally {
      entry.pending = undefined;
    }
  };
  return (entry.pending ??= ask());
}

function cached<T extends object>(url: string, fetcher: Fetcher | undefined, isFine: (value: T) => boolean): Promise<T> {
  const { value, readAt, failedAt } = entryOf<T>(url);
  const isUsable = isWithin(readAt, FRESH_MS) || (isWithin(readAt, LAST_RESORT_MS) && isWithin(failedAt, FLOOR_MS));
  return value && isUsable ? Promise.resolve(value) : read(url, fetcher, isFine);
}

const isConfiguration = (value: OidcConfiguration) => typeof value.issuer === "string" && typeof value.jwks_uri === "string";
const isKeySet = (value: JwksResponse) => Array.isArray(value.keys);

/** Which issuer to expect, and where its keys are. Ours keeps them at one place, so most calls need no discovery. */
export async function placeOf(options: FetchJwksOptions): Promise<{ issuer: string; jwksUrl: string }> {
  if (options.discoveryUrl) {
    const found = await cached<OidcConfiguration>(options.discoveryUrl, options.fetcher, isConfiguration);
    return { issuer: options.issuer ? issuerOf(options.issuer) : found.issuer, jwksUrl: options.jwksUrl ?? found.jwks_uri };
  }
  const issuer = issuerOf(options.issuer);
  return { issuer, jwksUrl: options.jwksUrl ?? `${issuer}/.well-known/jwks.json` };
}

/** The public keys of the issuer (RFC 7517 §5), kept for five minutes. */
export async function fetchJwks(options: FetchJwksOptions = {}): Promise<JwksResponse> {
  return cached((await placeOf(options)).jwksUrl, options.fetcher, isKeySet);
}

/** The key that fits. An unknown one may be new, so the set is read again, but not more often than twice a minute. */
export async function findKey(jwksUrl: string, fetcher: Fetcher | undefined, fits: (key: JwkKey) => boolean): Promise<JwkKey | undefined> {
  const found = (await cached<JwksResponse>(jwksUrl, fetcher, isKeySet)).keys.find(fits);
  const entry = entryOf<JwksResponse>(jwksUrl);
  if (found) return found;
  if (!entry.pending) {
    if (isWithin(entry.hurriedAt, FLOOR_MS)) return undefined;
    entry.hurriedAt = Date.now();
  }
  return (await read<JwksResponse>(jwksUrl, fetcher, isKeySet)).keys.find(fits);
}
