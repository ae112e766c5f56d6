import { issuerOf } from "./issuer.js";
import { DEFAULT_SCOPES, formatOAuthPrompt, scopeText } from "./scopes.js";
import type { AveConfig, CommunicationMode, OAuthPrompt } from "./types.js";

/** The challenge of a PKCE verifier (RFC 7636 §4.3). */
export interface ChallengeParams {
  codeChallenge?: string;
  codeChallengeMethod?: "S256";
}

/** What a sign-in asks for. */
export interface AuthorizeParams extends ChallengeParams {
  /** A list, or one text with spaces. Default `openid profile email`. */
  scope?: string | readonly string[];
  state?: string;
  nonce?: string;
  prompt?: string | readonly OAuthPrompt[];
  /** Anything else, such as `login_hint`. It cannot replace what the other options say. */
  extraParams?: Record<string, string>;
}

/** What one app asks to do at another. */
export interface ConnectorParams extends ChallengeParams {
  /** The key of the resource, as the target app registered it. */
  resource: string;
  /** The resource's scopes, separated by spaces. */
  scope: string | readonly string[];
  state?: string;
  /** Default `user_present`. `background` is a silent attempt: fall back to `user_present` when it fails. */
  mode?: CommunicationMode;
  /** `background` lets the page offer "Also when I am away". Without that choice no grant works in the background. */
  presence?: "background";
  extraParams?: Record<string, string>;
}

type Query = [name: string, value: string | undefined][];

/** The address that starts a sign-in (RFC 6749 §4.1.1). Redirect the browser there. */
export function buildAuthorizeUrl(config: AveConfig, params: AuthorizeParams = {}): string {
  const own: Query = [
    ["client_id", config.clientId],
    ["redirect_uri", config.redirectUri],
    ["scope", params.scope === undefined ? DEFAULT_SCOPES : scopeText(params.scope)],
    ["state", params.state],
    ["nonce", params.nonce],
  ];
  const last: Query = [["prompt", params.prompt && formatOAuthPrompt(params.prompt)], ...challenge(params)];
  return join(config, "/signin", own, last, params.extraParams);
}

/** The same, but the person first chooses which identity to use. */
export function buildSwitchAccountUrl(config: AveConfig, params: AuthorizeParams = {}): string {
  return buildAuthorizeUrl(config, { ...params, prompt: params.prompt ?? "select_account" });
}

/**
 * The address where the person lets this app act at another. Redirect the browser there.
 * In a browser, `startConnectorFlow` does it all.
 */
export function buildConnectorUrl(config: AveConfig, params: ConnectorParams): string {
  const own: Query = [
    ["client_id", config.clientId],
    ["redirect_uri", config.redirectUri],
    ["resource", params.resource],
    ["scope", scopeText(params.scope)],
    ["mode", params.mode ?? "user_present"],
    // Reserved only when it is used, so that it may also stand in `extraParams`.
    ...(params.presence ? ([["presence", params.presence]] as Query) : []),
    ["state", params.state],
  ];
  return join(config, "/connect", own, challenge(params), params.extraParams);
}

function challenge({ codeChallenge, codeChallengeMethod = "S256" }: ChallengeParams): Query {
  return [
    ["code_challenge", codeChallenge],
    ["code_challenge_method", codeChallenge && codeChallengeMethod],
  ];
}

/** An empty `state` or `nonce` would look like one, and protect nothing: what is empty is left out. */
function join(config: AveConfig, path: string, own: Query, last: Query, extra: Record<string, string> = {}): string {
  const reserved = new Set([...own, ...last].map(([name]) => name));
  const more = Object.entries(extra).filter(([name]) => !reserved.has(name));
  const query = new URLSearchParams([...own, ...more, ...last].filter((pair): pair is [string, string] => !!pair[1]));
  return `${issuerOf(config.issuer)}${path}?${query}`;
}
