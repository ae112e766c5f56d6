// Waiting for the approval of another device.

import { ask, goOn, Refused } from "./ask.js";

const place = /** @type {HTMLElement} */ (document.getElementById("waiting"));
const request = place.dataset.request ?? "";
const PAUSE_MS = 2000;

async function look() {
  const { status } = await ask("GET", `/api/login/request-status/${encodeURIComponent(request)}`);
  if (status === "pending") return setTimeout(watch, PAUSE_MS);
  if (status !== "approved") return location.reload();
  place.textContent = "Approved.";
  const answer = await ask("POST", "/api/login/finish-approval", { requestId: request });
  goOn(answer.next, place.dataset.returnTo);
}

function watch() {
  look().catch((error) => {
    if (!(error instanceof Refused)) throw error;
    place.textContent = error.message;
    setTimeout(watch, PAUSE_MS * 3);
  });
}

setTimeout(watch, PAUSE_MS);
