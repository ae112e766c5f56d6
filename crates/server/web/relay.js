// The end of a flow that an app shows in a frame or a popup: tells the app, then gets out of the way.
//
// What the page gives:
//   <main data-message='{"type":"ave:success","payload":{"redirectUrl":"…"}}'   what to tell, in JSON
//         data-origins="ORIGIN ORIGIN"                    the app's registered origins, from the server
//         data-relay-id="…"      only when a gate in a frame opened this window: the id of the request it waits for
//         data-next="…">         where to go when there is nobody to tell: the redirect URI with the same answer; absent with data-relay-id
//   <p id="fallback" hidden>     "You can close this window."
//
// Promise: the message goes to the app's own origins, or to our own gate, and to nobody else.

const CLOSE_MS = 50;
const FALLBACK_MS = 1000;

const main = /** @type {HTMLElement} */ (document.querySelector("main[data-message]"));
const { message = "null", origins = "", relayId, next } = main.dataset;

/** Who waits for the answer, and where it must live to get it. @returns {{ receiver: Window, allowed: string[] } | undefined} */
function listener() {
  const allowed = origins.split(/\s+/).filter((origin) => origin && origin !== "*");
  if (window.parent !== window) return { receiver: window.parent, allowed: reachable(allowed) };
  const opener = /** @type {Window | null} */ (window.opener);
  if (!opener || opener.closed) return undefined;
  return { receiver: opener, allowed: relayId ? [location.origin] : allowed };
}

/** Where the browser names the parent, the others need not be tried: each try would be an error in its console. @param {string[]} allowed */
function reachable(allowed) {
  const parent = location.ancestorOrigins?.[0];
  return parent === undefined ? allowed : allowed.filter((origin) => origin === parent);
}

function showFallback() {
  document.getElementById("fallback")?.removeAttribute("hidden");
}

function tell() {
  const found = listener();
  if (!found) {
    if (next && !/^(javascript|data|blob):/i.test(next)) return location.replace(next);
    return showFallback();
  }
  const answer = JSON.parse(message);
  const inFrame = window.parent !== window;
  for (const origin of found.allowed) {
    if (inFrame) found.receiver.postMessage({ type: "ave:ready" }, origin);
    found.receiver.postMessage(relayId && !inFrame ? { ...answer, relay: relayId } : answer, origin);
  }
  if (inFrame) return;
  setTimeout(() => window.close(), CLOSE_MS);
  setTimeout(showFallback, FALLBACK_MS);
}

tell();

export {};
