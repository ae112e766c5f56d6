// Allowing one call with a passkey: the proof is asked for this very call, and good for no other.

import { ask, during, goOn } from "./ask.js";
import { prove } from "./passkey.js";

const form = /** @type {HTMLFormElement} */ (document.getElementById("call"));
const { start = "", approve = "", digest = "", here = "" } = form.dataset;

async function allow() {
  const { authSessionId, authOptions } = await ask("POST", start, { digest });
  const credential = await prove(authOptions);
  await ask("POST", approve, { authSessionId, credential, digest });
  goOn(here);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  void during(form.querySelector("button"), allow);
});
