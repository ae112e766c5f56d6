// The addresses at which a person signs in or allows something.

import { resolveIssuer } from "./issuer.js";
import { formatOAuthPrompt, joinOAuthScopes, parseOAuthScopes } from "./scopes.js";
import type { AveConfig, CommunicationMode, OAuthPrompt, Scope } from "./types.js";

/** What is asked at `/signin`. */
export interface AuthorizeParams {
  /** Default `openid profile email`. */
  scope?: readonly (Scope | (string & {}))[] | string;
  state?: string;
  nonce?: string;
  prompt?: OAuthPrompt | readonly OAuthPrompt[] | (string & {});
  codeChallenge?: string;
  /** Default `S256`. */
  codeChallengeMethod?: string;
  /** Further parameters. They cannot replace the ones above. */
  extraParams?: Record<string, string>;
}

/** What is asked at `/connect`. */
export interface ConnectorParams {
  /** The key of the target's resource. */
  resource: string;
  /** Scopes of that resource, separated by spaces. */
  scope: string;
  /** Verify it on the callback. */
  state?: string;
  /** Default `user_present`. */
  mode?: CommunicationMode;
  /** Offers the person to allow use while away. */
  presence?: "background";
  codeChallenge?: string;
  /** Default `S256`. */
  codeChallengeMethod?: string;
  /** Further parameters. They cannot replace the ones above. */
  extraParams?: Record<string, string>;
}

/** The address of an authorization request (RFC 6749 section 4.1.1), at `{issuer}/signin`. */
export function buildAuthorizeUrl(config: AveConfig, params: AuthorizeParams = {}): string {
  const { scope = "openid profile email", prompt } = params;
  const own = {
    client_id: config.clientId,
    redirect_uri: config.redirectUri,
    scope: joinOAuthScopes(typeof scope === "string" ? parseOAuthScopes(scope) : scope),
    state: params.state,
    nonce: params.nonce,
    prompt: prompt === undefined ? undefined : formatOAuthPrompt(prompt),
    ...challengeOf(params),
  };
  return address(config, "/signin", own, params.extraParams);
}

/** The same, where the person picks the identity. */
export function buildSwitchAccountUrl(config: AveConfig, params: AuthorizeParams = {}): string {
  return buildAuthorizeUrl(config, { prompt: "select_account", ...params });
}

/** The address of the Connector's consent page, at `{issuer}/connect`. */
export function buildConnectorUrl(config: AveConfig, params: ConnectorParams): string {
  const own = {
    client_id: config.clientId,
    redirect_uri: config.redirectUri,
    resource: params.resource,
    scope: params.scope,
    mode: params.mode ?? "user_present",
    state: params.state,
    presence: params.presence,
    ...challengeOf(params),
  };
  return address(config, "/connect", own, params.extraParams);
}

function challengeOf({ codeChallenge, codeChallengeMethod }: Pick<AuthorizeParams, "codeChallenge" | "codeChallengeMethod">) {
  return codeChallenge ? { code_challenge: codeChallenge, code_challenge_method: codeChallengeMethod ?? "S256" } : {};
}

function address(config: AveConfig, path: string, own: Record<string, string | undefined>, more: Record<string, string> = {}): string {
  const query = new URLSearchParams();
  // An empty `state` would come back empty and look like a lost one, so what is empty stays out.
  for (const [name, value] of Object.entries(own)) if (value) query.set(name, value);
  for (const [name, value] of Object.entries(more)) if (value && !query.has(name)) query.set(name, value);
  return `${resolveIssuer(config.issuer)}${path}?${query}`;
}
