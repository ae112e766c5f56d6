// Creating an identity: name and handle, then the passkey, then the recovery codes.

import { ask, goOn, instead } from "./ask.js";
import { device, make } from "./passkey.js";
import "./codes.js";
import "./fields.js";

const form = /** @type {HTMLFormElement} */ (document.getElementById("register"));

/** @param {string} name */
function typed(name) {
  return String(new FormData(form).get(name) ?? "").trim();
}

async function register() {
  const [displayName, handle, email] = [typed("displayName"), typed("handle").toLowerCase(), typed("email")];
  const invitation = form.dataset.invitation;
  const { options, tempUserId } = await ask("POST", "/api/register/start", { handle, displayName, invitation });
  const credential = await make(options);
  const identity = { displayName, handle, email: email || undefined };
  const answer = await ask("POST", "/api/register/complete", { tempUserId, credential, identity, device: device(), invitation });
  const codes = answer.recoveryCodes ?? [];
  if (codes.length > 0) show(codes, handle, answer.next);
  else goOn(answer.next, form.dataset.returnTo);
}

/**
 * @param {string[]} codes
 * @param {string} handle
 * @param {string} [next]
 */
function show(codes, handle, next) {
  const made = /** @type {HTMLElement} */ (document.getElementById("made"));
  const list = /** @type {HTMLElement} */ (document.getElementById("codes"));
  list.dataset.handle = handle;
  list.replaceChildren(...codes.map((code) => Object.assign(document.createElement("li"), { textContent: code })));
  if (next && new URL(next, location.origin).origin === location.origin) document.getElementById("saved")?.setAttribute("href", next);
  document.getElementById("making")?.setAttribute("hidden", "");
  made.hidden = false;
  document.title = document.title.replace(/^[^·]+/, "Your recovery codes ");
  /** @type {HTMLElement} */ (made.querySelector("h1")).focus();
}

instead(form, register);
