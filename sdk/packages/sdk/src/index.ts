// Entry `@procura/sdk`: what works everywhere: in browsers, on servers and in apps.

export { generateCodeChallenge, generateCodeVerifier, generateNonce } from "./crypto.js";
export { AveError } from "./error.js";
export { stripOAuthQueryParamsFromUrlString } from "./flow.js";
export { configure, getApiBase } from "./issuer.js";
export { fetchJwks } from "./jwks.js";
export { isJwtVerificationSupported, verifyJwt } from "./jwt.js";
export {
  OAUTH_PROMPT_VALUES,
  formatOAuthPrompt,
  joinOAuthScopes,
  normalizeScopeToken,
  parseOAuthPrompt,
  parseOAuthScopes,
  requiresAuthorizeInteractionPrompt,
  wantsAccountPickerPrompt,
} from "./scopes.js";
export { AveSession, snapshotFromTokenResponse } from "./session.js";
export type { AveSessionOptions, AveSessionSnapshot, AveSessionState, AveSessionStatus } from "./session.js";
export { createLocalStorageAdapter, createMemoryStorage, createSecureStoreAdapter } from "./session-storage.js";
export type { AsyncSecureStoreLike, AveSessionStorage } from "./session-storage.js";
export {
  exchangeCode,
  exchangeDelegatedToken,
  exchangeFedCmAssertion,
  fetchUserInfo,
  listDelegations,
  refreshToken,
  revokeDelegation,
} from "./tokens.js";
export type { DelegationParams } from "./tokens.js";
export type * from "./types.js";
export { buildAuthorizeUrl, buildConnectorUrl, buildSwitchAccountUrl } from "./urls.js";
export type { AuthorizeParams, ChallengeParams, ConnectorParams } from "./urls.js";
