// Recovery codes: copied, or kept as a text file.

import { reveal } from "./ask.js";
import "./copy.js";

/** @param {HTMLElement} list */
function download(list) {
  const codes = [...list.querySelectorAll("li")].map((code) => code.textContent ?? "");
  const text = [`Recovery codes of @${list.dataset.handle} at ${location.host}`, "Each works once.", "", ...codes, ""].join("\n");
  const url = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  Object.assign(document.createElement("a"), { href: url, download: `recovery-codes-${list.dataset.handle}.txt` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-download]"))) {
  button.addEventListener("click", () => {
    const list = document.getElementById(button.dataset.download ?? "");
    if (list) download(list);
  });
}
reveal();
