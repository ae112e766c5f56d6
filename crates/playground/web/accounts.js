// Linking an account: the widget of the issuer, in a window or, on phones, in place of this page.
//
// Promise: the page gets a session for the widget from Notes' server and learns nothing else. What was linked the server asks itself, so the
// page only loads again when the widget is done.

const issuer = document.querySelector('meta[name="issuer"]').content;
const part = (id) => document.getElementById(id);
const button = part("connect");
/** A session is good for ten minutes. */
const SESSION_MS = 9 * 60_000;
// The library comes from the issuer itself, so it knows which issuer it is.
const { default: AlterConnect } = await import(`${issuer}/sdk/js/connect.js`);

const outcomes = { onSuccess: done, onError: tell, onExit: () => again("You closed it without an answer. Nothing has changed.") };
// After a redirect this is a new page, and the widget picks up what came back.
const widget = AlterConnect.create(outcomes);

/** What the next window opens with. It waits here because a window opens only in the very moment of a click. */
let token = "";
let timer = 0;

async function prepare() {
  button.disabled = true;
  clearTimeout(timer);
  const response = await fetch("/accounts/session", { method: "POST" });
  if (!response.ok) return say("Notes could not begin. Load this page again.");
  ({ token } = await response.json());
  timer = setTimeout(prepare, SESSION_MS);
  button.disabled = false;
}

button.addEventListener("click", () => {
  say("");
  widget.open({ token, ...outcomes });
});

function done() {
  location.hash = "link";
  location.reload();
}

function tell({ code, message }) {
  const sentences = {
    oauth_denied: "You said no. Nothing was linked.",
    popup_blocked: "The browser blocked the window. Allow it for this page and try again.",
    session_expired: "That took too long. Try again.",
  };
  again(sentences[code] ?? `It did not work: ${message} (${code})`);
}

/** A session is used once. */
function again(sentence) {
  say(sentence);
  prepare();
}

function say(sentence) {
  part("said").textContent = sentence;
}

/** The agent waits for the person, who decides in another tab. Then this page shows what came of it. */
async function wait() {
  for (;;) {
    const response = await fetch("/agent/waiting");
    if (!response.ok) return;
    const { isOver } = await response.json();
    if (isOver) return location.reload();
  }
}

await prepare();
if (part("waiting")) wait();
