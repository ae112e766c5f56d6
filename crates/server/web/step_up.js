// Confirming with a passkey that it is still the same person.

import { ask, goOn, instead } from "./ask.js";
import { prove } from "./passkey.js";

const form = /** @type {HTMLFormElement} */ (document.getElementById("step-up"));

async function confirm() {
  const { authSessionId, authOptions } = await ask("POST", "/api/login/start", {});
  const credential = await prove(authOptions);
  const answer = await ask("POST", "/api/login/step-up", { authSessionId, credential });
  goOn(answer.next, form.dataset.returnTo);
}

instead(form, confirm);
