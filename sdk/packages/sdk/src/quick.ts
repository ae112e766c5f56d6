// Sign-in without registration: the origin of the page is its client id.

import { AveError, localError } from "./error.js";
import { oncePerCode, takeAnswer } from "./flow.js";
import { bearer, bodyOf, errorOf, send } from "./http.js";
import { issuerOf } from "./issuer.js";
import { beginFlow, redeem } from "./pkce.js";
import type { QuickIdentity } from "./types.js";

const KIND = "ave_quick_pkce";
const RETURN_TO = "ave_quick_return_to";
const IDENTITY = "ave_quick_identity";
const PREFIX = "[Quick Ave]";

/** What a quick sign-in asks for. */
export interface QuickParams {
  issuer?: string;
  /** `openid`, `profile` and `email`, or some of them. */
  scope?: string;
  /** Default: `/ave/callback` on this origin. */
  redirectUri?: string;
  /** Where `handleQuickCallback` goes afterwards. Default: here. */
  returnTo?: string;
}

/** What the way back needs. */
export interface QuickCallbackParams {
  issuer?: string;
  redirectUri?: string;
}

/** Whether the person is still signed in at the issuer. */
export type QuickSession =
  | { status: "active" }
  /** This issuer cannot say. */
  | { status: "unsupported" }
  | { status: "login_required"; reason: string };

/** What `checkQuickSession` looks at. */
export interface QuickSessionParams {
  issuer?: string;
  storageKey?: string;
  /** Default: that of the stored identity. */
  token?: string;
}

/** How `startQuickSessionMonitor` works. */
export interface QuickMonitorParams extends QuickSessionParams {
  /** Default 60000, at least 1000. */
  intervalMs?: number;
  onLoginRequired?: (session: Extract<QuickSession, { status: "login_required" }>) => void;
  onError?: (error: unknown) => void;
}

function configOf({ issuer, redirectUri = `${location.origin}/ave/callback` }: QuickCallbackParams) {
  return { issuer, redirectUri, clientId: `origin:${new URL(redirectUri).origin}` };
}

/** A place on this origin, other than the callback page: that would go round in circles. */
function placeHere(address: string | null | undefined, redirectUri: string): string | undefined {
  if (!address) return undefined;
  try {
    const url = new URL(address, location.href);
    const isFine = url.origin === location.origin && url.pathname !== new URL(redirectUri).pathname;
    return isFine ? url.pathname + url.search + url.hash : undefined;
  } catch {
    return undefined;
  }
}

/** Sends the person to sign in. No app needs to be registered. */
export async function startQuickSignIn(params: QuickParams = {}): Promise<void> {
  const config = configOf(params);
  const address = await beginFlow(KIND, { ...config, scope: params.scope });
  const back = placeHere(params.returnTo ?? location.href, config.redirectUri);
  if (back) sessionStorage.setItem(RETURN_TO, back);
  else sessionStorage.removeItem(RETURN_TO);
  location.assign(address);
}

/**
 * Changes the code in the address for an identity, checks its tokens and keeps it in `localStorage.ave_quick_identity`.
 * `null` when there is no answer. It also finishes what `@procura/embed` began.
 */
export async function finishQuickSignIn(params: QuickCallbackParams & { url?: string } = {}): Promise<QuickIdentity | null> {
  return oncePerCode(KIND, params.url, async () => {
    const config = { ...configOf(params), url: params.url };
    const answer = takeAnswer(KIND, { ...config, prefix: PREFIX });
    if (!answer) return null;
    const tokens = await redeem(KIND, config, answer).catch((error: unknown) => {
      throw withPrefix(error);
    });
    const { user } = tokens;
    if (!user?.id) throw localError("invalid_response", "The answer names no person.", PREFIX);
    if (subjectOf(tokens.access_token_jwt || tokens.id_token) !== user.id) throw localError("invalid_token", "The tokens are for somebody else.", PREFIX);
    const identity: QuickIdentity = {
      userId: user.id,
      handle: user.handle,
      displayName: user.displayName,
      email: user.email,
      avatarUrl: user.avatarUrl,
      token: tokens.access_token_jwt || tokens.access_token,
      idToken: tokens.id_token,
      expiresIn: tokens.expires_in,
      receivedAt: Date.now(),
    };
    localStorage.setItem(IDENTITY, JSON.stringify(identity));
    return identity;
  });
}

/** The message that the Ave SDK has here: code and sentence. */
function withPrefix(error: unknown): unknown {
  if (!(error instanceof AveError) || error.status === undefined || !error.errorDescription) return error;
  return new AveError(error.error, error.errorDescription, error.status, `${error.error}: ${error.errorDescription}`);
}

/** `redeem` has checked the token already. */
function subjectOf(token: string | undefined): unknown {
  const claims = token?.split(".")[1];
  return claims && (JSON.parse(atob(claims.replace(/-/g, "+").replace(/_/g, "/"))) as { sub?: unknown }).sub;
}

/** For the callback page: finishes, then goes back to where the person was, else to `fallbackPath`, else to `/`. */
export async function handleQuickCallback(params: QuickCallbackParams & { fallbackPath?: string } = {}): Promise<QuickIdentity | null> {
  return oncePerCode(`${KIND} callback`, undefined, async () => {
    const identity = await finishQuickSignIn(params);
    if (!identity) return null;
    const { redirectUri } = configOf(params);
    const back = placeHere(sessionStorage.getItem(RETURN_TO), redirectUri) ?? placeHere(params.fallbackPath, redirectUri) ?? "/";
    sessionStorage.removeItem(RETURN_TO);
    location.replace(back);
    return identity;
  });
}

/** The person who signed in here, as this browser remembers. Asks nobody. `null` when their hour is over. */
export function getQuickIdentity(storageKey: string = IDENTITY): QuickIdentity | null {
  try {
    const identity = JSON.parse(localStorage.getItem(storageKey) ?? "null") as QuickIdentity | null;
    if (!identity || typeof identity.userId !== "string" || typeof identity.token !== "string") return null;
    if (identity.receivedAt + identity.expiresIn * 1000 > Date.now()) return identity;
    localStorage.removeItem(storageKey);
  } catch {
    // Not ours, or storage is blocked: nobody is signed in.
  }
  return null;
}

/** Forgets the person here. They stay signed in at the issuer. */
export function clearQuickIdentity(storageKey: string = IDENTITY): void {
  localStorage.removeItem(storageKey);
}

/** Asks the issuer whether the person is still signed in. Throws when it gives no answer. */
export async function checkQuickSession(params: QuickSessionParams = {}): Promise<QuickSession> {
  const token = params.token ?? getQuickIdentity(params.storageKey)?.token;
  if (!token) return { status: "login_required", reason: "no_token" };
  const response = await send(`${issuerOf(params.issuer)}/api/oauth/session/check`, { method: "POST", headers: bearer(token) });
  if (response.ok) return { status: "active" };
  if (response.status === 404 || response.status === 501) return { status: "unsupported" };
  const body = await bodyOf(response);
  if (response.status !== 401) throw errorOf(response, body);
  return { status: "login_required", reason: typeof body?.reason === "string" ? body.reason : "invalid_token" };
}

/** Asks again and again, one question at a time, until the person must sign in again or you call `stop`. */
export function startQuickSessionMonitor(params: QuickMonitorParams = {}): { stop: () => void } {
  const pause = Math.max(1000, params.intervalMs ?? 60_000);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isStopped = false;
  const look = async (): Promise<void> => {
    try {
      const session = await checkQuickSession(params);
      if (isStopped) return;
      if (session.status === "login_required") {
        isStopped = true;
        params.onLoginRequired?.(session);
      }
    } catch (error) {
      if (!isStopped) params.onError?.(error);
    }
    if (!isStopped) timer = setTimeout(() => void look(), pause);
  };
  void look();
  return {
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
