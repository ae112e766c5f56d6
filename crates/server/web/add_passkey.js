// Adding a passkey to an account.

import { ask, goOn, instead } from "./ask.js";
import { device, make } from "./passkey.js";

const form = /** @type {HTMLFormElement} */ (document.getElementById("add-passkey"));

async function add() {
  const { options } = await ask("POST", "/api/security/passkeys/register", {});
  const credential = await make(options);
  const name = String(new FormData(form).get("name") ?? "").trim() || device().name;
  const answer = await ask("POST", "/api/security/passkeys/complete", { credential, name });
  goOn(answer.next, form.dataset.returnTo);
}

instead(form, add);
