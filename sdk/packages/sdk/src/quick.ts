// Quick: sign-in for an app that is not registered. Its web origin is its client id.

import { forgetCode } from "./address.js";
import { AveError, isPassing, refusal } from "./errors.js";
import { beginFlow, type Callback, claimFlow, dropFlow, isElsewhere, once, readCallback } from "./flows.js";
import { resolveIssuer } from "./issuer.js";
import { checkTokens } from "./jwt.js";
import { generateCodeChallenge, generateNonce } from "./pkce.js";
import { saveQuickIdentity } from "./quick-identity.js";
import { exchangeCode } from "./tokens.js";
import type { QuickIdentity, TokenResponse } from "./types.js";
import { buildAuthorizeUrl } from "./urls.js";

/** How a Quick sign-in begins. */
export interface QuickSignInOptions {
  issuer?: string;
  /** Default `openid profile email`, which is all there is. */
  scope?: string;
  /** Default `{origin}/ave/callback`. */
  redirectUri?: string;
  /** Where `handleQuickCallback` goes afterwards, on this origin. Default: this page. */
  returnTo?: string;
}

/** How a Quick sign-in is finished. */
export interface QuickFinishOptions {
  issuer?: string;
  /** The same as at the start. */
  redirectUri?: string;
  /** Default: the address bar. */
  url?: string | URL;
}

const RETURN_TO = "ave_quick_return_to";

/** Keeps verifier, state, nonce and the way back, and sends the person to the server. PKCE is `S256` (RFC 7636). */
export async function startQuickSignIn(options: QuickSignInOptions = {}): Promise<void> {
  const redirectUri = options.redirectUri ?? defaultCallback();
  const issuer = resolveIssuer(options.issuer);
  const returnTo = wayBack(options.returnTo ?? window.location.href, redirectUri);
  const flow = beginFlow("ave_quick_pkce", { nonce: generateNonce(), issuer, returnTo });
  const { verifier, state, nonce, createdAt } = flow;
  sessionStorage.setItem("ave_quick_pkce", JSON.stringify({ verifier, state, nonce, createdAt }));
  if (returnTo) sessionStorage.setItem(RETURN_TO, returnTo);
  else sessionStorage.removeItem(RETURN_TO);
  const codeChallenge = await generateCodeChallenge(verifier);
  const config = { clientId: clientIdOf(redirectUri), redirectUri, issuer };
  window.location.assign(buildAuthorizeUrl(config, { scope: options.scope, state, nonce, codeChallenge }));
}

/** Finishes a Quick sign-in on the callback page and keeps who it is. `null` when the address carries no code. */
export async function finishQuickSignIn(options: QuickFinishOptions = {}): Promise<QuickIdentity | null> {
  const callback = readCallback(options.url);
  if (!callback.code || isElsewhere("ave_quick_pkce", callback)) return null;
  return (await finishOnce(options, callback, callback.code)).identity;
}

/** The whole callback page: finishes the sign-in and goes back to where it began. `null` when there is nothing to finish. */
export async function handleQuickCallback(
  options: { issuer?: string; redirectUri?: string; fallbackPath?: string } = {},
): Promise<QuickIdentity | null> {
  const callback = readCallback();
  if (!callback.code || isElsewhere("ave_quick_pkce", callback)) return null;
  const { identity, returnTo } = await finishOnce(options, callback, callback.code);
  const fallback = options.fallbackPath && wayBack(options.fallbackPath, options.redirectUri ?? defaultCallback());
  window.location.replace(returnTo ?? (fallback || "/"));
  return identity;
}

interface Finished {
  identity: QuickIdentity;
  returnTo?: string;
}

function finishOnce(options: QuickFinishOptions, callback: Callback, code: string): Promise<Finished> {
  return once("ave_quick_pkce", callback, () => finish(options, callback, code));
}

async function finish(options: QuickFinishOptions, callback: Callback, code: string): Promise<Finished> {
  const redirectUri = options.redirectUri ?? defaultCallback();
  const clientId = clientIdOf(redirectUri);
  const flow = claimFlow("ave_quick_pkce", callback, options.issuer);
  const { state, verifier, nonce, issuer } = flow;
  const returnTo = wayBack((flow.returnTo as string | undefined) ?? sessionStorage.getItem(RETURN_TO) ?? "", redirectUri);
  try {
    const tokens = await exchangeCode({ clientId, redirectUri, issuer }, { code, codeVerifier: verifier });
    forget(state);
    const identity = identityIn(tokens);
    await checkTokens(tokens, { issuer, clientId, nonce, subject: identity.userId });
    saveQuickIdentity(identity);
    forgetCode(code);
    return { identity, returnTo };
  } catch (error) {
    if (!isPassing(error)) forget(state);
    throw error;
  }
}

function identityIn({ user, access_token, access_token_jwt, id_token, expires_in }: TokenResponse): QuickIdentity {
  if (!user?.id) throw new AveError("invalid_response", "The answer does not say who has signed in.");
  const { id, handle, displayName, email, avatarUrl } = user;
  return {
    userId: id,
    handle,
    displayName,
    email,
    avatarUrl,
    token: access_token_jwt || access_token,
    idToken: id_token,
    expiresIn: expires_in,
    receivedAt: Date.now(),
  };
}

function forget(state: string): void {
  dropFlow("ave_quick_pkce", state);
  sessionStorage.removeItem(RETURN_TO);
}

function defaultCallback(): string {
  return `${window.location.origin}/ave/callback`;
}

/** The client id of an app without registration. */
function clientIdOf(redirectUri: string): string {
  try {
    const { origin } = new URL(redirectUri);
    if (origin !== "null") return `origin:${origin}`;
  } catch {
    // Told below.
  }
  throw refusal("invalid_request", "redirectUri must be an http or https address.");
}

/** A path on this origin that is not the callback itself, which would run again. Anything else would be an open redirect. */
function wayBack(target: string, redirectUri: string): string | undefined {
  try {
    const url = new URL(target, window.location.origin);
    if (!target || url.origin !== window.location.origin || url.pathname === new URL(redirectUri).pathname) return undefined;
    // Two leading slashes would name another host.
    return `/${`${url.pathname}${url.search}${url.hash}`.replace(/^\/+/, "")}`;
  } catch {
    return undefined;
  }
}
