// Sign-in through the dialog of the browser itself (W3C FedCM).

import { generateNonce } from "./crypto.js";
import { AveError, localError } from "./error.js";
import { issuerOf } from "./issuer.js";
import { parse } from "./jwt.js";
import { checkTokens, startPkceLogin, type PkceLoginParams } from "./pkce.js";
import { DEFAULT_SCOPES, formatOAuthPrompt } from "./scopes.js";
import { exchangeFedCmAssertion } from "./tokens.js";
import type { FedCmTokenResponse, TokenResponse } from "./types.js";

/** What the dialog asks for. */
export interface FedCmParams extends PkceLoginParams {
  /** Default `optional`: the browser shows a dialog if it must. */
  mediation?: "silent" | "optional" | "required";
}

/** TypeScript does not know these parts of the browser yet. */
interface IdentityRequest {
  mediation: string;
  identity: { context: "signin"; providers: Record<string, unknown>[] };
}

/** True when this browser has the dialog. */
export function supportsFedCm(): boolean {
  const isThere = typeof window !== "undefined" && window.isSecureContext && "IdentityCredential" in window;
  return isThere && typeof navigator.credentials?.get === "function";
}

/**
 * Signs in through the browser's dialog. Throws what the browser throws: `NotAllowedError` or `AbortError` when the
 * person closed it.
 */
export async function signInWithFedCm(params: FedCmParams): Promise<FedCmTokenResponse> {
  const issuer = issuerOf(params.issuer);
  const { clientId, redirectUri, scope = DEFAULT_SCOPES, prompt, mediation = "optional" } = params;
  const state = params.state || generateNonce();
  const nonce = params.nonce || generateNonce();
  const request: IdentityRequest = {
    mediation,
    identity: {
      context: "signin",
      providers: [
        {
          configURL: `${issuer}/api/oauth/fedcm/config`,
          clientId,
          nonce,
          fields: ["name", "email", "picture"],
          params: { scope, redirectUri, state, nonce, ...(prompt && { prompt: formatOAuthPrompt(prompt) }) },
        },
      ],
    },
  };
  const credential = (await navigator.credentials.get(request as CredentialRequestOptions)) as { token?: string } | null;
  if (!credential?.token) throw localError("not_supported", "The browser gave no identity.");
  // The issuer checks the signature when it takes the assertion; what it cannot know is which request this page made.
  const claims = credential.token.split(".").length === 3 ? parse(credential.token).claims : { nonce, state };
  if (claims.nonce !== nonce || claims.state !== state) throw localError("state_mismatch", "The browser's answer is to another request.");
  const tokens = await exchangeFedCmAssertion({ clientId, issuer }, { assertion: credential.token });
  await checkTokens(tokens, { issuer, clientId, nonce });
  return tokens;
}

/**
 * Signs in: through the browser's dialog if there is one, else by a redirect. Then it resolves to `null` and the page leaves.
 * When the person closes the dialog nothing else is tried: it throws.
 */
export async function signIn(params: FedCmParams & { preferFedCm?: boolean }): Promise<TokenResponse | null> {
  if (params.preferFedCm !== false && supportsFedCm()) {
    try {
      return await signInWithFedCm(params);
    } catch (error) {
      if (!isNoAnswer(error)) throw error;
    }
  }
  await startPkceLogin(params);
  return null;
}

/** True when it was not the person who said no. */
function isNoAnswer(error: unknown): boolean {
  if (error instanceof AveError) return error.status === 404 || error.status === 501 || /^(network_error|not_supported)$/.test(error.error);
  return error instanceof Error && /^(NotSupportedError|NetworkError|IdentityCredentialError|TypeError)$/.test(error.name);
}
