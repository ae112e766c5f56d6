// Tells the window that waits what the person does: which service they look at, and that they go there.
//
// What the page gives: <main data-origin="the app's origin" data-mark="what that window knows the flow by" data-service="the service on the page">
// Promise: the message goes to the one origin that the app named, and holds no more than the service's id.

const main = /** @type {HTMLElement} */ (document.querySelector("main[data-origin]"));
const { origin = "", service, mark: session } = main.dataset;

/** @param {string} name @param {object} metadata */
function tell(name, metadata) {
  const waiting = /** @type {Window | null} */ (window.opener);
  if (waiting && !waiting.closed) waiting.postMessage({ type: "alter_connect_event", name, metadata, session }, origin);
}

if (service) tell("PROVIDER_SELECTED", { provider: service });

document.querySelector("form")?.addEventListener("submit", (event) => {
  const pressed = /** @type {HTMLButtonElement | null} */ (/** @type {SubmitEvent} */ (event).submitter);
  if (pressed?.value === "continue") tell("OAUTH_STARTED", { provider: service });
});

export {};
