// The Connect widget: opens the hosted page where a person links an outside account, and tells the app how it went.
//
// Promise: a flow has exactly one outcome: `onSuccess`, `onError` or `onExit`. A message counts only when it comes from the server's
// origin, from the very window of this flow and, where it names one, for its session. A callback that throws breaks nothing.
// `destroy()` leaves nothing behind. This module touches no global before it is called, so it can be imported on a server.
//
// The server serves this file without its comments and indentation, so it has neither regular expression literals nor code within
// template literals that spans lines (`scripts/wrap.js`).

/**
 * An account that was linked.
 * @typedef {{ grant_id: string, provider: string, provider_name: string, account_identifier: string, timestamp: string,
 *   operation: "creation" | "reauth", scopes: string[], status: "active" | "pending" | "error", metadata?: Record<string, unknown> }} Connection
 */
/** What `onError` gets: a code and a sentence. @typedef {{ code: string, message: string, details?: Record<string, any> }} AlterError */
/**
 * `onSuccess`: once, with the first account; all of them are in the metadata of `OAUTH_COMPLETE`. `onExit`: ended without an answer.
 * @typedef {{ onSuccess?: (connection: Connection) => void, onError?: (error: AlterError) => void, onExit?: () => void,
 *   onEvent?: (eventName: string, metadata: Record<string, any>) => void }} AlterCallbacks
 */
/** The address of the server; `issuer` is the same. @typedef {{ baseURL?: string, issuer?: string }} AlterServer */
/** `debug`: logs what happens. The callbacks get the result that a redirect brings back. @typedef {{ debug?: boolean } & AlterServer & AlterCallbacks} AlterConfig */
/** @typedef {{ token: string, onSuccess: (connection: Connection) => void } & AlterServer & AlterCallbacks} AlterOptions */
/** @typedef {"success" | "error" | "exit" | "event" | "close"} AlterSignal */
/** `value` is what `on()` hears: all connections, the error, nothing. @typedef {[kind: AlterSignal, value?: any]} Outcome */
/**
 * `popup`: its window; none in a redirect. `session`: the digest of its token, as messages name it.
 * @typedef {{ base: string, token: string, told: AlterCallbacks, popup?: Window, session?: string, isOver?: boolean,
 *   hear?: any }} Flow
 */

const VERSION = "0.1.0";
const STATE = "alter_connect_state";
const SESSION_MS = 600_000;
const AWAY_MS = 300_000;
const CLOSED_MS = 5000;
const SCRIPT = import.meta.url;

let configured = "";
/** What a redirect has brought back and nobody has taken yet. @type {Promise<Outcome> | undefined} */
let returned;

export default class AlterConnect {
  /** Makes a widget. On the page that a redirect returns to, it picks up the result. @param {AlterConfig} [config] */
  static create(config) {
    return new AlterConnect(config);
  }

  /** Names the server for all widgets that are not told another. @param {AlterServer} server */
  static configure(server) {
    configured = baseOf(server);
  }

  /** @param {AlterConfig} [config] */
  constructor(config = {}) {
    /** @internal */
    this.config = config;
    /** @internal @type {[AlterSignal, (...values: any[]) => void][]} */
    this.handlers = [];
    /** @internal @type {Flow | undefined} */
    this.flow = undefined;
    /** @internal */
    this.isGone = false;
    returned ||= attempt(takeReturn);
    // Nothing comes before the caller has registered what it wants to hear.
    returned?.then(([kind]) => {
      if (!this.isGone && (callbackOf(config, kind) || this.handlers.some(([name]) => name === kind))) this.resume(config);
    });
  }

  /**
   * Opens the hosted page, in a window or, on phones and upright tablets, in place of this page. Call it right in the click.
   * @param {AlterOptions} options @returns {Promise<void>} settled once it is launched
   */
  async open(options) {
    alive(this);
    const { token, onSuccess } = options || {};
    if (!token || typeof token !== "string" || typeof onSuccess !== "function") throw problem("invalid_options", "open() needs a `token` and a function `onSuccess`.");
    const base = baseOf(options, this.config);
    const before = this.flow;
    if (before) {
      if (!before.popup?.closed) return before.popup?.focus();
      end(this, before, ["exit"]);
    }
    const url = `${base}/sdk/oauth/connect#session=${encodeURIComponent(token)}`;
    /** @type {Flow} */
    const flow = { base, token, told: options };
    if (mustRedirect()) return leave(this, flow, url);
    const left = Math.round(screenX + (outerWidth - 500) / 2);
    const top = Math.round(screenY + (outerHeight - 700) / 2);
    // A name of its own: an old window never becomes the window of another flow.
    const popup = window.open(url, `alter_${Math.random()}`, `width=500,height=700,left=${left},top=${top},resizable=yes,scrollbars=yes,status=yes`);
    if (!popup || popup.closed) return settle(this, options, failed("popup_blocked", "The popup was blocked. Call open() in the click, before any await."));
    flow.popup = popup;
    attempt(() => crypto.subtle.digest("SHA-256", new TextEncoder().encode(token)).then((bytes) => {
      flow.session = [...new Uint8Array(bytes)].map((byte) => (byte + 256).toString(16).slice(1)).join("");
    }));
    begin(this, flow);
    watch(this, flow, popup);
  }

  /** Closes the window, which ends the flow with `onExit`. Nothing happens in a redirect. */
  close() {
    const { flow } = this;
    if (!flow?.popup) return;
    emit(this, {}, "close");
    end(this, flow, ["exit"]);
  }

  /**
   * Hands the result that a redirect brought back to these callbacks. False when there is none.
   * @param {AlterCallbacks} [callbacks]
   */
  async resume(callbacks = {}) {
    alive(this);
    const mine = returned;
    const outcome = await mine;
    if (!outcome || mine !== returned || this.isGone) return false;
    returned = undefined;
    settle(this, callbacks, outcome);
    return true;
  }

  /**
   * Hears `success` (all connections), `error`, `exit`, `event` (name, metadata) or `close`, until the function it returns is called.
   * @param {AlterSignal} event @param {(...values: any[]) => void} handler
   */
  on(event, handler) {
    alive(this);
    this.handlers.push([event, handler]);
    return () => this.off(event, handler);
  }

  /** @param {AlterSignal} event @param {(...values: any[]) => void} handler */
  off(event, handler) {
    this.handlers = this.handlers.filter(([name, deed]) => name !== event || deed !== handler);
  }

  /** Ends everything in silence: window, listeners, callbacks. */
  destroy() {
    this.isGone = true;
    this.handlers = [];
    if (this.flow) end(this, this.flow);
  }

  isOpen() {
    return !!this.flow;
  }

  getVersion() {
    return VERSION;
  }
}

/** @param {AlterConnect} widget */
function alive({ isGone }) {
  if (isGone) throw problem("sdk_destroyed", "This widget was destroyed.");
}

/** @template T @param {() => T} deed @returns {T | undefined} */
function attempt(deed) {
  try {
    return deed();
  } catch {
    return undefined;
  }
}

/** @param {number} ms @returns {Promise<undefined>} */
const wait = (ms) => new Promise((done) => setTimeout(done, ms));

const now = () => new Date().toISOString();

// ---------------------------------------------------------------- where

/** The address of the server, without a slash at its end. @param {(AlterServer | undefined)[]} places */
function baseOf(...places) {
  // @ts-expect-error: `process` is not declared for browsers; written out in full, so that bundlers can replace it
  const given = places.map((it) => it?.baseURL || it?.issuer).find(Boolean) || configured || attempt(() => process.env.PROCURA_ISSUER) || fromScript();
  const url = attempt(() => new URL(given));
  if (!url || !url.protocol.startsWith("http") || url.username || url.search || url.hash) throw problem("invalid_options", "Which server? Pass its `baseURL`, such as https://id.example.org, to create(), open() or AlterConnect.configure().");
  return url.origin + url.pathname.replace(new RegExp("/+$"), "");
}

/** The origin of this very script, if a server of ours serves it. */
function fromScript() {
  const url = attempt(() => new URL(SCRIPT));
  return url?.protocol.startsWith("http") && url.pathname.startsWith("/sdk/js/") ? url.origin : "";
}

function mustRedirect() {
  const isTouch = navigator.maxTouchPoints > 0 || "ontouchstart" in window;
  const isMobile = new RegExp("Android|webOS|iPhone|iPad|iPod|BlackBerry|IEMobile|Opera Mini", "i").test(navigator.userAgent) || (isTouch && innerWidth <= 768);
  return isMobile && (innerWidth <= 480 || (innerWidth <= 1024 && innerHeight > innerWidth));
}

// ---------------------------------------------------------------- outcomes

/** @param {string} code @param {string} message */
const problem = (code, message) => Object.assign(new Error(message), { code });

/** @param {string} code @param {string} message @param {Record<string, any>} [details] @returns {Outcome} */
const failed = (code, message, details = {}) => ["error", { code, message, details }];

/** @param {any} message what the page, the address or the server says @returns {Outcome} */
function refused({ type, session, error, error_code, error_description, ...details }) {
  return failed(error_code || error || "oauth_error", error_description || "The account was not connected.", details);
}

/** @param {unknown} grants @returns {Outcome} */
function succeeded(grants) {
  const connections = (Array.isArray(grants) ? grants : []).filter((it) => it?.grant_id && it.provider).map(connectionOf);
  return connections[0] ? ["success", connections] : failed("invalid_response", "No connection in the answer.");
}

/** @param {any} item @returns {Connection} */
function connectionOf(item) {
  const { provider, operation, scopes, status } = item;
  return {
    ...item,
    provider_name: item.provider_name || provider,
    account_identifier: item.account_identifier || "",
    timestamp: item.timestamp || now(),
    operation: operation === "reauth" ? operation : "creation",
    scopes: Array.isArray(scopes) ? scopes : [],
    status: ["pending", "error"].includes(status) ? status : "active",
  };
}

/** Asks the server how the session stands. Nothing when it does not say. @param {Pick<Flow, "base" | "token">} flow @returns {Promise<any>} */
function ask({ base, token }) {
  const body = JSON.stringify({ session_token: token });
  const asking = fetch(`${base}/sdk/oauth/connect/session/result`, { method: "POST", headers: { "Content-Type": "application/json" }, body, credentials: "omit" });
  return Promise.race([asking.then((response) => (response.ok ? response.json() : undefined)).catch(() => undefined), wait(CLOSED_MS)]);
}

/** The end that an answer of the server tells, if it tells one. @param {any} answer @returns {Outcome | undefined} */
function outcomeOf(answer) {
  switch (answer?.status) {
    case "completed":
      return succeeded(answer.grants);
    case "error":
      return refused(answer.error || {});
    case "expired":
      return failed("session_expired", "The session has expired. Make one for each click.");
  }
}

/** @param {AlterConnect} widget @param {Flow} flow */
function begin(widget, flow) {
  flow.hear = (/** @type {any} */ event) => receive(widget, flow, event);
  addEventListener("message", flow.hear);
  addEventListener("pageshow", flow.hear);
  widget.flow = flow;
  tell(widget, flow.told, "OPEN", { transport: flow.popup ? "popup" : "redirect" });
}

/** The one end of a flow; without an outcome it is silent. @param {AlterConnect} widget @param {Flow} flow @param {Outcome} [outcome] */
function end(widget, flow, outcome) {
  if (flow.isOver) return;
  flow.isOver = true;
  widget.flow = undefined;
  removeEventListener("message", flow.hear);
  removeEventListener("pageshow", flow.hear);
  flow.popup?.close();
  if (outcome) settle(widget, flow.told, outcome);
}

/** @param {AlterConnect} widget @param {AlterCallbacks} told @param {Outcome} outcome */
function settle(widget, told, [kind, value]) {
  if (kind === "success") tell(widget, told, "OAUTH_COMPLETE", { connections: value });
  if (kind === "exit") tell(widget, told, "EXIT");
  emit(widget, told, kind, value);
}

/** @param {AlterConnect} widget @param {AlterCallbacks} told @param {string} name @param {object} [metadata] */
const tell = (widget, told, name, metadata) => emit(widget, told, "event", name, { timestamp: now(), ...metadata });

/** @param {AlterConnect} widget @param {AlterCallbacks} told @param {AlterSignal} kind @param {any} [value] @param {object} [metadata] */
function emit(widget, told, kind, value, metadata) {
  if (widget.config.debug) console.log("[AlterConnect]", kind, value, metadata);
  const deeds = widget.handlers.filter(([name]) => name === kind).map(([, handler]) => () => handler(value, metadata));
  for (const deed of [() => callbackOf(told, kind)?.call(told, kind === "success" ? value[0] : value, metadata), ...deeds]) {
    try {
      if (!widget.isGone) deed();
    } catch (error) {
      // For the page's own error handling; here everything goes on.
      setTimeout(() => { throw error; });
    }
  }
}

/** @param {any} told @param {AlterSignal} kind @returns {((...values: any[]) => void) | undefined} */
const callbackOf = (told, kind) => told[`on${kind[0].toUpperCase()}${kind.slice(1)}`];

// ---------------------------------------------------------------- a window

/** @param {AlterConnect} widget @param {Flow} flow @param {MessageEvent & PageTransitionEvent} event */
function receive(widget, flow, { persisted, origin, source, data }) {
  // The page that was left is shown again as it was: the person came back without an answer.
  if (persisted && !flow.popup) return end(widget, flow, ["exit"]);
  if (source !== flow.popup || origin !== new URL(flow.base).origin || !data || (data.session && flow.session && data.session !== flow.session)) return;
  const { type, name, metadata } = data;
  if (type === "alter_connect_success") end(widget, flow, succeeded(data.grants));
  if (type === "alter_connect_error") end(widget, flow, refused(data));
  // The others are this widget's own to say.
  if (type === "alter_connect_event" && !["OPEN", "OAUTH_COMPLETE", "EXIT"].includes(name)) tell(widget, flow.told, name, metadata);
}

/**
 * Notices that the window is gone. It also seems so when a provider's page cuts it off (Cross-Origin-Opener-Policy), so the server is asked
 * before the person is said to have left.
 * @param {AlterConnect} widget @param {Flow} flow @param {Window} popup
 */
async function watch(widget, flow, popup) {
  let closedAt = 0;
  let isAway = false;
  while (!flow.isOver) {
    if (popup.closed) {
      closedAt ||= Date.now();
      const answer = await ask(flow);
      isAway ||= answer?.stage === "provider";
      const isLate = Date.now() - closedAt >= (isAway ? AWAY_MS : CLOSED_MS);
      const outcome = outcomeOf(answer) || (isLate && ["exit"]);
      if (outcome) return end(widget, flow, outcome);
    }
    await wait(!closedAt ? 500 : isAway ? 2000 : 1000);
  }
}

// ---------------------------------------------------------------- a redirect and the way back

/** @param {AlterConnect} widget @param {Flow} flow @param {string} url */
function leave(widget, flow, url) {
  const { base, token, told } = flow;
  try {
    sessionStorage.setItem(STATE, JSON.stringify({ base, token, timestamp: Date.now() }));
  } catch {
    return settle(widget, told, failed("redirect_error", "No storage for the answer."));
  }
  begin(widget, flow);
  location.assign(url);
}

/** Takes the answer out of the address, with all that the server appended. @returns {Promise<Outcome> | undefined} */
function takeReturn() {
  const { origin, pathname, search, hash } = location;
  const at = search.search("[?&]alter_connect_(success=true(&|$)|error=[^&])");
  const saved = sessionStorage.getItem(STATE);
  if (at < 0 || !saved) return;
  sessionStorage.removeItem(STATE);
  history.replaceState(history.state, "", origin + pathname + search.slice(0, at) + hash);
  const state = JSON.parse(saved);
  if (Date.now() - state.timestamp <= SESSION_MS) return outcomeOfReturn(state, Object.fromEntries(new URLSearchParams(search.slice(at))));
}

/**
 * What the server says counts, and it knows all connections. The address alone counts only where the server cannot be asked.
 * @param {Pick<Flow, "base" | "token">} state @param {any} query @returns {Promise<Outcome>}
 */
async function outcomeOfReturn(state, { alter_connect_success, alter_connect_error, scopes, ...query }) {
  const answer = await ask(state);
  const outcome = outcomeOf(answer);
  if (outcome) return outcome;
  if (!alter_connect_success) return refused(query);
  return succeeded(answer ? [] : [{ ...query, scopes: scopes ? scopes.split(",") : [] }]);
}
