// What the backend of an app does: make sessions for the widget, see and end grants, and call providers with them.
//
// Promise: nothing is sent anywhere but to the issuer that was named. The key is in no message and no log of this package.

import { Agents } from "./agents.js";
import { errorOf } from "./errors.js";
import { checkKey } from "./key.js";
import { answered, badCall, call, parsed, segment, wire } from "./wire.js";

/** @import { ConnectSession, Delegated, DelegateOptions, GrantFilter, GrantList, RequestOptions, Revoked, SessionOptions, SessionStanding, UserToken } from "./types.js" */
/** @import { Fetcher, Line } from "./wire.js" */

/**
 * `issuer`: your server, else `PROCURA_ISSUER`. `userToken`: the person, for every call that is not told another. `caller`: a name for
 * the journal, or (as an id with type `agent`) the agent that this app speaks for. `context`: what the journal keeps of each call.
 * `scopeConstraints`: of the key's scopes only these. `timeout`: milliseconds, but not for `request`.
 * @typedef {{ issuer?: string, appKey: string, userToken?: UserToken, caller?: string | { name: string, type: "agent" | "service" },
 *   context?: Record<string, string>, scopeConstraints?: string[], fetch?: Fetcher, timeout?: number }} AppOptions
 */

export class App {
  /** @type {Line} */
  #line;
  /** @type {UserToken | undefined} */
  #userToken;
  /** What the app was narrowed to that `/proxy` cannot be told. @type {string | undefined} */
  #narrowed;

  /** @param {AppOptions} options */
  constructor(options) {
    const { issuer, appKey, userToken, timeout = 30_000 } = options ?? {};
    this.#line = { issuer: issuerOf(issuer), key: checkKey(appKey), headers: identityOf(options), fetch: options.fetch ?? ((url, init) => fetch(url, init)), timeout };
    this.#userToken = userToken;
    const { caller, scopeConstraints } = options;
    this.#narrowed = scopeConstraints ? "scopeConstraints" : typeof caller === "object" && caller.type === "agent" ? "an agent as `caller`" : undefined;
    this.agents = new Agents(this.#line);
  }

  /** Makes a session for the widget: one use, ten minutes. @param {SessionOptions} [options] @returns {Promise<ConnectSession>} */
  async createConnectSession({ allowedProviders, returnUrl, allowedOrigin, metadata, userToken, ...options } = {}) {
    const always = { allowedProviders: allowedProviders ?? null, returnUrl: returnUrl ?? null, allowedOrigin: allowedOrigin ?? null, metadata: metadata ?? null };
    const body = wire({ ...always, userToken: await this.#tokenOf(userToken), ...options }, ["requiredScopes"]);
    return call(this.#line, "POST", "/sdk/oauth/connect/session", { body });
  }

  /** How a session stands. @param {string} sessionToken @returns {Promise<SessionStanding>} */
  pollConnectSession(sessionToken) {
    return call(this.#line, "POST", "/sdk/oauth/connect/session/poll", { body: { session_token: sessionToken } });
  }

  /** The grants of the app; with `userToken` only that person's. @param {GrantFilter} [filter] @returns {Promise<GrantList>} */
  async listGrants({ limit = 100, offset = 0, userToken, ...filter } = {}) {
    const body = wire({ limit, offset, ...filter, userToken: await this.#tokenOf(userToken) }, []);
    return call(this.#line, "POST", "/sdk/grants/list", { body });
  }

  /** Ends a grant with everything below it. @param {string} grantId @param {{ reason?: string, userToken?: UserToken }} [options] @returns {Promise<Revoked>} */
  async revokeGrant(grantId, { reason, userToken } = {}) {
    const body = wire({ reason, userToken: await this.#tokenOf(userToken) }, []);
    return call(this.#line, "POST", `/sdk/oauth/grants/${segment(grantId, "grantId")}/revoke`, { body });
  }

  /** Lets an agent use a grant. @param {string} grantId @param {string} agentId @param {DelegateOptions} [options] @returns {Promise<Delegated>} */
  delegate(grantId, agentId, options = {}) {
    const body = wire({ toAgentId: agentId, ...options }, []);
    return call(this.#line, "POST", `/sdk/grants/${segment(grantId, "grantId")}/delegate`, { body });
  }

  /** Takes that back, with all that the agent passed on. @param {string} grantId @param {string} agentId @returns {Promise<void>} */
  revokeDelegation(grantId, agentId) {
    return call(this.#line, "DELETE", `/sdk/grants/${segment(grantId, "grantId")}/delegations/${segment(agentId, "agentId")}`);
  }

  /**
   * Calls a provider with the person's credential, which the server puts in. Takes and gives what `fetch` does, streams too: an answer of
   * the provider comes back as it is, whatever its status. What the server itself refuses is thrown.
   * @param {string | URL} address a path at the provider, or a whole address of one of its hosts @param {RequestOptions} options
   * @returns {Promise<Response>}
   */
  async request(address, options) {
    const { grantId, provider, resource, delegatedToken, userToken, account, label, host, reason, query, json, ...init } = options ?? {};
    const targets = [grantId, provider, resource].filter((it) => it !== undefined);
    if (targets.length !== 1) throw badCall("request() needs one of `grantId`, `provider` and `resource`.");
    if ((resource === undefined) !== (delegatedToken === undefined)) throw badCall("`resource` and `delegatedToken` belong together.");
    // The raw proxy takes no header of that kind: the call would be made with more than was meant.
    if (resource === undefined && this.#narrowed) throw badCall(`request() cannot carry ${this.#narrowed}. Give the agent its own key, or leave that out.`);
    const at = placeOf(address);
    for (const [name, value] of Object.entries(query ?? {})) for (const one of [value].flat()) if (one !== undefined) at.url.searchParams.append(name, String(one));
    const headers = new Headers(init.headers);
    const own = {
      Authorization: `Bearer ${delegatedToken ?? this.#line.key}`,
      "X-Procura-User-Token": resource === undefined ? await this.#tokenOf(userToken) : undefined,
      "X-Procura-Account": account,
      "X-Procura-Label": label,
      "X-Procura-Host": host ?? at.host,
      "X-Procura-Reason": reason,
    };
    for (const [name, value] of Object.entries(own)) if (value) headers.set(name, asBytes(value));
    if (json !== undefined && !headers.has("Content-Type")) headers.set("Content-Type", "application/json");
    const body = json === undefined ? init.body : JSON.stringify(json);
    const url = `${this.#line.issuer}/proxy/${segment(/** @type {string} */ (targets[0]), "target")}${at.url.pathname}${at.url.search}`;
    const response = await answered(this.#line.fetch(url, { ...init, headers, body, redirect: "manual", ...(body instanceof ReadableStream && { duplex: "half" }) }), this.#line.issuer);
    const refusal = response.headers.get("Procura-Refusal");
    if (refusal) throw errorOf(response, await answered(response.text(), this.#line.issuer).then(parsed), refusal);
    return response;
  }

  /** @param {UserToken | undefined} given */
  async #tokenOf(given) {
    const source = given ?? this.#userToken;
    const token = typeof source === "function" ? await source() : source;
    // A person who is not known must not become the app itself.
    if (source !== undefined && (typeof token !== "string" || !token)) throw badCall("`userToken` is empty.");
    return token;
  }
}

/** @param {string | undefined} given */
function issuerOf(given) {
  const found = given ?? /** @type {any} */ (globalThis).process?.env?.PROCURA_ISSUER;
  if (!found) throw badCall('No issuer. Pass `issuer: "https://id.example.org"` or set PROCURA_ISSUER.');
  const url = urlOf(found);
  const isLoopback = url && /^(localhost|127\.0\.0\.1|\[::1\])$/.test(url.hostname);
  if (!url || url.href !== `${url.origin}/` || !(url.protocol === "https:" || (url.protocol === "http:" && isLoopback))) {
    throw badCall("The issuer is an origin such as https://id.example.org; http only at localhost, since the key goes with each call.");
  }
  return url.origin;
}

/** Where at the provider: a path belongs to the provider's own host, an address names one. @param {string | URL} address @returns {{ url: URL, host?: string }} */
function placeOf(address) {
  const text = String(address);
  if (text.startsWith("/") && !/^\/[/\\]/.test(text)) return { url: new URL(text, "https://provider.invalid") };
  const url = urlOf(text);
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password) throw badCall("request() needs a path such as `/v1/me`, or an https address of the provider.");
  return { url, host: url.host };
}

/** @param {string} text */
function urlOf(text) {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

/** The headers that say who is calling, and how narrowly. @param {AppOptions} options */
function identityOf({ caller, context, scopeConstraints }) {
  const { name, type } = typeof caller === "string" ? { name: caller, type: "service" } : caller ?? {};
  /** @type {Record<string, string>} */
  const headers = { "User-Agent": "procura-connect/0.1.0" };
  if (name && type) Object.assign(headers, { "X-Alter-Caller": name, "X-Alter-Caller-Type": type });
  if (context) headers["X-Alter-Context"] = ascii(JSON.stringify(context));
  if (scopeConstraints) headers["X-Alter-Scope-Constraints"] = scopeConstraints.join(",");
  return headers;
}

/** JSON without letters beyond ASCII. @param {string} json */
const ascii = (json) => json.replace(/[\u007f-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** A header value in UTF-8. @param {string} text */
const asBytes = (text) => Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join("");
