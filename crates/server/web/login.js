// Signing in with a passkey: by the button, or from the browser's list below the field.

import { ask, during, goOn, reveal, say, sentenceFor, Refused } from "./ask.js";
import { device, isConditional, isSupported, prove } from "./passkey.js";

const form = /** @type {HTMLFormElement} */ (document.getElementById("login"));

/** @param {CredentialMediationRequirement} [mediation] */
async function signIn(mediation) {
  const { authSessionId, authOptions } = await ask("POST", "/api/login/start", {});
  const credential = await prove(authOptions, mediation);
  const answer = await ask("POST", "/api/login/passkey", { authSessionId, credential, device: device() });
  goOn(answer.next, form.dataset.returnTo);
}

/** Offers passkeys in the list below the field, for as long as the person does not press the button. */
async function offer() {
  if (!(await isConditional())) return;
  reveal();
  try {
    await signIn("conditional");
  } catch (error) {
    if (error instanceof Refused) {
      say(error.message);
      void offer();
    } else if (!(error instanceof Error && error.name === "NotAllowedError")) {
      say(sentenceFor(error));
    }
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  void during(form.querySelector("button"), () => signIn());
});

if (isSupported()) void offer();
else say("This browser knows no passkeys. Use a newer one, or choose another way.");
