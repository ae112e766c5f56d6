import { post, send } from "./http.js";
import { issuerOf } from "./issuer.js";
import type { AveSessionSnapshot } from "./session-snapshot.js";
import type { AveConfig, Fetcher, TokenResponse } from "./types.js";

/** Who asks, and with what. */
interface Caller {
  oauth: AveConfig;
  fetch?: Fetcher;
}

/** Without an end, a hanging connection would keep the lock from all tabs. */
const RENEW_MS = 30_000;
/** How long a person waits for sign-out at most. */
const GIVE_BACK_MS = 5_000;

/** Changes the refresh token for new tokens (RFC 6749 §6). */
export function renew({ oauth, fetch: fetcher }: Caller, { refresh_token }: AveSessionSnapshot): Promise<TokenResponse> {
  const fields = { grantType: "refresh_token", refreshToken: refresh_token, clientId: oauth.clientId };
  return within(RENEW_MS, (signal) => post(`${issuerOf(oauth.issuer)}/api/oauth/token`, fields, { fetcher, signal }));
}

/**
 * Gives the tokens back to the server (RFC 7009), as well as it goes. A form needs no preflight, and with `keepalive`
 * the page may go away meanwhile.
 */
export async function giveBack({ oauth, fetch: fetcher }: Caller, { refresh_token, access_token }: AveSessionSnapshot): Promise<void> {
  try {
    const body = new URLSearchParams({ token: refresh_token ?? access_token, client_id: oauth.clientId }).toString();
    const headers = { "Content-Type": "application/x-www-form-urlencoded" };
    const url = `${issuerOf(oauth.issuer)}/api/oauth/revoke`;
    await within(GIVE_BACK_MS, (signal) => send(url, { fetcher, method: "POST", headers, body, keepalive: true, signal }));
  } catch {
    // Offline. What is left at the server ends by its own time.
  }
}

async function within<T>(ms: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), ms);
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
  }
}
