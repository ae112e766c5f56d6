import { fromBase64url } from "./crypto.js";
import { localError } from "./error.js";
import type { JwtPayload, TokenResponse } from "./types.js";

/** What a session keeps: the tokens, and when the first of them ends. */
export interface AveSessionSnapshot {
  /** Opaque. For userinfo. */
  access_token: string;
  access_token_jwt: string;
  id_token?: string;
  refresh_token?: string;
  /** Milliseconds since 1970. */
  expiresAtMs: number;
  scope?: string;
}

/** `loading`: the storage was not read yet. */
export type AveSessionStatus = "signedOut" | "loading" | "signedIn";

/** The same object until something changes. `snapshot` is there exactly while `status` is `signedIn`. */
export interface AveSessionState {
  readonly status: AveSessionStatus;
  readonly snapshot: AveSessionSnapshot | null;
}

/** What a session needs of a token answer. */
export type SessionTokens = Pick<TokenResponse, "access_token" | "access_token_jwt"> & Partial<TokenResponse>;

/** The snapshot in a value from outside, without any field that does not belong there. `null` when it is none. */
export function parseSnapshot(value: unknown): AveSessionSnapshot | null {
  if (typeof value !== "object" || value === null) return null;
  const { access_token, access_token_jwt, id_token, refresh_token, expiresAtMs, scope } = value as Record<string, unknown>;
  if (!isText(access_token) || !isText(access_token_jwt)) return null;
  if (typeof expiresAtMs !== "number" || !Number.isFinite(expiresAtMs)) return null;
  return Object.freeze({
    access_token,
    access_token_jwt,
    ...(isText(id_token) && { id_token }),
    ...(isText(refresh_token) && { refresh_token }),
    expiresAtMs,
    ...(isText(scope) && { scope }),
  });
}

/**
 * What to keep of a token answer. A refresh token that the answer leaves out is taken over from `previous`, unless that
 * one belongs to another person.
 */
export function snapshotFromTokenResponse(response: SessionTokens, previous?: AveSessionSnapshot | null): AveSessionSnapshot {
  const { access_token, access_token_jwt, id_token, expires_in = 3600 } = response ?? {};
  const before = previous && isOnePerson(personOf(previous), personOf(response)) ? previous : undefined;
  // The first end counts, so that neither token is handed out when it is over.
  const ends = [id_token, access_token_jwt].flatMap((token) => claimsOf(token).exp ?? []);
  const snapshot = parseSnapshot({
    access_token,
    access_token_jwt,
    id_token,
    refresh_token: response?.refresh_token ?? before?.refresh_token,
    expiresAtMs: ends.length ? Math.min(...ends) * 1000 : Date.now() + expires_in * 1000,
    scope: response?.scope ?? before?.scope,
  });
  if (!snapshot) throw localError("invalid_response", "The token answer needs access_token and access_token_jwt.");
  return snapshot;
}

/** The claims, unproven: they only tell when to ask again. */
function claimsOf(token: string | undefined): JwtPayload {
  try {
    const claims = JSON.parse(new TextDecoder().decode(fromBase64url(String(token).split(".")[1] ?? ""))) as JwtPayload;
    return { ...(typeof claims.exp === "number" && { exp: claims.exp }), ...(typeof claims.iat === "number" && { iat: claims.iat }), ...(claims.sub && { sub: claims.sub }) };
  } catch {
    return {};
  }
}

function personOf(tokens: Pick<SessionTokens, "access_token_jwt" | "id_token"> | undefined): string | undefined {
  return claimsOf(tokens?.access_token_jwt).sub ?? claimsOf(tokens?.id_token).sub;
}

function isOnePerson(a: string | undefined, b: string | undefined): boolean {
  return a === undefined || b === undefined || a === b;
}

/** How long the tokens were meant to live, as far as they say so. */
export function lifeOf(snapshot: AveSessionSnapshot): number {
  const { iat } = { ...claimsOf(snapshot.access_token_jwt), ...claimsOf(snapshot.id_token) };
  return iat === undefined ? Infinity : Math.max(snapshot.expiresAtMs - iat * 1000, 0);
}

export function isSame(a: AveSessionSnapshot | null, b: AveSessionSnapshot | null): boolean {
  const fields = ["access_token", "access_token_jwt", "id_token", "refresh_token", "expiresAtMs", "scope"] as const;
  return fields.every((field) => a?.[field] === b?.[field]);
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
