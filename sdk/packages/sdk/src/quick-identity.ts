// Who has signed in by Quick, and whether that still holds.

import { AveError } from "./errors.js";
import { resolveIssuer } from "./issuer.js";
import type { QuickIdentity } from "./types.js";
import { fetchIt } from "./wire.js";

const KEY = "ave_quick_identity";

/** Keeps who has signed in, in `localStorage`. */
export function saveQuickIdentity(identity: QuickIdentity): void {
  localStorage.setItem(KEY, JSON.stringify(identity));
}

/** Who has signed in, or `null`. Asks nobody: `checkQuickSession` does. */
export function getQuickIdentity(storageKey: string = KEY): QuickIdentity | null {
  try {
    const identity = JSON.parse(localStorage.getItem(storageKey) ?? "null") as QuickIdentity | null;
    if (!identity?.userId) return null;
    if (Date.now() < identity.receivedAt + identity.expiresIn * 1000) return identity;
    localStorage.removeItem(storageKey);
  } catch {
    // Whatever lies there is nobody.
  }
  return null;
}

/** Forgets who has signed in. */
export function clearQuickIdentity(storageKey: string = KEY): void {
  localStorage.removeItem(storageKey);
}

/** Whether the sign-in still holds at the server. */
export type QuickSessionStatus =
  | { status: "active" }
  | { status: "login_required"; reason: string }
  | { status: "unsupported" };

/** Asks the server whether the sign-in still holds, at `{issuer}/api/oauth/session/check`. */
export async function checkQuickSession(
  options: { issuer?: string; storageKey?: string; token?: string } = {},
): Promise<QuickSessionStatus> {
  const token = options.token ?? getQuickIdentity(options.storageKey)?.token;
  if (!token) return { status: "login_required", reason: "no_token" };
  const response = await fetchIt(`${resolveIssuer(options.issuer)}/api/oauth/session/check`, { method: "POST", bearer: token });
  const { status } = response;
  if (response.ok) return { status: "active" };
  if (status === 404 || status === 501) return { status: "unsupported" };
  if (status !== 401) throw new AveError(status < 500 ? "invalid_request" : "server_error", `The server answered ${status}.`, status);
  const body = (await response.json().catch(() => null)) as { reason?: unknown } | null;
  return { status: "login_required", reason: typeof body?.reason === "string" ? body.reason : "invalid_token" };
}

/** Asks at once and then every `intervalMs` (default 60000). Stops by itself when the person must sign in again. */
export function startQuickSessionMonitor(
  options: {
    issuer?: string;
    storageKey?: string;
    intervalMs?: number;
    onLoginRequired?: (reason: string) => void;
    onError?: (error: unknown) => void;
  } = {},
): { stop: () => void } {
  const { issuer, storageKey, onLoginRequired, onError, intervalMs = 60_000 } = options;
  const pause = Math.max(1000, intervalMs);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isStopped = false;
  const stop = () => {
    isStopped = true;
    clearTimeout(timer);
  };
  const check = async () => {
    try {
      const result = await checkQuickSession({ issuer, storageKey });
      if (isStopped) return;
      if (result.status === "login_required") {
        stop();
        onLoginRequired?.(result.reason);
      }
    } catch (error) {
      if (!isStopped) onError?.(error);
    }
    if (!isStopped) timer = setTimeout(check, pause);
  };
  void check();
  return { stop };
}
