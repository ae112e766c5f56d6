// Asking the person whether Notes may use Iris: in a sheet, in a window, or silently. (The redirect is a plain form.)
//
// Promise: the page never sees the verifier. Notes' server draws it with `state` and `nonce`, and redeems the code at the redirect URI.

const meta = (name) => document.querySelector(`meta[name="${name}"]`).content;
const part = (id) => document.getElementById(id);
const buttons = ["sheet", "window", "silent"].map(part);
// The library comes from the issuer itself, so it knows which issuer it is.
const { openAveConnectorPopup, openAveConnectorSheet } = await import(`${meta("issuer")}/sdk/js/embed.js`);

/** What the next question is made with. It waits here because a window opens only in the very moment of a click. */
let ready = null;

async function prepare() {
  for (const button of buttons) button.disabled = true;
  const response = await fetch("/iris/begin", { method: "POST" });
  if (!response.ok) return say("Notes could not begin. Load this page again.");
  ready = await response.json();
  for (const button of buttons) button.disabled = false;
}

/** A question with all that belongs to it. Each is asked once. */
function question(mode, more = {}) {
  const { state, nonce, codeChallenge } = ready;
  say("");
  return {
    clientId: meta("client-id"),
    redirectUri: meta("connected-uri"),
    resource: "iris:inference",
    scope: part("history").checked ? "resource.access resource.history" : "resource.access",
    mode,
    state,
    codeChallenge,
    extraParams: { nonce, ...more },
    onSuccess: ({ redirectUrl }) => location.assign(redirectUrl),
    onError: tell,
    onClose: () => say("You closed it without an answer. Nothing has changed."),
  };
}

part("sheet").addEventListener("click", () => {
  openAveConnectorSheet(question("user_present"));
  prepare();
});

part("window").addEventListener("click", () => {
  openAveConnectorPopup(question("user_present"));
  prepare();
});

part("silent").addEventListener("click", () => {
  openAveConnectorSheet({ ...question("background"), onError: askInstead });
  prepare();
});

/** Silence is for what was allowed before. The sheet asks, and offers what makes the next silent attempt work. */
async function askInstead({ error }) {
  if (!ready) await prepare();
  openAveConnectorSheet(question("user_present", { presence: "background" }));
  say(`It did not work silently (${error}), so you are asked.`);
  prepare();
}

function tell({ error, message }) {
  const sentences = {
    access_denied: "You said no. Nothing has changed, and nothing is remembered.",
    popup_blocked: "The browser blocked the window. Use the redirect.",
    frame_blocked: "The sheet did not show. The next try opens a window.",
  };
  say(sentences[error] ?? `It did not work: ${message} (${error})`);
}

function say(sentence) {
  part("said").textContent = sentence;
}

await prepare();
