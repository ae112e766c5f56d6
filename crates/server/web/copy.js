// Buttons that copy what stands beside them.

const SAID_MS = 2000;

/** @param {HTMLElement} button */
async function copy(button) {
  const source = document.getElementById(button.dataset.copy ?? "");
  if (!source) return;
  const lines = [...source.querySelectorAll("li")].map((line) => line.textContent ?? "");
  const text = lines.length > 0 ? lines.join("\n") : (source.textContent ?? "").trim();
  const words = button.dataset.words ?? button.textContent ?? "";
  button.dataset.words = words;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    getSelection()?.selectAllChildren(source);
    button.textContent = "Selected";
  }
  setTimeout(() => { button.textContent = words; }, SAID_MS);
}

for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-copy]"))) {
  button.hidden = false;
  button.setAttribute("aria-live", "polite");
  button.addEventListener("click", () => void copy(button));
}
