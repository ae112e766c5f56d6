/** The scopes of sign-in (OpenID Connect Core §5.4, §11). Resources define more of their own. */
export type Scope = "openid" | "profile" | "email" | "offline_access" | "user_id";

/** What the sign-in page must do (OpenID Connect Core §3.1.2.1). */
export type OAuthPrompt = "none" | "login" | "consent" | "select_account";

/**
 * When an app may act for the person. `user_present`: only while the person uses the source app.
 * `background`: also while they are away.
 */
export type CommunicationMode = "user_present" | "background";

/** What a browser or a public app knows. */
export interface AveConfig {
  /** The app's client id. It is no secret. */
  clientId: string;
  /** A registered redirect URI, byte for byte (RFC 9700 §2.1). */
  redirectUri: string;
  /** The address of your Procura. See `configure` for the other ways to set it. */
  issuer?: string;
}

/** What only a server knows: never put the secret into a browser or a mobile app. */
export interface ServerConfig extends AveConfig {
  clientSecret: string;
}

/** What the functions that redirect nobody need: the rest may be there, so that one object serves all. */
export interface ClientConfig extends Omit<AveConfig, "redirectUri"> {
  redirectUri?: string;
}

/** What the functions that work with a token alone need: where the server is. */
export type IssuerConfig = Partial<AveConfig>;

/** A `fetch` of your own, for tests, proxies or tracing. */
export type Fetcher = (input: string, init?: RequestInit) => Promise<Response>;

/** The person, as the token answer shows them. Which fields there are depends on the scopes. */
export interface TokenUser {
  id: string;
  handle?: string;
  displayName?: string;
  email?: string;
  avatarUrl?: string | null;
}

/** The answer of the token endpoint (RFC 6749 §5.1, OpenID Connect Core §3.1.3.3). */
export interface TokenResponse {
  /** Opaque. For userinfo only. */
  access_token: string;
  /** A JWT (RFC 9068). The subject of a token exchange. */
  access_token_jwt: string;
  /** Only with the scope `openid`. Its audience is the client id. */
  id_token?: string;
  /** Only with the scope `offline_access`. Each use replaces it. */
  refresh_token?: string;
  /** Seconds. */
  expires_in: number;
  scope: string;
  token_type: string;
  user?: TokenUser | null;
  /** Only with the scope `user_id`. */
  user_id?: string;
}

/** The answer of a sign-in through the browser itself (FedCM). */
export type FedCmTokenResponse = TokenResponse;

/** The answer of `/api/oauth/userinfo` (OpenID Connect Core §5.3.2). */
export interface UserInfo {
  sub: string;
  name?: string;
  preferred_username?: string;
  email?: string;
  email_verified?: boolean;
  picture?: string;
  iss?: string;
  user_id?: string;
}

/** The answer of a token exchange (RFC 8693 §2.2.1). */
export interface DelegationTokenResponse {
  access_token: string;
  issued_token_type?: string;
  token_type: string;
  /** Seconds. At most ten minutes. */
  expires_in: number;
  scope: string;
  audience: string;
  target_resource: string;
  communication_mode: CommunicationMode;
}

/** One app's right to act at another, as its person sees it. */
export interface DelegationGrant {
  id: string;
  createdAt: string;
  updatedAt: string;
  /** `null` or absent while the grant is active. */
  revokedAt?: string | null;
  communicationMode: CommunicationMode;
  scope: string;
  sourceAppClientId: string;
  sourceAppName: string;
  sourceAppIconUrl?: string | null;
  sourceAppWebsiteUrl?: string | null;
  targetResourceKey: string;
  targetResourceName: string;
  targetAudience: string;
}

/** The header of a token (RFC 7515 §4.1). */
export interface JwtHeader {
  alg: string;
  kid?: string;
  typ?: string;
  [name: string]: unknown;
}

/** The claims of any token (RFC 7519 §4.1). */
export interface JwtPayload {
  sub?: string;
  iss?: string;
  aud?: string | string[];
  exp?: number;
  iat?: number;
  nbf?: number;
  nonce?: string;
  [name: string]: unknown;
}

/** The claims of an `access_token_jwt` (RFC 9068 §2.2). */
export interface AveJwtClaims extends JwtPayload {
  scope?: string;
  cid?: string;
  client_id?: string;
  sid?: string;
  uid?: string;
  jti?: string;
  quick?: boolean;
}

/** The claims of an `id_token` (OpenID Connect Core §2). */
export interface AveIdTokenClaims extends JwtPayload {
  auth_time?: number;
  azp?: string;
  sid?: string;
  amr?: string[];
  acr?: string;
  at_hash?: string;
  name?: string;
  preferred_username?: string;
  email?: string;
  email_verified?: boolean;
  picture?: string;
}

/** The claims of a delegated token: who, through which app, at which resource, with which scopes. */
export interface DelegatedClaims extends JwtPayload {
  iss: string;
  /** The person's identity. */
  sub: string;
  aud: string | string[];
  exp: number;
  /** The source app. */
  cid?: string;
  client_id?: string;
  scope: string;
  /** The consent behind the token. */
  grant_id: string;
  target_resource: string;
  com_mode: CommunicationMode;
  /** The app that acts, and in a chain those before it (RFC 8693 §4.1). */
  act?: Record<string, unknown>;
  jti?: string;
  sid?: string;
}

/** A public key (RFC 7517 §4). */
export interface JwkKey {
  kty: string;
  kid?: string;
  use?: string;
  alg?: string;
  n?: string;
  e?: string;
  crv?: string;
  x?: string;
  y?: string;
}

/** A set of public keys (RFC 7517 §5). */
export interface JwksResponse {
  keys: JwkKey[];
}

/** What this package reads of the discovery document (OpenID Connect Discovery §3). */
export interface OidcConfiguration {
  issuer: string;
  jwks_uri: string;
}

/** Where the keys of `verifyJwt` and `fetchJwks` come from. */
export interface FetchJwksOptions {
  issuer?: string;
  /** The address of the key set, if it is not the one that discovery names. */
  jwksUrl?: string;
  discoveryUrl?: string;
  fetcher?: Fetcher;
}

/** What `verifyJwt` must find in a token. */
export interface VerifyJwtOptions extends FetchJwksOptions {
  /** The `iss` to expect, if it is not the issuer. */
  expectedIssuer?: string;
  /** One of these must be in `aud`. Without it, the audience is the issuer: that is what `access_token_jwt` is for. */
  audience?: string | string[];
  nonce?: string;
  /** Keys that you have already. Then nothing is fetched for them. */
  jwks?: JwksResponse;
  /** How far the clocks may be apart. Default 30. */
  clockSkewSeconds?: number;
}

/** A person who signed in without a registered app. */
export interface QuickIdentity {
  userId: string;
  handle?: string;
  displayName?: string;
  email?: string;
  avatarUrl?: string | null;
  /** The `access_token_jwt`. */
  token: string;
  idToken?: string;
  /** Seconds from `receivedAt`. */
  expiresIn: number;
  /** Milliseconds since 1970. */
  receivedAt: number;
}

/** Who sent a request, as `verifyAveIdTokenFromAuthHeader` found it. */
export interface AveAuthPrincipal {
  subject: string;
  claims: AveIdTokenClaims;
}
