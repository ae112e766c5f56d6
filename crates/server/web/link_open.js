// Hands the session that stands in the address over to the server, and goes on to its page.
//
// The window has one name for all flows: a second flow only changes the fragment, and starts here anew.

const heading = document.querySelector("h1");
const said = document.getElementById("said");
const [waits, prepares] = [heading?.textContent ?? "", said?.textContent ?? ""];

/** @param {string} sentence @param {string} [title] */
function say(sentence, title = "This did not work") {
  if (heading) heading.textContent = title;
  if (said) said.textContent = sentence;
}

/** The window that waits for an answer. */
function opener() {
  const waiting = /** @type {Window | null} */ (window.opener);
  return waiting && !waiting.closed ? waiting : null;
}

async function start() {
  say(prepares, waits);
  const token = new URLSearchParams(location.hash.slice(1)).get("session");
  if (!token) return say("This link is not whole. Close this window and start again in the app you came from.");
  try {
    const response = await fetch(document.querySelector("main")?.dataset.open ?? "", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ session_token: token, has_opener: opener() !== null }),
    });
    const answer = await response.json();
    if (answer.next) return location.replace(answer.next);
    say(answer.sentence ?? "Something went wrong. Close this window and start again in the app you came from.");
    if (answer.origin && opener()) {
      const message = { type: "alter_connect_error", error: answer.error, error_description: answer.sentence, session: answer.session };
      opener()?.postMessage(message, answer.origin);
    }
  } catch {
    say("The server can’t be reached. Look at your connection and load this page again.");
  }
}

addEventListener("hashchange", start);
start();

export {};
