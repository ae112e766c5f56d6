// Everything that runs in a browser and on a server alike. Pages take `./client`, servers `./server`.

export { stripOAuthQueryParamsFromUrlString, stripSensitiveFragmentParams, stripSensitiveHashFromUrlString } from "./address.js";
export { listDelegations, revokeDelegation } from "./delegations.js";
export { AveError } from "./errors.js";
export { exchangeDelegatedToken } from "./exchange.js";
export type { DelegatedTokenAsk } from "./exchange.js";
export { configure, getApiBase, normalizeIssuer } from "./issuer.js";
export { fetchJwks, isJwtVerificationSupported, verifyJwt } from "./jwt.js";
export type { VerifyJwtOptions } from "./jwt.js";
export { generateCodeChallenge, generateCodeVerifier, generateNonce } from "./pkce.js";
export {
  formatOAuthPrompt,
  joinOAuthScopes,
  normalizeScopeToken,
  OAUTH_PROMPT_VALUES,
  parseOAuthPrompt,
  parseOAuthScopes,
  requiresAuthorizeInteractionPrompt,
  wantsAccountPickerPrompt,
} from "./scopes.js";
export { AveSession, snapshotFromTokenResponse } from "./session.js";
export type {
  AveSessionOptions,
  AveSessionSnapshot,
  AveSessionState,
  AveSessionStatus,
  AveSessionStorage,
  TokenResponseLike,
} from "./session.js";
export { createLocalStorageAdapter, createMemoryStorage, createSecureStoreAdapter } from "./session-storage.js";
export type { AsyncSecureStoreLike } from "./session-storage.js";
export { exchangeCode, exchangeFedCmAssertion, fetchUserInfo, refreshToken, revokeToken } from "./tokens.js";
export type * from "./types.js";
export { buildAuthorizeUrl, buildConnectorUrl, buildSwitchAccountUrl } from "./urls.js";
export type { AuthorizeParams, ConnectorParams } from "./urls.js";
