// Sign-in and Connector in a web page: sheets, popups, inline frames and the connector runtime.
//
// Promise: a flow has exactly one outcome, whichever window reports it first. A message counts only when it comes from the
// issuer's origin and from the very window that this flow opened. `destroy()` leaves nothing behind.
// This module touches no global before it is called, so it can be imported on a server. It writes no style element and no
// style attribute, so a host needs no `style-src` for it.

/** @typedef {{ error: string, message: string }} AveError what `onError` gets: a code and a sentence */
/** @typedef {{ redirectUrl: string }} AveSuccess the callback URL with its `code` */
/** @typedef {"user_present" | "background"} AveConnectorMode */
/** @typedef {{ id: string, handle?: string, displayName?: string, email?: string, avatarUrl?: string | null }} AveUser */
/**
 * What the token endpoint answers.
 * @typedef {{ access_token: string, access_token_jwt: string, id_token?: string, refresh_token?: string, token_type: string, expires_in: number,
 *   scope: string, user_id?: string, user?: AveUser | null }} AveTokens
 */
/**
 * Without `onSuccess` and `onTokens` the page goes to `redirectUrl` by itself. `onClose`: dismissed without an outcome; at most once.
 * @typedef {{ onSuccess?: (result: AveSuccess) => void, onError?: (error: AveError) => void, onClose?: () => void }} AveCallbacks
 */
/**
 * `issuer`: origin of the identity server. `theme`: `light` or `dark`, else the system's. `extraParams`: such as `prompt`, `state`,
 * `nonce`; they cannot replace what this library sets.
 * @typedef {{ redirectUri: string, scope?: string, issuer?: string, theme?: string, codeChallenge?: string, codeChallengeMethod?: string,
 *   extraParams?: Record<string, string> }} AveRequest
 */
/** @typedef {{ clientId: string, onTokens?: (tokens: AveTokens) => void } & AveRequest & AveCallbacks} AveAuthOptions */
/** @typedef {{ width?: number, height?: number }} AvePopupSize */
/** @typedef {{ container: HTMLElement, width?: number | string, height?: number | string }} AvePlace */
/** @typedef {AveAuthOptions & AvePlace} AveMountOptions */
/** @typedef {Omit<AveAuthOptions, "clientId" | "redirectUri"> & Partial<AvePlace> & { clientId?: string, redirectUri?: string }} AveStartOptions */
/** @typedef {{ clientId: string, resource: string, mode?: AveConnectorMode, state?: string } & AveRequest & AveCallbacks} AveConnectorOptions */
/**
 * `close` dismisses, and `onClose` fires if there was no outcome yet; `destroy` removes everything in silence and may be called again.
 * @typedef {{ iframe?: HTMLIFrameElement, popup?: Window, close: () => void, destroy: () => void, isOpen: () => boolean }} AveHandle
 */
/** @typedef {AveHandle & { iframe: HTMLIFrameElement, postMessage: (payload: unknown) => void }} AveMountHandle */
/** @typedef {{ type: string, id?: string, data?: any, error?: string, message?: string, status?: number, [more: string]: any }} AveRuntimeEvent */
/**
 * Without `container`, `width` and `height` the frame is hidden at the end of the page.
 * @typedef {{ delegatedToken: string, target: string, targetOrigin: string, mode?: AveConnectorMode, issuer?: string, container?: HTMLElement,
 *   width?: number | string, height?: number | string, onReady?: () => void, onEvent?: (event: AveRuntimeEvent) => void,
 *   onError?: (error: AveError) => void }} AveRuntimeOptions
 */
/**
 * `send` returns the id that the events of this request carry.
 * @typedef {{ iframe: HTMLIFrameElement, send: (message: { op: string, payload?: unknown, id?: string }) => string, abort: (id: string) => void,
 *   updateToken: (delegatedToken: string) => void, close: () => void, destroy: () => void }} AveRuntimeHandle
 */

/** A popup counts as closed after two looks: what it posted just before may still be on its way. */
const POLL_MS = 250;
const FRAME_MS = 8000;
const SILENT_MS = 15_000;
const CLOSING_MS = 200;
const RESERVED = ["client_id", "redirect_uri", "scope", "resource", "mode", "embed", "embed_relay", "theme", "code_challenge", "code_challenge_method", "response_mode", "request", "request_uri"];

let configured = "";
/** Surfaces whose frame never showed: the next call opens a popup. @type {Set<string>} */
const blocked = new Set();
/** The flow that owns the popup of each kind. @type {Map<string, Flow>} */
const popups = new Map();

// ---------------------------------------------------------------- issuer

/** Names the identity server for all later calls without `issuer`. @param {{ issuer: string }} options */
export function configure({ issuer }) {
  configured = checkIssuer(issuer);
}

/** @param {string} [given] */
function issuerOf(given) {
  const found = given || configured || fromEnvironment() || fromThisScript();
  if (!found) throw new Error('[Procura] No issuer. Pass `issuer: "https://id.example.org"`, call `configure({ issuer })` once, or set PROCURA_ISSUER when you build.');
  return checkIssuer(found);
}

/** Written out in full, so that bundlers can replace it. @returns {string | undefined} */
// @ts-expect-error: `process` is not declared for browsers
const fromEnvironment = () => attempt(() => process.env.PROCURA_ISSUER);

/** The origin of this very script, if an identity server of ours serves it. */
function fromThisScript() {
  const url = parse(import.meta.url);
  return url && /^https?:$/.test(url.protocol) && url.pathname.startsWith("/sdk/js/") ? url.origin : undefined;
}

/** @param {string} text */
function checkIssuer(text) {
  const url = parse(text);
  if (!url || !/^https?:$/.test(url.protocol) || url.href !== `${url.origin}/`) throw new Error(`[Procura] The issuer must be an origin such as https://id.example.org, not ${JSON.stringify(text)}.`);
  return url.origin;
}

/** @param {unknown} address */
const parse = (address) => attempt(() => new URL(/** @type {string} */ (address)));

/** @template T @param {() => T} deed @returns {T | undefined} */
function attempt(deed) {
  try {
    return deed();
  } catch {
    return undefined;
  }
}

// ---------------------------------------------------------------- what is asked

/** @typedef {{ issuer: string, path: string, params: Record<string, string>, verifier?: string }} Ask what a flow asks of the issuer */

/** @param {string} caller @param {Record<string, any>} options @param {string[]} names */
function need(caller, options, names) {
  for (const name of names) if (!options?.[name]) throw new Error(`[Procura] ${caller} needs \`${name}\`.`);
}

/** @param {string} caller @param {AveAuthOptions} options @param {boolean} [isQuick] */
function askSignIn(caller, options, isQuick) {
  const ask = askAny(caller, options, "/signin", { scope: options.scope ?? "openid profile email" });
  if (options.onTokens || isQuick) {
    ask.verifier = random(32);
    ask.params.state ||= random(24);
    ask.params.nonce ||= random(24);
    delete ask.params.code_challenge;
  }
  if (isQuick) keepForCallback(ask);
  return ask;
}

/** @param {string} caller @param {AveConnectorOptions} options */
function askConnector(caller, options) {
  need(caller, options, ["resource"]);
  const { resource, scope = "resource.access", mode = "user_present", state } = options;
  checkMode(mode);
  const ask = askAny(caller, options, "/connect", { resource, scope, mode });
  if (state) ask.params.state = state;
  return ask;
}

/** @param {string} mode */
function checkMode(mode) {
  if (mode !== "user_present" && mode !== "background") throw new Error('[Procura] `mode` is "user_present" or "background".');
}

/** @param {string} caller @param {AveRequest & { clientId: string }} options @param {string} path @param {Record<string, string>} own @returns {Ask} */
function askAny(caller, options, path, own) {
  need(caller, options, ["clientId", "redirectUri"]);
  const { clientId, redirectUri, theme, codeChallenge, codeChallengeMethod = "S256", extraParams = {} } = options;
  const more = Object.entries(extraParams).filter(([name, value]) => value && !RESERVED.includes(name));
  const params = { client_id: clientId, redirect_uri: redirectUri, ...own, ...Object.fromEntries(more), embed: "1" };
  if (theme) Object.assign(params, { theme });
  if (codeChallenge) Object.assign(params, { code_challenge: codeChallenge, code_challenge_method: codeChallengeMethod });
  return { issuer: issuerOf(options.issuer), path, params };
}

/** A redirect loses what is in memory, so Quick keeps its verifier where its callback page looks. @param {Ask} ask */
function keepForCallback({ verifier, params: { state, nonce } }) {
  // Without storage only the redirect fallback is lost.
  attempt(() => sessionStorage.setItem("ave_quick_pkce", JSON.stringify({ verifier, state, nonce, createdAt: Date.now() })));
}

/** @param {Ask} ask @param {boolean} [isTop] without the marks of an embed */
function joined({ issuer, path, params }, isTop) {
  const query = new URLSearchParams(params);
  if (isTop) for (const name of ["embed", "theme"]) query.delete(name);
  return `${issuer}${path}?${query}`;
}

/** @param {number} size */
const random = (size) => base64url(crypto.getRandomValues(new Uint8Array(size)));

/** @param {string} verifier */
const challengeOf = async (verifier) => base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier))));

/** @param {Uint8Array} bytes */
const base64url = (bytes) => btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");

// ---------------------------------------------------------------- a flow and its one outcome

/** @typedef {AveCallbacks & { onTokens?: (tokens: AveTokens) => void, theme?: string }} Told */
/** `isInline`: the frame outlives its popup. `isSilent`: nobody may be asked. @typedef {{ isInline?: boolean, isSilent?: boolean }} Traits */
/**
 * `windows`: whose messages count. `shown`: the page in the frame is there. `end`: the one outcome.
 * @typedef {Traits & { ask: Ask, told: Told, windows: (() => Window | null)[], popup?: Window, isOver: () => boolean, shown: () => void,
 *   tell: (name: keyof AveCallbacks | "onTokens", value?: any) => void, atEnd: (undo: (isAtOnce: boolean) => void) => void, end: (deed?: () => void) => void,
 *   fail: (error: string, message?: string) => void, dismiss: () => void, destroy: () => void }} Flow
 */

/** @param {Ask} ask @param {Told} told @param {Traits} [traits] @returns {Flow} */
function startFlow(ask, told, traits) {
  let isOver = false;
  let isMuted = false;
  /** @type {((isAtOnce: boolean) => void)[]} */
  const undoes = [];
  /** @type {Flow} */
  const flow = {
    ask,
    told,
    tell(name, value) {
      if (isMuted) return;
      if (name === "onSuccess" && !told.onSuccess) return location.assign(value.redirectUrl);
      told[name]?.(value);
    },
    ...traits,
    windows: [],
    isOver: () => isOver,
    atEnd: (undo) => void undoes.push(undo),
    shown() {},
    end(deed) {
      if (isOver) return;
      isOver = true;
      for (const undo of undoes) undo(false);
      deed?.();
    },
    fail: (error, message = sentences[error]) => flow.end(() => flow.tell("onError", { error, message })),
    dismiss: () => flow.end(() => flow.tell("onClose")),
    destroy() {
      isMuted = isOver = true;
      for (const undo of undoes.splice(0)) undo(true);
    },
  };
  /** @param {MessageEvent} event */
  const hear = (event) => {
    if (event.origin !== ask.issuer || !event.source || !flow.windows.some((windowOf) => windowOf() === event.source)) return;
    if (event.data && typeof event.data.type === "string") receive(flow, event.data.type, event.data.payload ?? {});
  };
  addEventListener("message", hear);
  flow.atEnd(() => removeEventListener("message", hear));
  return flow;
}

/** @param {Flow} flow @param {string} type @param {any} payload */
function receive(flow, type, payload) {
  flow.shown();
  switch (type) {
    // The heights in `ave:ready` and `ave:resize` change nothing: what is under the pointer stays there.
    case "ave:success":
      return succeed(flow, payload.redirectUrl);
    case "ave:error":
      return flow.fail(text(payload.error) || "server_error", text(payload.message) || text(payload.error_description) || text(sentences[payload.error]) || "The flow ended with an error.");
    case "ave:close":
      // The page is still there to try again.
      if (flow.isInline && payload.reason === "popup_closed") return;
      return flow.dismiss();
    case "ave:auth_required":
      return escalate(flow, payload.reason);
  }
}

/** @type {Record<string, string>} */
const sentences = {
  access_denied: "The person declined.",
  login_required: "Nobody is signed in.",
  consent_required: "The person has not allowed this before.",
  interaction_required: "The person must be asked.",
  popup_blocked: "The browser blocked the popup.",
  frame_blocked: "The frame did not show. Check the app's registered origins and this page's `frame-src`.",
};

/** @param {unknown} value */
const text = (value) => (typeof value === "string" ? value : "");

/** @param {Flow} flow @param {unknown} redirectUrl */
function succeed(flow, redirectUrl) {
  const { ask, told } = flow;
  const url = parse(redirectUrl);
  const expected = parse(ask.params.redirect_uri);
  const query = url?.searchParams;
  // The address is compared whole up to its query: whoever gets the code must be whom the app named.
  if (!url || !query || !expected || addressOf(url) !== addressOf(expected) || url.username || url.password || (query.get("iss") ?? ask.issuer) !== ask.issuer) {
    return flow.fail("invalid_callback", "The answer does not lead to `redirectUri`.");
  }
  if (ask.params.state && query.get("state") !== ask.params.state) return flow.fail("state_mismatch", "The answer belongs to another flow.");
  if (!told.onTokens) return flow.end(() => flow.tell("onSuccess", { redirectUrl: url.href }));
  const code = query.get("code");
  if (!code) return flow.fail("missing_code", "The answer carries no code.");
  flow.end(() => void exchange(flow, code));
}

/** @param {URL} url */
const addressOf = (url) => url.href.split(/[?#]/)[0];

/** @param {Flow} flow @param {string} code */
async function exchange({ ask, tell }, code) {
  const { params: { client_id, redirect_uri, nonce }, verifier: code_verifier = "" } = ask;
  const body = new URLSearchParams({ grant_type: "authorization_code", code, redirect_uri, client_id, code_verifier });
  /** @param {string} error @param {string} message */
  const fail = (error, message) => tell("onError", { error, message });
  let response, tokens;
  try {
    response = await fetch(`${ask.issuer}/api/oauth/token`, { method: "POST", body, credentials: "omit", redirect: "error", cache: "no-store" });
    tokens = await response.json();
  } catch {
    return fail("token_exchange_failed", "The token endpoint did not answer. Check this page's `connect-src`.");
  }
  if (!response.ok) return fail(text(tokens.error) || "token_exchange_failed", text(tokens.error_description) || "The code could not be exchanged.");
  if (tokens.id_token && nonceIn(tokens.id_token) !== nonce) return fail("nonce_mismatch", "The ID token belongs to another flow.");
  tell("onTokens", tokens);
}

/** The token comes straight from the issuer, so its signature adds nothing here. @param {string} token */
const nonceIn = (token) => attempt(() => JSON.parse(atob(token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/"))).nonce);

/** The frame cannot go on by itself. @param {Flow} flow @param {unknown} reason */
function escalate(flow, reason) {
  if (flow.popup) return;
  if (flow.isSilent) return flow.fail("login_required");
  if (reason !== "popup_blocked" && openWindow(flow)) return;
  goTop(flow);
}

/** The last resort. A redirect would lose the verifier that `onTokens` needs. @param {Flow} flow */
function goTop(flow) {
  if (flow.told.onTokens) return flow.fail("popup_blocked");
  flow.end(() => location.assign(joined(flow.ask, true)));
}

/** @param {Flow} flow @returns {AveHandle} */
const handleOf = ({ popup, dismiss, destroy, isOver }) => ({ popup, close: dismiss, destroy, isOpen: () => !isOver() });

/** Does the deed with the URL of the flow, at once if it is known. @param {Flow} flow @param {(url: string) => void} deed */
function withUrl(flow, deed) {
  const { ask } = flow;
  if (!ask.verifier) return deed(joined(ask));
  challengeOf(ask.verifier).then((challenge) => {
    Object.assign(ask.params, { code_challenge: challenge, code_challenge_method: "S256" });
    if (!flow.isOver()) deed(joined(ask));
  }, () => flow.fail("insecure_context", "This page must be served over https."));
}

// ---------------------------------------------------------------- popups and frames

/**
 * Opens a blank window inside the gesture and sends it on its way. False when the browser blocks it.
 * @param {Flow} flow @param {AvePopupSize} [size]
 */
function openWindow(flow, size = {}) {
  const isConnector = flow.ask.path === "/connect";
  const { width = isConnector ? 460 : 450, height = isConnector ? 700 : 650 } = size;
  const kind = isConnector ? "ave_connector" : "ave_auth";
  // A second click means the second flow: two windows that ask the same would only confuse.
  popups.get(kind)?.dismiss();
  const left = Math.max(0, Math.round(screenX + (outerWidth - width) / 2));
  const top = Math.max(0, Math.round(screenY + (outerHeight - height) / 2));
  // A name of its own, so that no window of another flow is taken over.
  const popup = open("about:blank", `${kind}_${random(6)}`, `popup=yes,width=${width},height=${height},left=${left},top=${top}`);
  if (!popup || popup.closed) return false;
  flow.popup = popup;
  flow.windows.push(() => popup);
  popups.set(kind, flow);
  let looks = 0;
  const poll = setInterval(() => { if (popup.closed && (looks += 1) > 1) flow.dismiss(); }, POLL_MS);
  flow.atEnd(() => {
    clearInterval(poll);
    if (popups.get(kind) === flow) popups.delete(kind);
    popup.close();
  });
  withUrl(flow, (url) => popup.location.replace(url));
  return true;
}

/** @param {Flow} flow @param {AvePopupSize} options @returns {AveHandle | null} */
function beginPopup(flow, options) {
  if (!openWindow(flow, options)) flow.fail("popup_blocked");
  return flow.popup ? handleOf(flow) : null;
}

/** @template {keyof HTMLElementTagNameMap} Tag @param {Tag} tag @param {string} style @param {Node[]} inside */
function make(tag, style, ...inside) {
  const element = document.createElement(tag);
  // Set by script, so the host's `style-src` has no say.
  element.style.cssText = style;
  element.append(...inside);
  return element;
}

/** @param {string} issuer @param {string} title @param {string} style */
const makeFrame = (issuer, title, style) => Object.assign(make("iframe", `border:0;color-scheme:light dark;${style}`), { title, allow: `publickey-credentials-get ${issuer}` });

/** Loads the flow and waits for the page to say that it is there. @param {Flow} flow @param {HTMLIFrameElement} frame @param {string} surface */
function load(flow, frame, surface) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  flow.windows.push(() => frame.contentWindow);
  flow.shown = () => clearTimeout(timer);
  flow.atEnd(flow.shown);
  withUrl(flow, (url) => {
    frame.src = url;
    timer = setTimeout(() => {
      blocked.add(surface);
      flow.fail("frame_blocked");
    }, FRAME_MS);
  });
}

/** @param {number | string} size */
const length = (size) => (typeof size === "number" ? `${size}px` : size);

/** @param {Flow} flow @param {AvePlace} place @returns {AveMountHandle} */
function beginMount(flow, { container, width = "100%", height = 720 }) {
  const { issuer } = flow.ask;
  const surface = `mount ${issuer}`;
  const frame = makeFrame(issuer, "Sign in", `border-radius:12px;width:${length(width)};height:${length(height)}`);
  const handle = {
    ...handleOf(flow),
    iframe: frame,
    close: () => { flow.dismiss(); frame.remove(); },
    /** @param {unknown} payload */
    postMessage: (payload) => frame.contentWindow?.postMessage(payload, issuer),
  };
  flow.atEnd((isAtOnce) => { if (isAtOnce) frame.remove(); });
  if (!blocked.has(surface)) {
    container.append(frame);
    load(flow, frame, surface);
  } else if (!openWindow(flow)) {
    // Nobody need have clicked, so the page is not sent away from here.
    flow.fail("popup_blocked");
  }
  return Object.assign(handle, { popup: flow.popup });
}

/** A silent attempt: a frame that nobody sees. @param {Flow} flow @returns {AveHandle} */
function beginSilent(flow) {
  const frame = makeFrame(flow.ask.issuer, "Connecting", "display:none");
  const timer = setTimeout(() => flow.fail("interaction_required"), SILENT_MS);
  flow.atEnd(() => { clearTimeout(timer); frame.remove(); });
  body().append(frame);
  load(flow, frame, "");
  return { ...handleOf(flow), iframe: frame };
}

const body = () => document.body ?? document.documentElement;

// ---------------------------------------------------------------- sheet

let locks = 0;
/** How the page could be scrolled before. @type {[string, string]} */
let scrolling = ["", ""];

/** Takes the page's scrolling away, or gives it back when the last sheet is gone. @param {1 | -1} step */
function lockScroll(step) {
  const { style, clientWidth } = document.documentElement;
  locks += step;
  if (step < 0 && locks === 0) [style.overflow, style.paddingRight] = scrolling;
  if (step < 0 || locks > 1) return;
  scrolling = [style.overflow, style.paddingRight];
  // The room of the scroll bar stays, so that nothing jumps.
  const bar = innerWidth - clientWidth;
  style.overflow = "hidden";
  if (bar > 0) style.paddingRight = `${bar}px`;
}

/** @param {Flow} flow @param {string} surface @param {string} label @returns {AveHandle} */
function beginSheet(flow, surface, label) {
  const key = `${surface} ${flow.ask.issuer}`;
  if (blocked.has(key)) {
    if (!openWindow(flow)) goTop(flow);
    return handleOf(flow);
  }
  const frame = drawSheet(flow, label);
  load(flow, frame, key);
  return { ...handleOf(flow), iframe: frame };
}

/**
 * A modal dialog: the browser makes the rest of the page inert. Its height stays, and longer pages scroll in the frame. Once open,
 * nothing that could hide or distort the frame stays on its ancestors, since the page inside may have to prove that it is seen.
 * @param {Flow} flow @param {string} label
 */
function drawSheet(flow, label) {
  const { issuer } = flow.ask;
  const frame = makeFrame(issuer, label, "display:block;width:100%;flex:1;min-height:0");
  const host = make("span", "min-width:0;overflow:hidden;text-overflow:ellipsis;white-space:nowrap");
  const cross = make("button", "flex:none;width:48px;height:48px;border:0;background:none;color:inherit;font:18px/1 system-ui,sans-serif;cursor:pointer");
  const bar = make("div", "flex:none;display:flex;align-items:center;justify-content:space-between;padding-inline-start:16px;font:13px/1.4 system-ui,sans-serif", host, cross);
  const sheet = make("div", "", bar, frame);
  const dialog = make("dialog", "position:fixed;inset:0;width:100%;height:100%;max-width:none;max-height:none;margin:0;padding:0;border:0;outline:0;overflow:hidden;display:flex;justify-content:center;background:rgb(0 0 0/.6)", sheet);
  for (const [name, value] of [["role", "dialog"], ["aria-modal", "true"], ["aria-label", label], ["tabindex", "-1"]]) dialog.setAttribute(name, value);
  host.textContent = new URL(issuer).host;
  cross.type = "button";
  cross.setAttribute("aria-label", "Close");
  cross.textContent = "\u2715";

  const dark = matchMedia("(prefers-color-scheme:dark)");
  const wide = matchMedia("(min-width:40em)");
  const paint = () => {
    const isDark = flow.told.theme === "dark" || (flow.told.theme !== "light" && dark.matches);
    dialog.style.alignItems = wide.matches ? "center" : "flex-end";
    // Whole pixels, above and below too: the browser would count half a pixel of the bar as a cover of the page inside.
    const room = Math.min(720, Math.floor(innerHeight * 0.9));
    const height = room - ((innerHeight - room) % 2);
    sheet.style.cssText = `box-sizing:border-box;border:1px solid transparent;width:100%;max-width:500px;height:${height}px;display:flex;flex-direction:column;overflow:hidden;padding-bottom:env(safe-area-inset-bottom);border-radius:${wide.matches ? "16px" : "16px 16px 0 0"};background:${isDark ? "#131311" : "#f7f5f0"};color:${isDark ? "#aca79c" : "#5f5b53"}`;
  };
  paint();
  for (const query of [dark, wide]) query.addEventListener("change", paint);
  addEventListener("resize", paint);

  const before = document.activeElement;
  const isCalm = matchMedia("(prefers-reduced-motion:reduce)").matches;
  const away = { transform: "translateY(24px)", opacity: 0 };
  const here = { transform: "none", opacity: 1 };
  let isGone = false;
  const remove = () => {
    if (isGone) return;
    isGone = true;
    dialog.close();
    dialog.remove();
    lockScroll(-1);
    if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
  };
  dialog.addEventListener("cancel", (event) => { event.preventDefault(); flow.dismiss(); });
  dialog.addEventListener("close", flow.dismiss);
  dialog.addEventListener("click", (event) => { if (event.target === dialog) flow.dismiss(); });
  cross.addEventListener("click", flow.dismiss);
  flow.atEnd((isAtOnce) => {
    for (const query of [dark, wide]) query.removeEventListener("change", paint);
    removeEventListener("resize", paint);
    if (isAtOnce || isCalm) return remove();
    sheet.animate([here, away], { duration: CLOSING_MS, fill: "forwards" });
    setTimeout(remove, CLOSING_MS);
  });

  body().append(dialog);
  lockScroll(1);
  dialog.showModal();
  dialog.focus();
  if (!isCalm) sheet.animate([away, here], { duration: CLOSING_MS, easing: "ease-out" });
  return frame;
}

// ---------------------------------------------------------------- sign-in and connector

/** Opens sign-in in a sheet over the page. @param {AveAuthOptions} options @returns {Promise<AveHandle>} */
export async function openAveSheet(options) {
  return beginSheet(startFlow(askSignIn("openAveSheet", options), options), "openAveSheet", "Sign in");
}

/**
 * Opens sign-in in a window of its own. Call it inside a click. Null when the browser blocks it.
 * @param {AveAuthOptions & AvePopupSize} options @returns {Promise<AveHandle | null>}
 */
export async function openAvePopup(options) {
  return beginPopup(startFlow(askSignIn("openAvePopup", options), options), options);
}

/** Shows sign-in inside an element of the page. @param {AveMountOptions} options @returns {Promise<AveMountHandle>} */
export async function mountAveEmbed(options) {
  need("mountAveEmbed", options, ["container"]);
  return beginMount(startFlow(askSignIn("mountAveEmbed", options), options, { isInline: true }), options);
}

/**
 * Signs in on the best surface: a sheet, from it a popup when a window of its own is needed, a redirect when popups are blocked.
 * With `container` it is shown there. Without `clientId` it is Quick: the app is known by its origin.
 * @param {AveStartOptions} [options] @returns {Promise<AveHandle>}
 */
export async function startAveAuth(options = {}) {
  const isQuick = !options.clientId;
  const redirectUri = options.redirectUri || (isQuick ? `${location.origin}/ave/callback` : "");
  const clientId = options.clientId || `origin:${parse(redirectUri)?.origin ?? location.origin}`;
  const full = { ...options, clientId, redirectUri };
  const flow = startFlow(askSignIn("startAveAuth", full, isQuick), options, { isInline: !!options.container });
  return options.container ? beginMount(flow, { ...options, container: options.container }) : beginSheet(flow, "startAveAuth", "Sign in");
}

/**
 * Asks the person to let this app use a resource. `mode: "background"` is a silent attempt: nothing is shown, and `onError`
 * gets `login_required` or `consent_required` when the person has to be asked.
 * @param {AveConnectorOptions} options @returns {AveHandle}
 */
export function openAveConnectorSheet(options) {
  const isSilent = options?.mode === "background";
  const flow = startFlow(askConnector("openAveConnectorSheet", options), options, { isSilent });
  return isSilent ? beginSilent(flow) : beginSheet(flow, "openAveConnectorSheet", "Allow access");
}

/** The same in a window of its own. Null when the browser blocks it. @param {AveConnectorOptions & AvePopupSize} options @returns {AveHandle | null} */
export function openAveConnectorPopup(options) {
  return beginPopup(startFlow(askConnector("openAveConnectorPopup", options), options), options);
}

// ---------------------------------------------------------------- runtime

/**
 * Opens a frame of the issuer that holds the delegated token and calls the target with it.
 * @param {AveRuntimeOptions} options @returns {AveRuntimeHandle}
 */
export function openAveConnectorRuntime(options) {
  need("openAveConnectorRuntime", options, ["delegatedToken", "target", "targetOrigin"]);
  const { target, targetOrigin, mode = "user_present", container, width = "100%", height = 640, onReady, onEvent, onError } = options;
  checkMode(mode);
  if (parse(targetOrigin)?.origin !== targetOrigin) throw new Error("[Procura] `targetOrigin` must be an exact origin such as https://iris.example.org, without a path or a slash at the end.");
  const issuer = issuerOf(options.issuer);
  const isSeen = container || options.width !== undefined || options.height !== undefined;
  const frame = makeFrame(issuer, "Connector runtime", isSeen ? `border-radius:12px;width:${length(width)};height:${length(height)}` : "display:none");
  let token = options.delegatedToken;
  /** `new`: nobody is there yet. `asked`: the page has its init. `open`: it answers every request. @type {"new" | "asked" | "open" | "gone"} */
  let state = "new";
  let isBlocked = false;
  let count = 0;
  /** @type {{ id: string, op: string, payload: unknown }[]} */
  let queue = [];
  /** Requests without an end. @type {Set<string>} */
  const running = new Set();

  /** @param {string} type @param {unknown} [payload] */
  const post = (type, payload) => frame.contentWindow?.postMessage({ type, payload }, issuer);
  /** @param {AveRuntimeEvent} event */
  const tell = (event) => {
    if (event.id && (event.type === "complete" || event.type === "error")) running.delete(event.id);
    if (state !== "gone") onEvent?.(event);
  };
  /** Ends every request that will get no answer any more. @param {string} error @param {string} message */
  const giveUp = (error, message) => {
    queue = [];
    for (const id of [...running]) tell({ type: "error", error, message, id });
  };
  const flush = () => {
    if (state === "gone") return;
    state = "open";
    for (const request of queue.splice(0)) post("ave:connector:request", request);
  };
  /** The page is there, for the first time or again: what it was doing before is lost. */
  const greet = () => {
    clearTimeout(timer);
    isBlocked = false;
    if (state === "open") giveUp("runtime_restarted", "The runtime was loaded again.");
    state = "asked";
    post("ave:connector:init", { delegatedToken: token, target, targetOrigin, mode });
  };
  /** @param {AveError} error */
  const report = (error) => {
    tell({ type: "error", ...error });
    if (state !== "gone") onError?.(error);
  };
  /** @param {MessageEvent} event */
  const hear = (event) => {
    if (event.origin !== issuer || !event.source || event.source !== frame.contentWindow) return;
    const { type, payload } = event.data ?? {};
    if (type === "ave:connector:hello") return greet();
    if (type === "ave:connector:ready") {
      flush();
      return onReady?.();
    }
    if (!payload || typeof payload !== "object") return;
    if (type === "ave:connector:event" && typeof payload.type === "string") return tell(payload);
    if (type === "ave:connector:error") {
      report({ error: text(payload.error) || "runtime_error", message: text(payload.message) });
      // From now on the page answers each request itself.
      flush();
    }
  };
  const timer = setTimeout(() => {
    isBlocked = true;
    giveUp("frame_blocked", sentences.frame_blocked);
    report({ error: "frame_blocked", message: sentences.frame_blocked });
  }, FRAME_MS);
  addEventListener("message", hear);
  frame.src = `${issuer}/connect/runtime?${new URLSearchParams({ target, mode })}`;
  (container ?? body()).append(frame);
  const destroy = () => {
    if (state === "gone") return;
    state = "gone";
    clearTimeout(timer);
    removeEventListener("message", hear);
    post("ave:connector:destroy");
    frame.remove();
  };

  return {
    iframe: frame,
    send({ op, payload, id = `r${(count += 1)}` }) {
      if (typeof op !== "string" || !op) throw new Error("[Procura] send needs `op`.");
      if (state === "gone") return id;
      if (running.has(id)) throw new Error("[Procura] A request with this `id` is under way.");
      // A copy in JSON, since JSON is what the target gets: later changes of the object do not count.
      const request = { id, op, payload: payload === undefined ? undefined : JSON.parse(JSON.stringify(payload)) };
      running.add(id);
      if (state === "open") post("ave:connector:request", request);
      else queue.push(request);
      // Not before the caller has the id.
      if (isBlocked) queueMicrotask(() => giveUp("frame_blocked", sentences.frame_blocked));
      return id;
    },
    abort(id) {
      const at = queue.findIndex((request) => request.id === id);
      if (at < 0) return post("ave:connector:abort", { id });
      queue.splice(at, 1);
      tell({ type: "error", error: "aborted", message: "The request was aborted.", id });
    },
    updateToken(delegatedToken) {
      need("updateToken", { delegatedToken }, ["delegatedToken"]);
      token = delegatedToken;
      if (state !== "new") post("ave:connector:update", { delegatedToken });
    },
    close: destroy,
    destroy,
  };
}
