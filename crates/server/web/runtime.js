// The connector runtime: a frame of ours in an app's page. It holds a delegated token and calls the target with it.
//
// The page gives nothing but an optional `<p id="state" role="status">`; all comes by messages from the parent:
//   ave:connector:init    {delegatedToken, target, targetOrigin, mode}   taken once; pins the parent's origin
//   ave:connector:request {id, op, payload} · ave:connector:abort {id} · ave:connector:update {delegatedToken} · ave:connector:destroy
// and goes back to it (for a resource that is an account elsewhere `op` is `request`, `payload` {method, path, query?, headers?, body?}
// goes through our proxy, and `data` is {status, headers, body}):
//   ave:connector:hello · ave:connector:ready {expiresAt} · ave:connector:error {error, message}
//   ave:connector:event   {type: "response", data, id, event?} · {type: "complete", id} · {type: "error", error, message, status?, id}
// From the server: `POST /connect/runtime/check`, `Authorization: Bearer <token>`, JSON {parent_origin, target, target_origin, mode}
//   → 200 {endpoint, expires_at, sub, cid, target_resource, kind}, or {error, error_description}.
//
// Promise: the token goes to our own server and to the endpoint that the server names, and into no message and no log. Every request
// ends once, with `complete` or `error`.

const CHECK = "/connect/runtime/check";
const MAX_RUNNING = 16;
const MAX_REQUEST = 1024 * 1024;
const MAX_RESPONSE = 8 * 1024 * 1024;
const MAX_EVENT = 1024 * 1024;
const MAX_STREAM = 64 * 1024 * 1024;
const MAX_WORDS = 500;

/** @typedef {{ endpoint: string, expiresAt: number, sub: string, cid: string, resource: string, isVault: boolean }} Pass what the server allows */
/** @typedef {{ target: string, targetOrigin: string, mode: string }} Aim */

/** The parent's origin, once it has sent its init. @type {string | undefined} */
let pinned;
/** @type {Aim} */
let aim = { target: "", targetOrigin: "", mode: "" };
let token = "";
/** Every token this frame has held: none may be told, wherever it turns up. @type {Set<string>} */
const held = new Set();
/** @type {Pass | undefined} */
let pass;
/** Why there is no pass. */
let refusal = "not_initialized";
/** The latest check; answers to earlier ones are void. */
let turn = 0;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let alarm;
let isOver = false;
/** @type {Map<string, AbortController>} */
const running = new Map();

/** A request that ends with an error of ours. */
class Failure extends Error {
  /** @param {string} code @param {string} message @param {number} [status] */
  constructor(code, message, status) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

// ---------------------------------------------------------------- messages

/** @param {string} type @param {object} [payload] */
function tell(type, payload) {
  if (pinned !== undefined && !isOver) window.parent.postMessage({ type, payload }, pinned);
}

/** @param {string} id @param {unknown} error */
function fail(id, error) {
  const failure = error instanceof Failure ? error : new Failure("request_failed", "The target could not be reached.");
  const { code, message, status } = failure;
  tell("ave:connector:event", { type: "error", error: code, message, ...(status !== undefined && { status }), id });
}

/** @param {unknown} value @returns {value is string} */
function isText(value) {
  return typeof value === "string" && value !== "";
}

/** @param {MessageEvent} event */
function hear({ source, origin, data }) {
  // An opaque origin is nobody's, so nothing could be checked against it.
  if (isOver || source !== window.parent || origin === "null" || !data || typeof data !== "object") return;
  const payload = data.payload && typeof data.payload === "object" ? data.payload : {};
  if (data.type === "ave:connector:init") return begin(origin, payload);
  if (pinned === undefined || origin !== pinned) return;
  switch (data.type) {
    case "ave:connector:request":
      return void run(payload);
    case "ave:connector:abort":
      return running.get(payload.id)?.abort();
    case "ave:connector:update":
      return void renew(payload.delegatedToken);
    case "ave:connector:destroy":
      return end();
  }
}

/** @param {string} origin @param {any} payload */
function begin(origin, { delegatedToken, target, targetOrigin, mode = "user_present" }) {
  if (pinned !== undefined || ![delegatedToken, target, targetOrigin, mode].every(isText)) return;
  pinned = origin;
  aim = { target, targetOrigin, mode };
  void renew(delegatedToken);
}

function end() {
  isOver = true;
  clearTimeout(alarm);
  for (const controller of running.values()) controller.abort();
  token = "";
  pass = undefined;
}

// ---------------------------------------------------------------- the pass

/** Takes a first or a newer token: the server says whether it is good here. @param {unknown} fresh */
async function renew(fresh) {
  if (!isText(fresh)) return;
  held.add(fresh);
  const mine = (turn += 1);
  try {
    const granted = await check(fresh);
    if (mine !== turn || isOver) return;
    if (bound && (granted.sub !== bound.sub || granted.cid !== bound.cid || granted.resource !== bound.resource)) {
      return tell("ave:connector:error", { error: "token_mismatch", message: "The new token is for another person, app or resource. It was ignored." });
    }
    token = fresh;
    pass = bound = granted;
    watch(granted.expiresAt);
    tell("ave:connector:ready", { expiresAt: granted.expiresAt });
  } catch (error) {
    if (mine !== turn || isOver) return;
    const { code, message } = error instanceof Failure ? error : new Failure("check_failed", "The server did not answer.");
    // A good token outlives a bad one.
    if (!pass) refusal = code;
    tell("ave:connector:error", { error: code, message });
  }
}

/** Whom the first good token was for. @type {Pass | undefined} */
let bound;

/** @param {string} fresh @returns {Promise<Pass>} */
async function check(fresh) {
  const response = await fetch(CHECK, {
    method: "POST",
    headers: { Authorization: `Bearer ${fresh}`, "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify({ parent_origin: pinned, target: aim.target, target_origin: aim.targetOrigin, mode: aim.mode }),
    credentials: "omit",
    cache: "no-store",
    redirect: "error",
    referrerPolicy: "no-referrer",
  });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok || answer.error) {
    throw new Failure(short(answer.error) || "check_failed", short(answer.error_description) || "The server refused the token.");
  }
  const { endpoint, expires_at, sub, cid, target_resource, kind } = answer;
  // The server has compared them already; a token that leaves for the wrong host cannot be called back.
  if (originOf(endpoint) !== aim.targetOrigin) throw new Failure("target_origin_mismatch", "The endpoint of the resource is not at targetOrigin.");
  return { endpoint, expiresAt: local(expires_at, response), sub, cid, resource: target_resource, isVault: kind === "vault" };
}

/** @param {string} url */
function originOf(url) {
  try {
    return new URL(url).origin;
  } catch {
    return undefined;
  }
}

/**
 * The end of the token by this computer's clock, which may be wrong: the server's own time tells by how much.
 * @param {unknown} at seconds, or a date
 * @param {Response} response
 */
function local(at, response) {
  const end = typeof at === "number" ? at * 1000 : Date.parse(String(at));
  const server = Date.parse(response.headers.get("Date") ?? "");
  const ahead = Number.isNaN(server) ? 0 : Date.now() - server;
  return Number.isNaN(end) ? 0 : end + (Math.abs(ahead) > 5000 ? ahead : 0);
}

/** @param {number} expiresAt */
function watch(expiresAt) {
  clearTimeout(alarm);
  alarm = setTimeout(expire, Math.min(Math.max(0, expiresAt - Date.now()), 2 ** 31 - 1));
}

function expire() {
  if (!pass || isOver) return;
  pass = undefined;
  token = "";
  refusal = "token_expired";
  tell("ave:connector:error", { error: "token_expired", message: "The delegated token has expired. Send a new one." });
}

/** @returns {Pass} */
function standing() {
  if (pass && Date.now() >= pass.expiresAt) expire();
  if (!pass) throw new Failure(refusal, refusal === "token_expired" ? "The delegated token has expired. Send a new one." : "The runtime has no valid token.");
  return pass;
}

// ---------------------------------------------------------------- requests

/** @param {any} request */
async function run({ id, op, payload }) {
  // Without an id of its own a request cannot be answered.
  if (!isText(id) || id.length > 128 || running.has(id)) return;
  const controller = new AbortController();
  try {
    if (running.size >= MAX_RUNNING) throw new Failure("too_many_requests", `At most ${MAX_RUNNING} requests at a time.`);
    running.set(id, controller);
    const { endpoint, isVault } = standing();
    if (!isText(op) || op.length > 200) throw new Failure("invalid_request", "op is missing or too long.");
    if (isVault) {
      if (op !== "request") throw new Failure("invalid_request", "op is request for an account elsewhere.");
      const data = await fetchThrough(endpoint, payload, controller.signal);
      tell("ave:connector:event", { type: "response", data, id });
      return tell("ave:connector:event", { type: "complete", id });
    }
    const body = JSON.stringify({ id, op, payload });
    if (body.length > MAX_REQUEST) throw new Failure("request_too_large", "The request is larger than 1 MiB.");
    await answer(id, await call(endpoint, body, controller.signal));
    tell("ave:connector:event", { type: "complete", id });
  } catch (error) {
    fail(id, controller.signal.aborted ? new Failure("aborted", "The request was aborted.") : error);
  } finally {
    if (running.get(id) === controller) running.delete(id);
    controller.abort();
  }
}

/** @param {string} endpoint @param {string} body @param {AbortSignal} signal */
function call(endpoint, body, signal) {
  return fetch(endpoint, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json", Accept: "application/json, text/event-stream" },
    body,
    signal,
    mode: "cors",
    credentials: "omit",
    cache: "no-store",
    // A redirect could carry the token to another host.
    redirect: "error",
    referrerPolicy: "no-referrer",
  });
}

/**
 * A call at an account elsewhere, through our own proxy. What the service answers is data, whatever its status; a refusal of ours is an error.
 * @param {string} endpoint @param {any} payload @param {AbortSignal} signal
 */
async function fetchThrough(endpoint, payload, signal) {
  const { method = "GET", path, query, headers = {}, body } = payload && typeof payload === "object" ? payload : {};
  if (!isText(method) || !isText(path) || !path.startsWith("/") || /[?#\\]/.test(path)) {
    throw new Failure("invalid_request", "payload has a method and a path that begins with / and holds no query.");
  }
  const isBodyText = typeof body === "string";
  const sent = body === undefined ? undefined : isBodyText ? body : JSON.stringify(body);
  if (sent !== undefined && sent.length > MAX_REQUEST) throw new Failure("request_too_large", "The request is larger than 1 MiB.");
  const named = new Headers(headers && typeof headers === "object" ? headers : {});
  if (sent !== undefined && !isBodyText && !named.has("Content-Type")) named.set("Content-Type", "application/json");
  named.set("Authorization", `Bearer ${token}`);
  const search = query ? `?${typeof query === "string" ? query.replace(/^\?/, "") : new URLSearchParams(query)}` : "";
  const response = await fetch(endpoint + path + search, {
    method,
    headers: named,
    body: sent,
    signal,
    credentials: "omit",
    cache: "no-store",
    redirect: "manual",
    referrerPolicy: "no-referrer",
  });
  if (response.type === "opaqueredirect") throw new Failure("redirected", "The service answers with a redirect, which is not followed.");
  const text = await whole(response);
  if (response.headers.has("Procura-Refusal")) throw failureOf(parsed(text), response.status);
  const told = Object.fromEntries([...response.headers].map(([name, value]) => [name, redacted(value)]));
  return { status: response.status, headers: told, body: text ? parsed(text) : null };
}

/** Passes on what the target answers, up to its end. @param {string} id @param {Response} response */
async function answer(id, response) {
  const kind = (response.headers.get("Content-Type") ?? "").split(";")[0].trim().toLowerCase();
  if (response.status >= 400) throw failureOf(parsed(await whole(response)), response.status);
  if (kind === "text/event-stream") return stream(id, response);
  const text = await whole(response);
  if (text && /[/+]json$/.test(kind) && !isJson(text)) throw new Failure("invalid_response", "The target's answer is not JSON.", response.status);
  tell("ave:connector:event", { type: "response", data: text ? parsed(text) : null, id });
}

/** @param {any} said what the target says about its error @param {number} [status] */
function failureOf(said, status) {
  const code = short(said?.error) || short(said?.error?.code) || "request_failed";
  const message = short(said?.error_description) || short(said?.message) || short(said?.error?.message) || short(said) || "The target refused the request.";
  return new Failure(code, message, status);
}

/** @param {Response} response */
async function whole(response) {
  let text = "";
  for await (const piece of pieces(response)) {
    text += piece;
    if (text.length > MAX_RESPONSE) throw new Failure("response_too_large", "The target's answer is larger than 8 MiB.");
  }
  return text;
}

/** @param {Response} response */
async function* pieces(response) {
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  if (!reader) return;
  for (;;) {
    const { done, value } = await reader.read();
    yield decoder.decode(value, { stream: !done });
    if (done) return;
  }
}

// ---------------------------------------------------------------- event streams

/** @param {string} id @param {Response} response */
async function stream(id, response) {
  let rest = "";
  let total = 0;
  let size = 0;
  /** @type {string[]} */
  let data = [];
  let name = "";
  const dispatch = () => {
    const [lines, event] = [data, name];
    [data, name, size] = [[], "", 0];
    if (lines.length === 0) return;
    const value = parsed(lines.join("\n"));
    if (event === "error") throw failureOf(value);
    tell("ave:connector:event", { type: "response", data: value, ...(event && event !== "message" && { event: redacted(event) }), id });
  };
  /** @param {string} line */
  const take = (line) => {
    if (line === "") return dispatch();
    const [, field, value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    size += line.length + 1;
    if (size > MAX_EVENT) throw new Failure("response_too_large", "An event of the target is larger than 1 MiB.");
    if (field === "data") data.push(value);
    if (field === "event") name = value;
  };
  for await (const piece of pieces(response)) {
    total += piece.length;
    rest += piece;
    if (total > MAX_STREAM || rest.length > MAX_EVENT + piece.length) throw new Failure("response_too_large", "The target's stream is too large.");
    // A lone CR at the end may be the first half of a CRLF.
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? "";
    for (const line of lines) take(line);
  }
  // Many servers leave out the last empty line.
  if (rest) take(rest.replace(/\r$/, ""));
  dispatch();
}

// ---------------------------------------------------------------- what may be told

/** @param {string} text */
function isJson(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** JSON, or the text itself; without our tokens in either. @param {string} text @returns {unknown} */
function parsed(text) {
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    return redacted(text);
  }
  return cleaned(value);
}

/** @param {string} text */
function redacted(text) {
  let clean = text;
  for (const secret of held) clean = clean.split(secret).join("[redacted]");
  return clean;
}

/** JSON can spell a token in escapes, so what was parsed is cleaned, not its text. @param {any} value @returns {any} */
function cleaned(value) {
  if (typeof value === "string") return redacted(value);
  if (Array.isArray(value)) return value.map(cleaned);
  if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([name, inner]) => [redacted(name), cleaned(inner)]));
  return value;
}

/** @param {unknown} value */
function short(value) {
  return isText(value) ? redacted(value).slice(0, MAX_WORDS) : "";
}

if (window.parent !== window) {
  addEventListener("message", hear);
  // It says nothing but that the page is there, and nobody has named an origin yet. Where the browser names the parent, that is used.
  const parent = location.ancestorOrigins?.[0] ?? "*";
  if (parent !== "null") window.parent.postMessage({ type: "ave:connector:hello" }, parent);
}

export {};
