// What a session keeps of its tokens.

import type { TokenResponse } from "./types.js";

/** The tokens of a session. The names are those in storage. */
export interface AveSessionSnapshot {
  access_token: string;
  access_token_jwt: string;
  id_token?: string;
  refresh_token?: string;
  /** When the tokens end, in milliseconds. */
  expiresAtMs: number;
  scope?: string;
}

/** A token answer, or what a backend hands out instead. */
export type TokenResponseLike = Pick<TokenResponse, "access_token" | "access_token_jwt"> & Partial<TokenResponse>;

const HOUR_MS = 3_600_000;

/** The snapshot of a token answer. Without a new refresh token the previous one stays good (RFC 6749 section 6). */
export function snapshotFromTokenResponse(tokens: TokenResponseLike, previous?: AveSessionSnapshot | null): AveSessionSnapshot {
  const { access_token, access_token_jwt, id_token, scope } = tokens;
  return {
    access_token,
    access_token_jwt,
    id_token,
    refresh_token: tokens.refresh_token ?? previous?.refresh_token,
    expiresAtMs: endOf(id_token) ?? endOf(access_token_jwt) ?? Date.now() + (tokens.expires_in ? tokens.expires_in * 1000 : HOUR_MS),
    scope: scope ?? previous?.scope,
  };
}

/** A snapshot as it came from storage, or `null` if it is not one. */
export function asSnapshot(value: unknown): AveSessionSnapshot | null {
  const { access_token, access_token_jwt, expiresAtMs } = (value ?? {}) as Partial<AveSessionSnapshot>;
  const isOne = isText(access_token) && isText(access_token_jwt) && Number.isFinite(expiresAtMs);
  return isOne ? (value as AveSessionSnapshot) : null;
}

/** `exp` of a JWT in milliseconds. Nobody relies on it but the clock of this session. */
function endOf(token?: string): number | undefined {
  try {
    const { exp } = JSON.parse(atob(token!.split(".")[1]!.replace(/-/g, "+").replace(/_/g, "/"))) as { exp?: unknown };
    return typeof exp === "number" ? exp * 1000 : undefined;
  } catch {
    return undefined;
  }
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
