// Signing in with a passkey: by the button, or from the browser's list below the field.

import { ask, goOn, instead, reveal, say, sentenceFor, Refused } from "./ask.js";
import { device, isConditional, isSupported, prove, stop } from "./passkey.js";

const FRESH_MS = 5 * 60_000;

const form = /** @type {HTMLFormElement} */ (document.getElementById("login"));

/** @param {{authSessionId: string, authOptions: object}} started @param {object} credential */
async function finish({ authSessionId }, credential) {
  const answer = await ask("POST", "/api/login/passkey", { authSessionId, credential, device: device() });
  goOn(answer.next, form.dataset.returnTo);
}

/** True once the button was pressed: the browser allows one ceremony at a time, and an offer must not end this one. */
let isAsked = false;

/** Signs in now, in the browser's own dialog. */
async function signIn() {
  isAsked = true;
  const started = await ask("POST", "/api/login/start", {});
  await finish(started, await prove(started.authOptions));
}

/** Offers passkeys in the list below the field. Nobody has asked for it, so nothing is said until a passkey was picked. */
async function offer() {
  if (!(await isConditional())) return;
  reveal();
  let started, credential;
  const renewal = setTimeout(renew, FRESH_MS);
  try {
    started = await ask("POST", "/api/login/start", {});
    if (isAsked) return;
    credential = await prove(started.authOptions, "conditional");
  } catch {
    return; // broken off by the button, or not to be had: the button says why
  } finally {
    clearTimeout(renewal);
  }
  try {
    await finish(started, credential);
  } catch (error) {
    say(error instanceof Refused ? error.message : sentenceFor(error));
  }
}

/** Offers anew before the server forgets the challenge. */
function renew() {
  stop();
  void offer();
}

instead(form, signIn);

if (isSupported()) void offer();
else say("This browser knows no passkeys. Use a newer one, or choose another way.");
