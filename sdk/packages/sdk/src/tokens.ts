import { bearer, call, post } from "./http.js";
import { issuerOf } from "./issuer.js";
import type {
  AveConfig,
  ClientConfig,
  DelegationGrant,
  DelegationTokenResponse,
  FedCmTokenResponse,
  IssuerConfig,
  TokenResponse,
  UserInfo,
} from "./types.js";

/** What a token exchange asks for (RFC 8693 §2.1). */
export interface DelegationParams {
  /** The `access_token_jwt` of this app. The opaque `access_token` is refused. */
  subjectToken: string;
  /** The key of the resource. */
  requestedResource: string;
  /** The scopes of the new token: some or all of those that the person granted. */
  requestedScope: string;
  /** Context for the audit log. It gives no rights. */
  actor?: Record<string, unknown>;
}

const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";

/** One call of the token endpoint, with the field names of the Ave SDK. */
export function askForTokens<T>(issuer: string | undefined, grantType: string, fields: Record<string, unknown>): Promise<T> {
  return post<T>(`${issuerOf(issuer)}/api/oauth/token`, { grantType, ...fields });
}

/**
 * Changes a code for tokens (RFC 6749 §4.1.3). For public apps: the verifier proves who began (RFC 7636 §4.5).
 * On a server with a secret use `exchangeCodeServer`.
 */
export function exchangeCode(config: AveConfig, payload: { code: string; codeVerifier?: string }): Promise<TokenResponse> {
  return askForTokens(config.issuer, "authorization_code", {
    code: payload.code,
    redirectUri: config.redirectUri,
    clientId: config.clientId,
    codeVerifier: payload.codeVerifier,
  });
}

/**
 * Changes a refresh token for new tokens (RFC 6749 §6). Keep the new refresh token before you use any other:
 * the old one is dead, and using it again ends them all.
 */
export function refreshToken(config: ClientConfig, payload: { refreshToken: string }): Promise<TokenResponse> {
  return askForTokens(config.issuer, "refresh_token", { refreshToken: payload.refreshToken, clientId: config.clientId });
}

/** What the server says about the person (OpenID Connect Core §5.3). `accessToken` is the opaque `access_token`. */
export function fetchUserInfo(config: IssuerConfig, accessToken: string): Promise<UserInfo> {
  return call(`${issuerOf(config.issuer)}/api/oauth/userinfo`, { headers: bearer(accessToken) });
}

/**
 * Changes the app's own `access_token_jwt` for a short token that works at one resource of another app (RFC 8693).
 * `access_denied`: the person never granted it, or took it back. Start the Connector flow again.
 */
export function exchangeDelegatedToken(
  config: ClientConfig,
  payload: DelegationParams & { clientSecret?: string },
): Promise<DelegationTokenResponse> {
  const { subjectToken, requestedResource, requestedScope, clientSecret, actor } = payload;
  return askForTokens(config.issuer, EXCHANGE, {
    subjectToken,
    requestedResource,
    requestedScope,
    clientId: config.clientId,
    clientSecret,
    actor,
  });
}

/** Changes what the browser's own sign-in dialog gave for tokens (FedCM). */
export function exchangeFedCmAssertion(
  config: ClientConfig,
  payload: { assertion: string },
): Promise<FedCmTokenResponse> {
  return post(`${issuerOf(config.issuer)}/api/oauth/fedcm/exchange`, { assertion: payload.assertion, clientId: config.clientId });
}

/**
 * What the person lets apps do at other apps.
 * @param sessionToken the person's own session token (`pst_…`, made in their account). Tokens of apps are refused.
 * @param options `status: "all"` also lists what has ended.
 */
export async function listDelegations(
  config: IssuerConfig,
  sessionToken: string,
  options: { status?: "active" | "all" } = {},
): Promise<DelegationGrant[]> {
  const query = options.status === "all" ? "?status=all" : "";
  const body = await call<{ delegations?: DelegationGrant[] }>(`${issuerOf(config.issuer)}/api/oauth/delegations${query}`, {
    headers: bearer(sessionToken),
  });
  return Array.isArray(body.delegations) ? body.delegations : [];
}

/**
 * Takes one grant back. From then on the token exchange fails for it, until the person grants it again.
 * Doing it twice is no error.
 */
export async function revokeDelegation(config: IssuerConfig, sessionToken: string, delegationId: string): Promise<void> {
  await call(`${issuerOf(config.issuer)}/api/oauth/delegations/${encodeURIComponent(delegationId)}`, {
    method: "DELETE",
    headers: bearer(sessionToken),
  });
}
