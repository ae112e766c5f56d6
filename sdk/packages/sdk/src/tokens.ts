// The token endpoint for apps without a secret, and what an access token opens.

import { resolveIssuer } from "./issuer.js";
import type { AveConfig, FedCmTokenResponse, Fetcher, TokenResponse, UserInfo } from "./types.js";
import { askJson, askNothing } from "./wire.js";

/** Asks the token endpoint (RFC 6749 section 3.2). Members that are `undefined` are not sent. */
export function postToken<T = TokenResponse>(issuer: string | undefined, json: object, fetcher?: Fetcher): Promise<T> {
  return askJson<T>(`${resolveIssuer(issuer)}/api/oauth/token`, { method: "POST", json, fetcher });
}

/** Exchanges an authorization code (RFC 6749 section 4.1.3, RFC 7636 section 4.5). */
export function exchangeCode(config: AveConfig, payload: { code: string; codeVerifier?: string }): Promise<TokenResponse> {
  return postToken(config.issuer, {
    grantType: "authorization_code",
    code: payload.code,
    redirectUri: config.redirectUri,
    clientId: config.clientId,
    codeVerifier: payload.codeVerifier,
  });
}

/** Exchanges a refresh token (RFC 6749 section 6). The old one is dead afterwards: save the new one first. */
export function refreshToken(
  config: Pick<AveConfig, "clientId" | "issuer">,
  payload: { refreshToken: string },
): Promise<TokenResponse> {
  return requestRefresh(config, payload.refreshToken);
}

/** The same with a `fetch` of the caller's. */
export function requestRefresh(config: Pick<AveConfig, "clientId" | "issuer">, token: string, fetcher?: Fetcher): Promise<TokenResponse> {
  return postToken(config.issuer, { grantType: "refresh_token", refreshToken: token, clientId: config.clientId }, fetcher);
}

/** Exchanges the assertion that a browser's FedCM dialog gave. */
export function exchangeFedCmAssertion(
  config: Pick<AveConfig, "clientId" | "issuer">,
  payload: { assertion: string },
): Promise<FedCmTokenResponse> {
  const json = { assertion: payload.assertion, clientId: config.clientId };
  return askJson(`${resolveIssuer(config.issuer)}/api/oauth/fedcm/exchange`, { method: "POST", json });
}

/** Who the token is for, as it is now (OIDC Core section 5.3). Takes `access_token` or `access_token_jwt`. */
export function fetchUserInfo(config: Pick<AveConfig, "issuer">, accessToken: string): Promise<UserInfo> {
  return askJson(`${resolveIssuer(config.issuer)}/api/oauth/userinfo`, { bearer: accessToken });
}

/** Ends a token of a public app, and what came from it (RFC 7009 section 2.1). */
export function revokeToken(
  config: Pick<AveConfig, "clientId" | "issuer">,
  payload: { token: string; hint?: "access_token" | "refresh_token" },
  fetcher?: Fetcher,
): Promise<void> {
  const form: Record<string, string> = { token: payload.token, client_id: config.clientId };
  if (payload.hint) form.token_type_hint = payload.hint;
  // The page may be on its way out.
  return askNothing(`${resolveIssuer(config.issuer)}/api/oauth/revoke`, { method: "POST", form, keepalive: true, fetcher });
}
