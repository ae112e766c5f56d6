// Token exchange (RFC 8693): from a source app's own token to one for a target.

import { refusal } from "./errors.js";
import { postToken } from "./tokens.js";
import type { AveConfig, DelegationTokenResponse } from "./types.js";

/** What is exchanged. */
export interface DelegatedTokenAsk {
  /** `access_token_jwt` of the source app. The opaque `access_token` is refused. */
  subjectToken: string;
  /** The key of the target's resource. */
  requestedResource: string;
  /** Scopes, separated by spaces: what the person granted or less. */
  requestedScope: string;
  /** Context for the server's audit trail. Nobody may rely on it. */
  actor?: Record<string, unknown>;
}

/** The fields of a token exchange, as the token endpoint reads them. */
export function exchangeFields(clientId: string, ask: DelegatedTokenAsk, clientSecret?: string) {
  return {
    grantType: "urn:ietf:params:oauth:grant-type:token-exchange",
    subjectToken: ask.subjectToken,
    requestedResource: ask.requestedResource,
    requestedScope: ask.requestedScope,
    clientId,
    clientSecret,
    actor: ask.actor,
  };
}

/**
 * Exchanges a source app's `access_token_jwt` for a delegated token (RFC 8693 section 2.1).
 *
 * Public apps may do so in `user_present` mode. `clientSecret` is for servers alone, and a browser refuses it:
 * use `exchangeDelegatedTokenServer` there.
 */
export async function exchangeDelegatedToken(
  config: Pick<AveConfig, "clientId" | "issuer">,
  payload: DelegatedTokenAsk & { clientSecret?: string },
): Promise<DelegationTokenResponse> {
  if (payload.clientSecret && typeof document !== "undefined") {
    throw refusal("secret_in_browser", "A client secret must not be in a browser. Exchange on your server.");
  }
  return postToken(config.issuer, exchangeFields(config.clientId, payload, payload.clientSecret));
}
