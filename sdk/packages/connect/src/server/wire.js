// One request to `/sdk/*`, signed, with its answer; and the names: `camelCase` here, `snake_case` on the wire.

import { ConnectError, FixCallError, RetryLaterError, errorOf } from "./errors.js";
import { signRequest } from "./sign.js";

/** @typedef {(url: string, init?: any) => Promise<Response>} Fetcher */
/** @typedef {{ issuer: string, key: string, headers: Record<string, string>, fetch: Fetcher, timeout: number }} Line how the server is reached */

/**
 * Sends a request and gives the JSON of the answer, in our names; nothing for an answer without content.
 * @param {Line} line @param {string} method @param {string} path @param {{ body?: object, query?: Record<string, unknown>, headers?: Record<string, string> }} [more]
 * @returns {Promise<any>}
 */
export async function call({ issuer, key, headers, fetch, timeout }, method, path, { body, query = {}, headers: own = {} } = {}) {
  const url = new URL(issuer + path);
  for (const [name, value] of Object.entries(wire(query, []))) url.searchParams.set(name, String(value));
  const text = body && JSON.stringify(body);
  const said = { ...headers, ...own };
  const signature = await signRequest({ key, method, url, body: text, headers: said });
  const response = await answered(fetch(url.href, {
    method,
    body: text,
    headers: { "x-api-key": key, Accept: "application/json", ...(text && { "Content-Type": "application/json" }), ...said, ...signature },
    // A redirect is not followed, so the key travels to no other host.
    redirect: "manual",
    signal: AbortSignal.timeout(timeout),
  }), url.origin);
  if (response.status === 204) return undefined;
  const answer = await answered(response.text(), url.origin).then(parsed);
  if (!response.ok) throw errorOf(response, answer);
  if (answer === undefined) throw new ConnectError({ code: "invalid_response", message: "The answer is no JSON object.", status: response.status });
  return camel(answer);
}

/** What comes, or an error that says that nothing came. @template T @param {Promise<T>} answer @param {string} from @returns {Promise<T>} */
export function answered(answer, from) {
  return answer.catch((cause) => {
    if (cause?.name === "AbortError") throw cause;
    const isLate = cause?.name === "TimeoutError";
    throw new RetryLaterError({ code: isLate ? "timeout" : "network_error", message: `No answer from ${from}${isLate ? " in time" : ""}.`, cause });
  });
}

/** @param {string} text */
export function parsed(text) {
  try {
    const value = JSON.parse(text);
    return value && typeof value === "object" && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** A part of a path. @param {string} value @param {string} name */
export function segment(value, name) {
  // Dots alone would lead to another route.
  if (typeof value !== "string" || !value || /^\.+$/.test(value)) throw badCall(`\`${name}\` is missing or no id.`);
  return encodeURIComponent(value);
}

/** @param {string} message */
export const badCall = (message) => new FixCallError({ code: "invalid_options", message });

/**
 * Options in the names of the wire, without those that are not given. What is in `opaque` keeps its own names inside.
 * @param {Record<string, any>} options @param {string[]} opaque @returns {Record<string, any>}
 */
export function wire(options, opaque) {
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined).map(([name, value]) => [snakeName(name), opaque.includes(name) || !isPlain(value) ? value : wire(value, opaque)]),
  );
}

/** Keys that are somebody's data, not our names. */
const DATA = ["scopes", "scopes_pending", "metadata", "policy", "details", "restrictions"];

/** An answer in our names. @param {any} value @returns {any} */
export function camel(value) {
  if (Array.isArray(value)) return value.map(camel);
  if (!isPlain(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [camelName(name), DATA.includes(name) ? part : camel(part)]));
}

/** @param {unknown} value */
const isPlain = (value) => !!value && typeof value === "object" && !Array.isArray(value);

/** @param {string} name */
const snakeName = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** @param {string} name */
const camelName = (name) => name.replace(/_([a-z0-9])/g, (_, letter) => letter.toUpperCase());
