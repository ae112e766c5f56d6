// Fields that are checked as typed. What the server says stands below the field, in its own words.

import { ask } from "./ask.js";

const PAUSE_MS = 350;

/** Asks whether a value will do, by the kind of its field. @type {Record<string, (value: string, field: HTMLInputElement, signal: AbortSignal) => Promise<{ok: boolean, message: string}>>} */
const checks = {
  async handle(value, _field, signal) {
    const { available, reason } = await ask("GET", `/api/register/check-handle/${encodeURIComponent(value.toLowerCase())}`, undefined, signal);
    return { ok: available, message: available ? `@${value.toLowerCase()} is free.` : (reason ?? "Somebody has this handle. Choose another.") };
  },
  async redirect(value, field, signal) {
    const query = new URLSearchParams({ uri: value });
    if (field.dataset.app) query.set("app", field.dataset.app);
    return ask("GET", `/developers/check-redirect?${query}`, undefined, signal);
  },
};

/** @param {HTMLInputElement} field */
function watch(field) {
  const place = document.getElementById(`${field.id}-said`);
  const check = checks[field.dataset.check ?? ""];
  if (!place || !check) return;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let pause;
  /** @type {AbortController | undefined} */
  let asking;
  // What the server itself has filled in and not refused is fine: one's own handle is taken, by oneself.
  const kept = field.getAttribute("aria-invalid") === "true" ? "" : field.defaultValue;

  /** @param {string} message @param {boolean} ok */
  const say = (message, ok) => {
    place.textContent = message;
    place.className = ok ? "ok" : "bad";
    if (message && !ok) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
  };

  field.addEventListener("input", () => {
    clearTimeout(pause);
    asking?.abort();
    const value = field.value.trim();
    if (!value || value === kept) return say("", true);
    pause = setTimeout(async () => {
      asking = new AbortController();
      try {
        const { ok, message } = await check(value, field, asking.signal);
        if (field.value.trim() === value) say(message, ok);
      } catch {
        say("", true); // the form checks again when it is sent
      }
    }, PAUSE_MS);
  });
}

for (const field of /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll("input[data-check]"))) watch(field);

// A button that adds another empty field of the same kind.
for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-add-field]"))) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const list = document.getElementById(button.dataset.addField ?? "");
    const last = list?.lastElementChild;
    if (!list || !last) return;
    const next = /** @type {HTMLElement} */ (last.cloneNode(true));
    const field = /** @type {HTMLInputElement} */ (next.querySelector("input"));
    const said = next.querySelector(".ok, .bad");
    field.id = `${list.id}-${list.children.length}`;
    field.value = "";
    field.removeAttribute("aria-invalid");
    field.setAttribute("aria-describedby", `${field.id}-said`);
    next.querySelector("label")?.setAttribute("for", field.id);
    if (said) Object.assign(said, { id: `${field.id}-said`, textContent: "" });
    list.append(next);
    watch(field);
    field.focus();
  });
}
