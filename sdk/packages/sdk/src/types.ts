// The shapes that travel between an app and the server. Types only.

/** A sign-in scope (OIDC Core section 5.4, and ours). */
export type Scope =
  | "openid"
  | "profile"
  | "email"
  | "offline_access"
  | "user_id"
  | "e2ee:symmetric"
  | "e2ee:asymmetric"
  | "e2ee:reset"
  | "e2ee:pqc:kyber"
  | "e2ee:pqc:dilithium";

/** A value of `prompt` (OIDC Core section 3.1.2.1). */
export type OAuthPrompt = "none" | "login" | "consent" | "select_account";

/** Whether the person is there while the source app acts, or the app acts by itself. */
export type CommunicationMode = "user_present" | "background";

/** A function that is called as `fetch` is. */
export type Fetcher = typeof fetch;

/** An app in a browser or on a device. */
export interface AveConfig {
  clientId: string;
  redirectUri: string;
  /** Origin of the identity server. See `configure`. */
  issuer?: string;
}

/** An app on a server, which can keep a secret (RFC 6749 section 2.1). */
export interface ServerConfig extends AveConfig {
  clientSecret: string;
}

/** Who has signed in, as the token answer tells it. What the scopes do not cover is absent. */
export interface AveUser {
  /** The identity, equal to `sub`. Key what you store by it: handles change. */
  id: string;
  handle?: string;
  displayName?: string;
  email?: string;
  avatarUrl?: string | null;
}

/** A successful answer of the token endpoint (RFC 6749 section 5.1). */
export interface TokenResponse {
  /** Opaque, for userinfo. */
  access_token: string;
  /** RFC 9068, for APIs that take JWTs, and as the subject of a token exchange. */
  access_token_jwt: string;
  /** Only with scope `openid`. */
  id_token?: string;
  /** Only with scope `offline_access`. Dead as soon as it was used. */
  refresh_token?: string;
  expires_in: number;
  scope: string;
  token_type: string;
  user?: AveUser | null;
  /** Only with scope `user_id`. */
  user_id?: string;
}

/** The answer to a FedCM assertion. */
export type FedCmTokenResponse = TokenResponse;

/** The answer to a token exchange (RFC 8693 section 2.2). */
export interface DelegationTokenResponse {
  /** The delegated token, a JWT for the target. */
  access_token: string;
  issued_token_type?: string;
  token_type: string;
  expires_in: number;
  scope: string;
  audience: string;
  target_resource: string;
  communication_mode: CommunicationMode;
}

/** What a person has allowed one app to do at another. */
export interface DelegationGrant {
  id: string;
  createdAt: string;
  updatedAt: string;
  /** `null` while it is active. */
  revokedAt?: string | null;
  communicationMode: CommunicationMode;
  /** Separated by spaces. */
  scope: string;
  sourceAppClientId: string;
  sourceAppName: string;
  sourceAppIconUrl?: string | null;
  sourceAppWebsiteUrl?: string | null;
  targetResourceKey: string;
  targetResourceName: string;
  targetAudience: string;
}

/** The answer of the userinfo endpoint (OIDC Core section 5.3.2). */
export interface UserInfo {
  sub: string;
  name?: string;
  preferred_username?: string;
  email?: string;
  email_verified?: boolean;
  picture?: string | null;
  iss?: string;
  user_id?: string;
}

/** The protected header of a token (RFC 7515 section 4.1). */
export interface JwtHeader {
  alg: string;
  typ?: string;
  kid?: string;
  crit?: unknown;
}

/** The claims of a token (RFC 7519 section 4.1). */
export interface JwtPayload {
  sub?: string;
  iss?: string;
  aud?: string | string[];
  exp?: number;
  iat?: number;
  nbf?: number;
  nonce?: string;
  [claim: string]: unknown;
}

/** The claims of `access_token_jwt` (RFC 9068 section 2.2). */
export interface AveJwtClaims extends JwtPayload {
  scope?: string;
  /** The app. */
  cid?: string;
  sid?: string;
  /** Only with scope `user_id`. */
  uid?: string;
  /** True for an app without registration. */
  quick?: boolean;
}

/** The claims of an ID token (OIDC Core section 2). */
export interface AveIdTokenClaims extends JwtPayload {
  auth_time?: number;
  azp?: string;
  sid?: string;
  name?: string;
  preferred_username?: string;
  email?: string;
  email_verified?: boolean;
  picture?: string | null;
}

/** The claims of a delegated token. */
export interface DelegatedTokenClaims extends JwtPayload {
  /** The identity for whom the app acts. */
  sub: string;
  iss?: string;
  /** The source app, which acts. */
  cid?: string;
  scope: string;
  /** The grant behind the token: the same for every token of this person, app and resource. */
  grant_id: string;
  target_resource: string;
  com_mode: CommunicationMode;
  jti?: string;
  /** Through whom it came (RFC 8693 section 4.1). */
  act?: unknown;
}

/** A public key (RFC 7517 section 4). */
export interface JwkKey {
  kid?: string;
  kty: string;
  use?: string;
  alg?: string;
  n?: string;
  e?: string;
  crv?: string;
  x?: string;
  y?: string;
}

/** A key set (RFC 7517 section 5). */
export interface JwksResponse {
  keys: JwkKey[];
}

/** What this package reads of a discovery document (OIDC Discovery section 3). */
export interface OidcConfiguration {
  issuer: string;
  jwks_uri: string;
}

/** Who a Quick app knows. */
export interface QuickIdentity {
  userId: string;
  handle?: string;
  displayName?: string;
  email?: string;
  avatarUrl?: string | null;
  /** `access_token_jwt`, or the opaque token where there is none. */
  token: string;
  idToken?: string;
  /** In seconds, counted from `receivedAt`. */
  expiresIn: number;
  /** In milliseconds. */
  receivedAt: number;
}
