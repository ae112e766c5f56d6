// Sign-in through the browser's own dialog (Federated Credential Management), where there is one.

import { refusal } from "./errors.js";
import { resolveIssuer } from "./issuer.js";
import { checkTokens } from "./jwt.js";
import { type PkceLoginOptions, startPkceLogin } from "./login.js";
import { generateNonce } from "./pkce.js";
import { exchangeFedCmAssertion } from "./tokens.js";
import type { FedCmTokenResponse, TokenResponse } from "./types.js";

/** What is asked of the browser. */
export interface FedCmOptions extends PkceLoginOptions {
  /** Default `optional`. */
  mediation?: CredentialMediationRequirement;
}

/** True when this browser has FedCM and the page may use it. */
export function supportsFedCm(): boolean {
  return (
    typeof window !== "undefined" &&
    Boolean(window.isSecureContext) &&
    "IdentityCredential" in window &&
    typeof navigator.credentials?.get === "function"
  );
}

/** Signs in through the browser's dialog. Rejects when the person dismisses it. */
export async function signInWithFedCm(options: FedCmOptions): Promise<FedCmTokenResponse> {
  if (!supportsFedCm()) throw refusal("not_supported", "This browser has no FedCM.");
  const { clientId, redirectUri, scope = "openid profile email", prompt, mediation = "optional" } = options;
  const issuer = resolveIssuer(options.issuer);
  const state = options.state ?? generateNonce();
  const nonce = options.nonce ?? generateNonce();
  const provider = {
    configURL: `${issuer}/api/oauth/fedcm/config`,
    clientId,
    nonce,
    fields: ["name", "email", "picture"],
    params: { scope, redirectUri, state, nonce, ...(prompt ? { prompt } : {}) },
  };
  const request = { mediation, identity: { context: "signin", providers: [provider] } } as CredentialRequestOptions;
  const credential = (await navigator.credentials.get(request)) as { token?: unknown } | null;
  if (typeof credential?.token !== "string") throw refusal("not_supported", "The browser gave no identity.");
  const tokens = await exchangeFedCmAssertion({ clientId, issuer }, { assertion: credential.token });
  await checkTokens(tokens, { issuer, clientId, nonce });
  return tokens;
}

/**
 * Signs in by FedCM where it works, else by redirect, and then returns `null`.
 *
 * Falls back when FedCM is not supported or fails, never when the person dismisses the dialog.
 */
export async function signIn(options: FedCmOptions & { preferFedCm?: boolean }): Promise<TokenResponse | null> {
  if (options.preferFedCm !== false && supportsFedCm()) {
    try {
      return await signInWithFedCm(options);
    } catch (error) {
      if (isDismissal(error)) throw error;
    }
  }
  await startPkceLogin(options);
  return null;
}

function isDismissal(error: unknown): boolean {
  return error instanceof Error || error instanceof DOMException ? /^(NotAllowed|Abort)Error$/.test(error.name) : false;
}
