import { generateCodeChallenge, generateCodeVerifier, generateNonce } from "./crypto.js";
import { cleanAddress, dropFlow, keepFlow, oncePerCode, takeAnswer } from "./flow.js";
import { issuerOf } from "./issuer.js";
import { scopeText } from "./scopes.js";
import type { AveConfig, CommunicationMode } from "./types.js";
import { buildConnectorUrl } from "./urls.js";

const KIND = "ave_connector_pkce";

/** What this app asks to do at another. */
export interface ConnectorFlowParams extends AveConfig {
  /** The key of the resource. */
  resource: string;
  /** The resource's scopes, separated by spaces. */
  scope: string;
  /** Default `user_present`. */
  mode?: CommunicationMode;
  /** `background` lets the page offer "Also when I am away", which `mode: "background"` needs later. */
  presence?: "background";
}

/** A person's yes. Give `code` and `codeVerifier` to your server, or to `exchangeCode` in a public app. */
export interface ConnectorAnswer {
  code: string;
  codeVerifier: string;
  state: string;
  resource: string;
  scope: string;
  mode: CommunicationMode;
}

/**
 * Sends the person to the page where they let this app act at another (with PKCE, RFC 7636).
 * `sessionStorage.ave_connector_state` holds the state as soon as this was called; `finishConnectorFlow` checks it on your
 * callback page.
 */
export async function startConnectorFlow(params: ConnectorFlowParams): Promise<void> {
  const { clientId, redirectUri, resource, mode = "user_present", presence } = params;
  const [verifier, state, scope] = [generateCodeVerifier(), generateNonce(), scopeText(params.scope)];
  const issuer = issuerOf(params.issuer);
  // Before anything is awaited: who does not wait for this function finds the state as well.
  keepFlow(KIND, { verifier, state, createdAt: Date.now(), clientId, redirectUri, resource, scope, mode });
  const codeChallenge = await generateCodeChallenge(verifier);
  location.href = buildConnectorUrl({ ...params, issuer }, { resource, scope, mode, presence, state, codeChallenge });
}

/**
 * Reads the answer on your callback page: `null` when there is none. Checks the state, and forgets it.
 * Throws `AveError`: `access_denied` when the person said no; `login_required` or `consent_required` when the silent
 * attempt of `background` failed. Then start again with `user_present`.
 */
export async function finishConnectorFlow(params: AveConfig & { url?: string; cleanUrl?: boolean }): Promise<ConnectorAnswer | null> {
  return oncePerCode(KIND, params.url, async () => {
    const answer = takeAnswer(KIND, params);
    if (!answer) return null;
    const { code, flow } = answer;
    dropFlow(KIND, flow.state);
    if (params.cleanUrl !== false) cleanAddress(code);
    const { verifier, state, resource = "", scope = "", mode = "user_present" } = flow;
    return { code, codeVerifier: verifier, state, resource, scope, mode };
  });
}
