// A page of ours inside an app's frame: one button that opens a window of our own, where everything else happens.
//
// A frame can be covered by the very app that profits from a click. So what a frame shows first is this gate, which gives
// nothing away. The consent form comes in only where the browser proves that the person sees it.
//
// What the page gives:
//   <main data-relay-url="/signin?…&embed=1&embed_relay=ID"   what the button opens
//         data-relay-id="ID"                                   the id of the stored request; the window's answer must carry it
//         data-origins="ORIGIN ORIGIN"   the app's registered origins, from the server
//         data-top-url="ISSUER/signin?…"               the same request without `embed`, for a blocked popup
//         data-consent-url="/…">                               only with a visible session and a registered app: POST answers
//                                                              the consent form as an HTML fragment with a fresh CSRF token
//   <div id="gate">          what is shown first; it is replaced by the consent form
//   <button id="open">       opens the window, or brings it back
//   <p id="state" class="hint" role="status"></p>   empty at first; it stands under the answers while the form is shown
//   <button id="cancel">     optional; dismisses; hidden while the form, which has its own no, is shown
// The fragment: one `<form>` with a `.answers` row of submit buttons, and perhaps `select[data-switch]`, whose value is appended
// to `data-switch` to fetch the form of another identity.
//
// Promise: the app hears only answers with this request's id from the window that this gate opened, each once per allowed
// origin. Nothing is ever sent to `*`.

const POLL_MS = 500;
const LAST_WORD_MS = 250;
const SEEN_MS = 500;
const WIDTH = 450;
const HEIGHT = 650;
const RELAYED = ["ave:success", "ave:error", "ave:close"];

const main = /** @type {HTMLElement} */ (document.querySelector("main[data-relay-url]"));
const gate = /** @type {HTMLElement} */ (document.getElementById("gate"));
const button = /** @type {HTMLButtonElement} */ (document.getElementById("open"));
const cancel = document.getElementById("cancel");
const state = document.getElementById("state");
const { relayUrl = "", relayId = "", topUrl, consentUrl } = main.dataset;
const words = button.textContent ?? "";

/** What the gate shows first, to come back to. */
const first = [...gate.childNodes];
/** @type {Window | null} */
let popup = null;
/** @type {ReturnType<typeof setInterval> | undefined} */
let poll;
let isAnswered = false;

/** @returns {string[]} */
function origins() {
  const allowed = (main.dataset.origins ?? "").split(/\s+/).filter((origin) => origin && origin !== "*");
  const parent = location.ancestorOrigins?.[0];
  // Where the browser names the parent, the others need not be tried: each try would be an error in its console.
  return parent === undefined ? allowed : allowed.filter((origin) => origin === parent);
}

/** @param {string} type @param {unknown} [payload] */
function tell(type, payload) {
  if (window.parent === window) return;
  for (const origin of origins()) window.parent.postMessage({ type, payload }, origin);
}

/** @param {string} sentence */
function say(sentence) {
  if (state) state.textContent = sentence;
}

// ---------------------------------------------------------------- the window

/** Opens the window inside the click: a permission asked for first could use the click up. */
function openWindow() {
  if (popup && !popup.closed) return popup.focus();
  const left = Math.max(0, Math.round(screenX + (outerWidth - WIDTH) / 2));
  const top = Math.max(0, Math.round(screenY + (outerHeight - HEIGHT) / 2));
  // A name of its own: two gates on one page must not share a window, since it reports to the one that opened it.
  popup = window.open(new URL(relayUrl, location.origin), `ave_auth_${Math.random().toString(36).slice(2)}`, `popup=yes,width=${WIDTH},height=${HEIGHT},left=${left},top=${top}`);
  if (!popup || popup.closed) {
    popup = null;
    say("The browser blocked the window.");
    return tell("ave:auth_required", { reason: "popup_blocked", url: topUrl });
  }
  button.textContent = "Show the window";
  say("Go on in the window that has opened.");
  clearInterval(poll);
  poll = setInterval(watch, POLL_MS);
}

function watch() {
  if (!popup?.closed) return;
  clearInterval(poll);
  // What the window posted just before it closed may still be on its way.
  setTimeout(() => { if (!isAnswered && popup?.closed) lose(); }, LAST_WORD_MS);
}

/** The person closed the window. A sheet goes with it; an inline frame stays, to be tried again. */
function lose() {
  popup = null;
  button.textContent = words;
  say("The window was closed.");
  tell("ave:close", { reason: "popup_closed" });
}

/** @param {MessageEvent} event */
function relay({ origin, source, data }) {
  if (isAnswered || origin !== location.origin || !popup || source !== popup) return;
  if (!data || data.relay !== relayId || !RELAYED.includes(data.type)) return;
  isAnswered = true;
  clearInterval(poll);
  button.hidden = true;
  say(data.type === "ave:success" ? "Done. Going back." : "Nothing was allowed.");
  tell(data.type, data.payload);
}

// ---------------------------------------------------------------- consent in the frame

/** Since when what is watched is seen whole and undisturbed; 0 when it is not. @type {Map<Element, number>} */
const seen = new Map();
/** @type {IntersectionObserver | undefined} */
let observer;
/** The clicks in a row that did not count. */
let refused = 0;

/** @returns {boolean} */
function canProve() {
  return typeof IntersectionObserverEntry === "function" && "isVisible" in IntersectionObserverEntry.prototype;
}

/** @param {IntersectionObserverEntry[]} entries */
function note(entries) {
  for (const { target, isIntersecting, intersectionRatio, isVisible } of /** @type {(IntersectionObserverEntry & { isVisible?: boolean })[]} */ (entries)) {
    // The row of answers must be seen whole; the page around it may be longer than the frame.
    const isWhole = target === main || intersectionRatio >= 0.99;
    if (isIntersecting && isVisible === true && isWhole) {
      if (!seen.get(target)) seen.set(target, performance.now());
    } else {
      seen.set(target, 0);
    }
  }
}

/** @returns {boolean} */
function isSeen() {
  if (observer) note(observer.takeRecords());
  return seen.size > 0 && [...seen.values()].every((since) => since > 0 && performance.now() - since >= SEEN_MS);
}

/** @param {Element[]} targets */
function observe(targets) {
  observer?.disconnect();
  seen.clear();
  const options = /** @type {IntersectionObserverInit} */ ({ threshold: [0, 0.5, 0.99, 1], trackVisibility: true, delay: 100 });
  observer = new IntersectionObserver(note, options);
  for (const target of targets) {
    seen.set(target, 0);
    observer.observe(target);
  }
}

/** Asks for the form once the gate has been seen. @param {string} url */
function awaitSight(url) {
  observe([main, button]);
  const timer = setInterval(() => {
    if (popup || isAnswered) return clearInterval(timer);
    if (!isSeen()) return;
    clearInterval(timer);
    void showForm(url);
  }, 100);
}

/** @param {string} url */
async function showForm(url) {
  const address = new URL(url, location.origin);
  if (address.origin !== location.origin) return;
  /** @type {HTMLFormElement | null} */
  let form = null;
  try {
    // The header keeps other sites from asking with a plain form.
    const response = await fetch(address, { method: "POST", headers: { Accept: "text/html", "X-Procura-Embed": "1" }, credentials: "same-origin", cache: "no-store", redirect: "error" });
    if (response.ok) form = new DOMParser().parseFromString(await response.text(), "text/html").querySelector("form");
  } catch {
    // The gate stays, and works.
  }
  const answers = form?.querySelector(".answers");
  if (!form || !answers || popup || isAnswered) return;
  const place = form;
  gate.replaceChildren(...siblings(place));
  cancel?.toggleAttribute("hidden", true);
  refused = 0;
  say("");
  if (state) {
    // Room for one line, so that a sentence moves nothing.
    state.style.cssText = "min-block-size:1.45em;margin-block:-12px";
    answers.after(state);
  }
  place.addEventListener("submit", guard);
  place.querySelector("select[data-switch]")?.addEventListener("change", (event) => {
    const picker = /** @type {HTMLSelectElement} */ (event.currentTarget);
    void showForm((picker.dataset.switch ?? "") + encodeURIComponent(picker.value));
  });
  observe([main, answers]);
  measure();
}

/** The fragment's own words may stand beside the form. @param {HTMLFormElement} form */
function siblings(form) {
  const around = form.parentElement;
  return around ? [...around.childNodes] : [form];
}

/**
 * A click counts only where the person has seen for a while what it answers. The first one that does not may have come right
 * after scrolling; the second opens the gate again.
 * @param {SubmitEvent} event
 */
function guard(event) {
  if (event.isTrusted && isSeen()) return;
  event.preventDefault();
  refused += 1;
  if (refused === 1) {
    say("Press once more.");
    for (const part of [state, state?.previousElementSibling]) part?.scrollIntoView({ block: "nearest" });
    return;
  }
  observer?.disconnect();
  gate.replaceChildren(...first);
  if (state) {
    state.style.cssText = "";
    gate.after(state);
  }
  cancel?.toggleAttribute("hidden", false);
  say("This page was covered. Go on in a window of its own.");
  measure();
}

// ---------------------------------------------------------------- size, and the way out

let told = 0;

/** Tells how much room the page needs: its parts, since what holds them is as high as the frame. */
function measure() {
  const parts = /** @type {HTMLElement[]} */ ([...(main.parentElement?.children ?? [])]);
  const { paddingTop, paddingBottom, rowGap } = getComputedStyle(/** @type {HTMLElement} */ (main.parentElement));
  const spaces = [paddingTop, paddingBottom, ...parts.slice(1).map(() => rowGap)];
  const height = Math.ceil(parts.reduce((sum, part) => sum + part.offsetHeight, 0) + spaces.reduce((sum, space) => sum + (parseFloat(space) || 0), 0));
  if (Math.abs(height - told) < 2) return;
  tell(told === 0 ? "ave:ready" : "ave:resize", { height });
  told = height;
}

button.addEventListener("click", openWindow);
cancel?.addEventListener("click", () => tell("ave:close"));
addEventListener("keydown", (event) => { if (event.key === "Escape" && event.isTrusted && !event.defaultPrevented) tell("ave:close"); });
addEventListener("message", relay);
// The window belongs to this frame: without it nobody would hear its answer.
addEventListener("pagehide", () => popup?.close());
new ResizeObserver(measure).observe(main);
measure();
button.hidden = false;
if (consentUrl && canProve()) awaitSight(consentUrl);

export {};
