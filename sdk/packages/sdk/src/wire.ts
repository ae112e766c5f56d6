// One HTTP call, and what becomes of its failure.

import { AveError } from "./errors.js";
import type { Fetcher } from "./types.js";

/** What a call sends. */
export interface Ask {
  method?: "GET" | "POST" | "DELETE";
  /** Sent as JSON. */
  json?: object;
  /** Sent as a form. */
  form?: Record<string, string>;
  bearer?: string;
  authorization?: string;
  keepalive?: boolean;
  fetcher?: Fetcher;
}

type Json = Record<string, unknown>;

/** The JSON object of a successful answer. */
export async function askJson<T>(url: string, ask: Ask): Promise<T> {
  const { body, status } = await send(url, ask);
  if (!body) throw new AveError("invalid_response", "The server's answer is not a JSON object.", status);
  return body as T;
}

/** A call whose answer does not matter unless it is a failure. */
export async function askNothing(url: string, ask: Ask): Promise<void> {
  await send(url, ask);
}

async function send(url: string, ask: Ask): Promise<{ body?: Json; status: number }> {
  const response = await fetchIt(url, ask);
  const body = await objectOf(response);
  if (!response.ok) throw refusalOf(response.status, body);
  return { body, status: response.status };
}

/** The bare answer. Cookies stay at home, nothing is cached, and a redirect never takes a secret elsewhere. */
export async function fetchIt(url: string, ask: Ask): Promise<Response> {
  const { method = "GET", json, form, bearer, keepalive } = ask;
  const headers: Record<string, string> = { Accept: "application/json" };
  if (json) headers["Content-Type"] = "application/json";
  const authorization = bearer ? `Bearer ${bearer}` : ask.authorization;
  if (authorization) headers["Authorization"] = authorization;
  const body = json ? JSON.stringify(json) : form && new URLSearchParams(form);
  const fetcher = ask.fetcher ?? fetch;
  try {
    return await fetcher(url, { method, headers, body, keepalive, credentials: "omit", redirect: "error", cache: "no-store" });
  } catch (cause) {
    const sentence = `${new URL(url).origin} did not answer. In a browser, check the page's connect-src.`;
    throw new AveError("network_error", sentence, undefined, { cause });
  }
}

async function objectOf(response: Response): Promise<Json | undefined> {
  try {
    const body: unknown = await response.json();
    return body && typeof body === "object" ? (body as Json) : undefined;
  } catch {
    return undefined;
  }
}

/** The error of an answer (RFC 6749 section 5.2). Proxies answer without JSON, older servers with an object as `error`. */
function refusalOf(status: number, body?: Json): AveError {
  const error = typeof body?.error === "string" && body.error ? body.error : status < 500 ? "invalid_request" : "server_error";
  const description = body?.error_description;
  return new AveError(error, typeof description === "string" ? description : `The server answered ${status}.`, status);
}
