// How page scripts talk to the server and to the person.

/** A refusal whose message is a sentence for the person. */
export class Refused extends Error {}

/**
 * Asks our own server, in JSON. Throws `Refused` with the server's sentence, or ours if it gave none.
 * @param {"GET" | "POST"} method
 * @param {string} path
 * @param {unknown} [body]
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
export async function ask(method, path, body, signal) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json" };
  const csrf = document.querySelector('meta[name="csrf"]')?.getAttribute("content");
  if (csrf) headers["X-Procura-CSRF"] = csrf;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(path, { method, headers, credentials: "same-origin", cache: "no-store", signal, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Refused("The server did not answer. Check your connection, then try again.");
  }
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  if (response.status === 429) throw new Refused("That was too often. Wait a minute, then try again.");
  throw new Refused(sentenceIn(answer) ?? "That did not work. Load the page again, then retry.");
}

/**
 * @param {any} answer
 * @returns {string | undefined}
 */
function sentenceIn(answer) {
  const sentence = [answer?.message, answer?.detail, answer?.error_description, answer?.error].find((text) => typeof text === "string" && text.includes(" "));
  return sentence === undefined ? undefined : sentence.charAt(0).toUpperCase() + sentence.slice(1) + (/[.?]$/.test(sentence) ? "" : ".");
}

/**
 * Goes on to the first of these addresses that is ours.
 * @param {...(string | null | undefined)} places
 */
export function goOn(...places) {
  for (const place of places) {
    if (!place) continue;
    const url = new URL(place, location.origin);
    if (url.origin === location.origin) {
      location.assign(url);
      return;
    }
  }
  location.assign("/account");
}

/**
 * Shows a sentence in the page's place for mistakes, which is a live region; an empty one clears it.
 * @param {string} sentence
 */
export function say(sentence) {
  const place = document.getElementById("mistake");
  if (place) place.textContent = sentence;
}

/**
 * Runs a deed behind a button: busy while it runs, the mistake said when it fails.
 * @param {HTMLElement | null} button
 * @param {() => Promise<void>} deed
 */
export async function during(button, deed) {
  if (button?.getAttribute("aria-busy") === "true") return;
  button?.setAttribute("aria-busy", "true");
  say("");
  try {
    await deed();
  } catch (error) {
    say(error instanceof Refused ? error.message : sentenceFor(error));
  } finally {
    button?.removeAttribute("aria-busy");
  }
}

/**
 * What a form does instead of being sent. Until now a press of its button would have been lost, so the button was disabled.
 * @param {HTMLFormElement} form
 * @param {() => Promise<void>} deed
 */
export function instead(form, deed) {
  const button = form.querySelector("button");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void during(button, deed);
  });
  button?.removeAttribute("disabled");
}

/**
 * What a failed ceremony means, in words; nothing for one that we broke off ourselves.
 * @param {unknown} error
 * @returns {string}
 */
export function sentenceFor(error) {
  switch (error instanceof Error ? error.name : "") {
    case "AbortError":
      return "";
    case "NotAllowedError":
      return "No passkey was used. Try again, or choose another way.";
    case "InvalidStateError":
      return "This device already holds a passkey for you. Use that one.";
    case "NotSupportedError":
    case "ConstraintError":
      return "This device cannot keep a passkey that is unlocked by you. Use another device or a security key.";
    case "SecurityError":
      return "Passkeys do not work at this address. Open the page at its own name.";
    default:
      return "That did not work. Load the page again, then retry.";
  }
}

/** Reveals what only works with a script. */
export function reveal() {
  for (const part of document.querySelectorAll(".needs-script[hidden]")) part.removeAttribute("hidden");
}
