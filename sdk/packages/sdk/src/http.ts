import { AveError, localError } from "./error.js";
import type { Fetcher } from "./types.js";

/** One request. `fetcher` replaces the global `fetch`. */
export interface Call extends RequestInit {
  fetcher?: Fetcher;
}

/**
 * Sends a request and never a cookie: all that counts is in the header or the body.
 * A redirect is not followed, so no secret travels to another host.
 */
export async function send(url: string, { fetcher, ...init }: Call = {}): Promise<Response> {
  // Some server runtimes throw on `credentials`, and have no cookies anyway.
  const isBrowser = typeof document !== "undefined";
  try {
    return await (fetcher ?? fetch)(url, { redirect: "manual", ...(isBrowser && { credentials: "omit" as const }), ...init });
  } catch (cause) {
    throw Object.assign(new AveError("network_error", `No answer from ${new URL(url).origin}: ${String(cause)}`), { cause });
  }
}

/** Sends a request and reads the JSON of the answer. Throws the server's error (RFC 6749 §5.2). */
export async function call<T>(url: string, init?: Call): Promise<T> {
  const response = await send(url, init);
  const body = await bodyOf(response);
  if (!response.ok) throw errorOf(response, body);
  if (!body) throw new AveError("invalid_response", "The answer is no JSON object.", response.status);
  return body as T;
}

/** `call` with a JSON body. Fields that are `undefined` are not sent. */
export function post<T>(url: string, body: Record<string, unknown>, init: Call = {}): Promise<T> {
  return call<T>(url, {
    ...init,
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify(body),
  });
}

/** The header that carries a token (RFC 6750 §2.1). */
export function bearer(token: string): Record<string, string> {
  if (!token) throw localError("invalid_request", "The token is empty.");
  return { Authorization: `Bearer ${token}`, Accept: "application/json" };
}

/** The JSON object of an answer, or nothing when it is something else. */
export async function bodyOf(response: Response): Promise<Record<string, unknown> | undefined> {
  try {
    const body: unknown = await response.json();
    return body && typeof body === "object" && !Array.isArray(body) ? (body as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** The error that an answer says. A proxy in between may answer with a page of its own. */
export function errorOf(response: Response, body: Record<string, unknown> | undefined): AveError {
  const { error, error_description: description } = body ?? {};
  const code = typeof error === "string" && error ? error : response.status >= 500 ? "server_error" : "invalid_response";
  const sentence = typeof description === "string" ? description : body ? undefined : `The server answered with status ${response.status} and no JSON.`;
  return new AveError(code, sentence, response.status);
}
