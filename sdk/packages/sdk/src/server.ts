import { AveError } from "./error.js";
import { TYP, checkToken, invalid } from "./jwt.js";
import { askForTokens, exchangeDelegatedToken, type DelegationParams } from "./tokens.js";
import type { AveAuthPrincipal, AveIdTokenClaims, ClientConfig, DelegationTokenResponse, Fetcher, ServerConfig, TokenResponse } from "./types.js";

export { introspectDelegatedToken, verifyDelegatedToken } from "./delegated.js";
export type { DelegatedTokenOptions, IntrospectOptions } from "./delegated.js";
export { AveError } from "./error.js";
export { configure } from "./issuer.js";
export { fetchJwks } from "./jwks.js";
export { verifyJwt } from "./jwt.js";
export type { DelegationParams } from "./tokens.js";
export type * from "./types.js";

/** What an app needs to prove who it is. */
export interface Credentials extends ClientConfig {
  clientSecret: string;
}

/** What an ID token is checked for. */
export interface VerifyIdTokenOptions {
  clientId: string;
  issuer?: string;
  nonce?: string;
  fetcher?: Fetcher;
}

/**
 * Changes a code for tokens on a server (RFC 6749 §4.1.3).
 * If the request carried a challenge, the verifier is required beside the secret (RFC 7636 §4.5).
 * `redirectUri` is that of the request; say it here when the app has several and it was not the one of `config`.
 */
export function exchangeCodeServer(
  config: ServerConfig,
  payload: { code: string; codeVerifier?: string; redirectUri?: string },
): Promise<TokenResponse> {
  return askForTokens(config.issuer, "authorization_code", {
    code: payload.code,
    redirectUri: payload.redirectUri || config.redirectUri,
    clientId: config.clientId,
    clientSecret: config.clientSecret,
    codeVerifier: payload.codeVerifier,
  });
}

/**
 * Changes a refresh token for new tokens on a server (RFC 6749 §6). Store the new refresh token at once, with a lock
 * or in one transaction. `invalid_grant`: stop, end the session and let the person sign in again.
 */
export function refreshTokenServer(config: Credentials, payload: { refreshToken: string }): Promise<TokenResponse> {
  return askForTokens(config.issuer, "refresh_token", {
    refreshToken: payload.refreshToken,
    clientId: config.clientId,
    clientSecret: config.clientSecret,
  });
}

/** Changes the app's `access_token_jwt` for a short token at a resource of another app (RFC 8693), with the secret. */
export function exchangeDelegatedTokenServer(config: Credentials, payload: DelegationParams): Promise<DelegationTokenResponse> {
  return exchangeDelegatedToken(config, { ...payload, clientSecret: config.clientSecret });
}

/** The token in an `Authorization` header (RFC 6750 §2.1), or `null`. */
export function getBearerToken(header: string | null | undefined): string | null {
  return /^\s*bearer\s+(\S+)/i.exec(header ?? "")?.[1] ?? null;
}

/**
 * The claims of an ID token that is for this app (OpenID Connect Core §3.1.3.7), or `null`.
 * Access tokens and delegated tokens are refused: they sign nobody in.
 */
export async function verifyAveIdToken(token: string, options: VerifyIdTokenOptions): Promise<AveIdTokenClaims | null> {
  try {
    if (!options.clientId) throw new AveError("missing_client_id", "`clientId` is required.");
    const claims: AveIdTokenClaims = await checkToken(token, { ...options, audience: options.clientId, typ: [TYP.idToken] });
    const isOurs = claims.azp === undefined ? [claims.aud].flat().length === 1 : claims.azp === options.clientId;
    if (!isOurs) throw invalid("The token was made for another app.");
    if (!claims.sub) throw invalid("The token names no person.");
    return claims;
  } catch (error) {
    // Mistakes in the program: no token would ever pass.
    if (error instanceof AveError && /^(missing_client_id|missing_issuer|invalid_issuer)$/.test(error.error)) throw error;
    return null;
  }
}

/** Who sent a request with an ID token in its `Authorization` header, or `null`. */
export async function verifyAveIdTokenFromAuthHeader(
  header: string | null | undefined,
  options: VerifyIdTokenOptions,
): Promise<AveAuthPrincipal | null> {
  const token = getBearerToken(header);
  const claims = token && (await verifyAveIdToken(token, options));
  return claims && claims.sub ? { subject: claims.sub, claims } : null;
}
