// Sign-in by redirect with PKCE, for apps in a browser (RFC 6749 section 4.1, RFC 7636).

import { forgetCode } from "./address.js";
import { isPassing } from "./errors.js";
import { beginFlow, type Callback, claimFlow, dropFlow, type Flow, isElsewhere, once, readCallback } from "./flows.js";
import { resolveIssuer } from "./issuer.js";
import { checkTokens } from "./jwt.js";
import { generateCodeChallenge, generateNonce } from "./pkce.js";
import { exchangeCode } from "./tokens.js";
import type { TokenResponse } from "./types.js";
import { buildAuthorizeUrl } from "./urls.js";

/** What a sign-in asks for. */
export interface PkceLoginOptions {
  clientId: string;
  redirectUri: string;
  /** Separated by spaces. Default `openid profile email`. */
  scope?: string;
  issuer?: string;
  state?: string;
  nonce?: string;
  prompt?: string;
}

/** How a sign-in is finished. */
export interface PkceFinishOptions {
  clientId: string;
  redirectUri: string;
  /** Default: the issuer that the sign-in was started at. */
  issuer?: string;
  /** Default: the address bar. */
  url?: string | URL;
  /** Default true: takes `code`, `state` and `iss` out of the address bar. */
  cleanUrl?: boolean;
}

/** Where tokens go. An `AveSession` is one. */
export interface TokenKeeper {
  setTokensFromResponse(tokens: TokenResponse): unknown;
}

const MIRRORS = ["ave_code_verifier", "ave_nonce", "ave_state"];

/** Keeps verifier, state and nonce in `sessionStorage`, and sends the person to the server. */
export async function startPkceLogin(options: PkceLoginOptions): Promise<void> {
  const { clientId, redirectUri, scope, prompt } = options;
  const issuer = resolveIssuer(options.issuer);
  const flow = beginFlow("ave_pkce", { state: options.state, nonce: options.nonce ?? generateNonce(), issuer });
  mirror(flow);
  const codeChallenge = await generateCodeChallenge(flow.verifier);
  const { state, nonce } = flow;
  window.location.href = buildAuthorizeUrl({ clientId, redirectUri, issuer }, { scope, state, nonce, prompt, codeChallenge });
}

/**
 * Finishes a sign-in on the callback page. `null` when the address carries no code, so it may run on every load.
 *
 * Checks state, issuer, nonce and both tokens. Running it twice for one code gives the same result twice.
 */
export async function finishPkceLogin(options: PkceFinishOptions): Promise<TokenResponse | null> {
  const callback = readCallback(options.url);
  if (!callback.code || isElsewhere("ave_pkce", callback)) return null;
  return once("ave_pkce", callback, () => finish(options, callback, callback.code!));
}

/** Finishes a sign-in and gives the tokens to a session. `null` when there is nothing to finish. */
export async function completeOAuthCallback(session: TokenKeeper, options: PkceFinishOptions): Promise<TokenResponse | null> {
  const tokens = await finishPkceLogin(options);
  if (tokens) await session.setTokensFromResponse(tokens);
  return tokens;
}

async function finish(options: PkceFinishOptions, callback: Callback, code: string): Promise<TokenResponse> {
  const { clientId, redirectUri } = options;
  const { state, verifier, nonce, issuer } = claimFlow("ave_pkce", callback, options.issuer);
  try {
    const tokens = await exchangeCode({ clientId, redirectUri, issuer }, { code, codeVerifier: verifier });
    forget(state);
    await checkTokens(tokens, { issuer, clientId, nonce });
    if (options.cleanUrl !== false) forgetCode(code);
    return tokens;
  } catch (error) {
    // A code that was refused is spent. One that nobody has judged may be tried again.
    if (!isPassing(error)) forget(state);
    throw error;
  }
}

/** The latest flow also lies under the names that earlier versions used. */
function mirror({ verifier, state, nonce, createdAt }: Flow): void {
  sessionStorage.setItem("ave_pkce", JSON.stringify({ verifier, state, nonce, createdAt }));
  [verifier, nonce ?? "", state].forEach((value, at) => sessionStorage.setItem(MIRRORS[at]!, value));
}

function forget(state: string): void {
  dropFlow("ave_pkce", state);
  if (sessionStorage.getItem("ave_state") === state) for (const name of MIRRORS) sessionStorage.removeItem(name);
}
