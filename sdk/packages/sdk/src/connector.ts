// The Connector in the source app's page: asking a person to let this app act at another.

import { forgetCode } from "./address.js";
import { AveError } from "./errors.js";
import { beginFlow, type Callback, claimFlow, dropFlow, isElsewhere, once, readCallback } from "./flows.js";
import { resolveIssuer } from "./issuer.js";
import { generateCodeChallenge } from "./pkce.js";
import type { CommunicationMode } from "./types.js";
import { buildConnectorUrl } from "./urls.js";

/** What is asked. */
export interface ConnectorFlowOptions {
  clientId: string;
  redirectUri: string;
  /** The key of the target's resource. */
  resource: string;
  /** Scopes of that resource, separated by spaces. */
  scope: string;
  /** Default `user_present`. `background` asks in silence and fails unless it was allowed before. */
  mode?: CommunicationMode;
  /** Offers the person to allow use while away. */
  presence?: "background";
  issuer?: string;
}

/** What the callback page hands to the app's server. */
export interface ConnectorResult {
  code: string;
  /** The exchange of the code needs it. */
  codeVerifier: string;
  state: string;
  resource: string;
  scope: string;
  mode: CommunicationMode;
}

const STATE = "ave_connector_state";

/**
 * Sends the person to the Connector's consent page, with PKCE and state.
 *
 * `sessionStorage` holds `ave_connector_state`, equal to the `state` that comes back. `finishConnectorFlow` compares it.
 */
export async function startConnectorFlow(options: ConnectorFlowOptions): Promise<void> {
  const { clientId, redirectUri, resource, scope, mode = "user_present", presence } = options;
  const issuer = resolveIssuer(options.issuer);
  const { state, verifier } = beginFlow("ave_connector_pkce", { issuer, resource, scope, mode });
  sessionStorage.setItem(STATE, state);
  const codeChallenge = await generateCodeChallenge(verifier);
  window.location.href = buildConnectorUrl({ clientId, redirectUri, issuer }, { resource, scope, mode, presence, state, codeChallenge });
}

/**
 * Finishes a Connector flow on the callback page: checks the state, clears the storage, and gives what `exchangeCodeServer` needs.
 *
 * `null` when there is nothing to finish. Throws an `AveError` for an `error` in the address, such as `access_denied`, or
 * `consent_required` after `background`. Running it twice for one callback gives the same result twice.
 */
export async function finishConnectorFlow(options: {
  clientId: string;
  redirectUri: string;
  issuer?: string;
  url?: string | URL;
}): Promise<ConnectorResult | null> {
  const callback = readCallback(options.url);
  const { code, error } = callback;
  if ((!code && !error) || isElsewhere("ave_connector_pkce", callback)) return null;
  return once("ave_connector_pkce", callback, () => finish(callback, options.issuer));
}

async function finish(callback: Callback, issuer?: string): Promise<ConnectorResult> {
  const { code, error, description } = callback;
  const { state, verifier, resource, scope, mode } = claimFlow("ave_connector_pkce", callback, issuer);
  dropFlow("ave_connector_pkce", state);
  if (sessionStorage.getItem(STATE) === state) sessionStorage.removeItem(STATE);
  if (error !== null || !code) throw new AveError(error ?? "invalid_callback", description ?? undefined);
  // Later, so that an effect that runs twice sees the code twice.
  setTimeout(() => forgetCode(code), 0);
  return { code, codeVerifier: verifier, state, resource, scope, mode } as ConnectorResult;
}
