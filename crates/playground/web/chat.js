// Asking Iris: a frame of the issuer holds the delegated token and carries questions and answers.
//
// Promise: the page gets the token from Notes' server, hands it to the frame and keeps no copy. It shows what Iris says as text.

const meta = (name) => document.querySelector(`meta[name="${name}"]`).content;
const part = (id) => document.getElementById(id);
const buttons = ["send", "past", "again"].map(part);
const { openAveConnectorRuntime } = await import(`${meta("issuer")}/sdk/js/embed.js`);

/** The frame, once there is a token for it. */
let runtime = null;
/** What is under way, by its id. @type {Map<string, Request>} */
const asked = new Map();
let lastPrompt = "Are you still there?";
/** One renewal at a time, whoever needs it. */
let renewing = null;

/** Asks Notes' server to exchange its token. A refusal is thrown as it came. */
async function freshToken() {
  const response = await fetch("/iris/token", { method: "POST" });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw { status: response.status, ...answer };
  return answer;
}

async function open() {
  const { access_token, communication_mode } = await freshToken();
  runtime = openAveConnectorRuntime({
    delegatedToken: access_token,
    target: "iris",
    targetOrigin: meta("iris"),
    mode: communication_mode,
    onEvent: hear,
  });
}

/** The token lives ten minutes, the conversation longer. */
function renew() {
  renewing ??= freshToken()
    .then(({ access_token }) => runtime?.updateToken(access_token))
    .finally(() => (renewing = null));
  return renewing;
}

/**
 * A request: what is sent, what becomes of each piece of the answer, and what is done when there is none.
 * @typedef {{ message: { op: string, payload?: unknown }, show: (data: any) => void, lose?: () => void, hasAnswer?: boolean }} Request
 */

/** @param {Request} request */
async function send(request) {
  part("trouble").textContent = "";
  try {
    if (!runtime) await open();
    asked.set(runtime.send(request.message), request);
  } catch (refusal) {
    request.lose?.();
    refuse(refusal);
  }
}

function hear(event) {
  const request = asked.get(event.id);
  if (event.type === "response" && request) {
    request.hasAnswer = true;
    return request.show(event.data);
  }
  if (event.type === "complete") return finish(event.id);
  if (event.error === "token_expired") return again(request, event.id);
  finish(event.id);
  request?.lose?.();
  if (event.error === "invalid_token") return ended(event);
  if (event.type === "error") complain(event);
}

/** Without a request it is the frame that says so, ahead of the next question. */
function again(request, id) {
  asked.delete(id);
  const sendAgain = () => request && send(request);
  renew().then(sendAgain, (refusal) => {
    request?.lose?.();
    refuse(refusal);
  });
}

function finish(id) {
  const request = asked.get(id);
  asked.delete(id);
  part("talk").setAttribute("aria-busy", String(asked.size > 0));
  // Iris has answered: the step of the tour is done.
  if (request?.message.op === "infer" && request.hasAnswer) fetch("/done/ask", { redirect: "manual" });
}

/** Iris takes the token no longer. Whether Notes gets another is the issuer's to say. */
async function ended({ status, error, message }) {
  runtime.destroy();
  runtime = null;
  part("refusals").replaceChildren();
  show("What Iris answered to the question that this page sent", "Iris", { status, error, message });
  part("trouble").textContent = "Iris did not answer: the permission has ended.";
  try {
    await open();
    part("trouble").textContent = "Iris did not take that token, so Notes got another. Ask again.";
  } catch (refusal) {
    refuse(refusal);
  }
}

function refuse(refusal) {
  const { status, error } = refusal;
  if (error !== "access_denied") return complain(refusal);
  part("trouble").textContent = "Notes may not ask Iris in your name: you have not allowed it, or you have ended it.";
  part("standing").className = "";
  part("standing").textContent = "Notes may not use Iris. You can let it, in one of four ways.";
  if (runtime) part("refusals").replaceChildren();
  show("What Procura answered when Notes asked for another token", "the exchange", { status, error, error_description: refusal.error_description });
}

function complain({ status, error, message, error_description }) {
  const sentence = message ?? error_description ?? "Something went wrong.";
  part("trouble").textContent =
    error === "insufficient_scope"
      ? "You did not allow that. Tick the box above and let Notes use Iris again."
      : `${sentence} (${[status, error].filter(Boolean).join(" ")})`;
}

/** A raw answer, for those who read along. */
function show(words, of, answer) {
  const block = made("div", "stack xs");
  const raw = made("pre", "answer");
  raw.tabIndex = 0;
  raw.setAttribute("aria-label", `Answer of ${of}`);
  raw.append(made("code", "", JSON.stringify(answer, null, 2)));
  block.append(made("p", "small", words), raw);
  part("refusals").append(block);
}

function made(tag, kind, text = "") {
  const element = document.createElement(tag);
  if (kind) element.className = kind;
  element.textContent = text;
  return element;
}

/** A question in the conversation, with room for its answer. */
function written(prompt) {
  const line = made("div", "stack xs");
  const answer = made("p", "answered");
  line.append(made("p", "asked", prompt), answer);
  part("talk").append(line);
  part("talk").setAttribute("aria-busy", "true");
  return answer;
}

function ask(prompt) {
  lastPrompt = prompt;
  const answer = written(prompt);
  const show = ({ word }) => {
    answer.textContent += `${answer.textContent ? " " : ""}${word}`;
  };
  const lose = () => {
    answer.className = "small";
    answer.textContent ||= "No answer.";
  };
  send({ message: { op: "infer", payload: { prompt } }, show, lose });
}

part("chat").addEventListener("submit", (event) => {
  event.preventDefault();
  ask(part("prompt").value);
});

part("again").addEventListener("click", () => ask(lastPrompt));

part("past").addEventListener("click", () => {
  const show = ({ questions }) => {
    written("What did I ask before?").textContent = questions.map((one) => `“${one}”`).join(" ") || "Nothing yet.";
  };
  send({ message: { op: "history" }, show });
});

for (const button of buttons) button.disabled = false;
