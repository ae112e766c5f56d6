// The end of linking: tells the window that waits, then closes this one.
//
// What the page gives: <main data-origin="the app's origin" data-message="what to tell, in JSON">
// The app's own script closes the window when it has heard; closing at once could look to it like somebody gave up.

const CLOSE_MS = 2000;

const main = /** @type {HTMLElement} */ (document.querySelector("main[data-message]"));
const { origin = "", message = "null" } = main.dataset;
const waiting = /** @type {Window | null} */ (window.opener);

if (waiting && !waiting.closed) {
  waiting.postMessage(JSON.parse(message), origin);
  setTimeout(() => window.close(), CLOSE_MS);
}

export {};
