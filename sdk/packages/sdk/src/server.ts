// For servers: what needs a client secret, and what protects an API.

import { exchangeFields, type DelegatedTokenAsk } from "./exchange.js";
import { readIdToken } from "./jwt.js";
import { postToken } from "./tokens.js";
import type { AveIdTokenClaims, DelegationTokenResponse, Fetcher, ServerConfig, TokenResponse } from "./types.js";

export { introspectDelegatedToken, verifyDelegatedToken } from "./delegated.js";
export type { DelegationNeeds, IntrospectDelegatedTokenOptions, VerifyDelegatedTokenOptions } from "./delegated.js";
export { AveError } from "./errors.js";
export type { DelegatedTokenAsk } from "./exchange.js";
export { configure } from "./issuer.js";
export { fetchJwks, verifyJwt } from "./jwt.js";
export type { VerifyJwtOptions } from "./jwt.js";
export type {
  AveIdTokenClaims,
  CommunicationMode,
  DelegatedTokenClaims,
  DelegationTokenResponse,
  Fetcher,
  JwksResponse,
  JwtPayload,
  ServerConfig,
  TokenResponse,
} from "./types.js";

/** Who calls an API with an ID token. */
export interface AveAuthPrincipal {
  /** The identity (`sub`). */
  subject: string;
  claims: AveIdTokenClaims;
}

/** How an ID token is checked. */
export interface VerifyAveIdTokenOptions {
  /** The app that the token must be for. */
  clientId: string;
  issuer?: string;
  nonce?: string;
  fetcher?: Fetcher;
}

/**
 * Exchanges an authorization code with the client secret (RFC 6749 section 4.1.3).
 *
 * A flow that carried a PKCE challenge needs its `codeVerifier` beside the secret (RFC 7636 section 4.5).
 */
export function exchangeCodeServer(
  config: ServerConfig,
  payload: { code: string; codeVerifier?: string; redirectUri?: string },
): Promise<TokenResponse> {
  return postToken(config.issuer, {
    grantType: "authorization_code",
    code: payload.code,
    redirectUri: payload.redirectUri ?? config.redirectUri,
    clientId: config.clientId,
    clientSecret: config.clientSecret,
    codeVerifier: payload.codeVerifier,
  });
}

/** Exchanges a refresh token with the client secret (RFC 6749 section 6). The old one is dead afterwards: save the new one first. */
export function refreshTokenServer(config: ServerConfig, payload: { refreshToken: string }): Promise<TokenResponse> {
  return postToken(config.issuer, {
    grantType: "refresh_token",
    refreshToken: payload.refreshToken,
    clientId: config.clientId,
    clientSecret: config.clientSecret,
  });
}

/** Exchanges a source app's `access_token_jwt` for a delegated token, with the client secret (RFC 8693 section 2.1). */
export function exchangeDelegatedTokenServer(
  config: Pick<ServerConfig, "clientId" | "clientSecret" | "issuer">,
  payload: DelegatedTokenAsk,
): Promise<DelegationTokenResponse> {
  return postToken(config.issuer, exchangeFields(config.clientId, payload, config.clientSecret));
}

/** The claims of an ID token for this app (OIDC Core section 3.1.3.7), or `null` if it must not be believed. */
export function verifyAveIdToken(token: string, options: VerifyAveIdTokenOptions): Promise<AveIdTokenClaims | null> {
  return readIdToken<AveIdTokenClaims>(token, options);
}

/** The token of an `Authorization: Bearer` header (RFC 6750 section 2.1), or `null`. */
export function getBearerToken(header: string | null | undefined): string | null {
  return /^\s*bearer\s+(\S+)/i.exec(header ?? "")?.[1] ?? null;
}

/** Who calls, by the ID token in an `Authorization` header, or `null`. */
export async function verifyAveIdTokenFromAuthHeader(
  header: string | null | undefined,
  options: VerifyAveIdTokenOptions,
): Promise<AveAuthPrincipal | null> {
  const token = getBearerToken(header);
  const claims = token && (await verifyAveIdToken(token, options));
  return claims ? { subject: claims.sub!, claims } : null;
}
