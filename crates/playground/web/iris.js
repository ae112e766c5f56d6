// Iris: two buttons to sign in, and what came of it. The tokens are a variable of this module and nothing else.

import { finishSignIn, json, metadata, startSignIn } from "./sign_in.js";

const meta = (name) => document.querySelector(`meta[name="${name}"]`).content;
const part = (id) => document.getElementById(id);
const issuer = meta("issuer");
const redirectUri = `${location.origin}/callback`;

// A Quick app is named by its own address: nothing was registered, so nothing can be configured wrongly.
const quick = { issuer, redirectUri, clientId: `origin:${location.origin}`, scope: "openid profile email" };
const registered = { issuer, redirectUri, clientId: meta("client-id"), scope: "openid profile offline_access" };

part("quick").addEventListener("click", () => telling(() => startSignIn(quick)));
part("registered").addEventListener("click", () => telling(() => startSignIn(registered)));

let signedIn = null;
await telling(async () => {
  signedIn = await finishSignIn();
  if (signedIn) await show(signedIn);
});
part("out").hidden = signedIn !== null;

async function show({ clientId, tokens, claims }) {
  const isQuick = clientId === quick.clientId;
  part("hello").textContent = `Hello, ${claims.name ?? claims.sub}`;
  part("as").textContent = isQuick ? "Signed in with Quick, as an app that nobody registered." : "Signed in as a registered public app.";
  part("claims").replaceChildren(...Object.entries(claims).flatMap(([name, value]) => [row("dt", name), row("dd", String(value))]));
  const { userinfo_endpoint } = await metadata(issuer);
  const userinfo = await json(userinfo_endpoint, { headers: { Authorization: `Bearer ${tokens.access_token}` } });
  part("userinfo").textContent = JSON.stringify(userinfo, null, 2);
  part("onward").hidden = !isQuick;
  part("in").hidden = false;
  part("hello").focus();
}

// Signing out here ends the tokens. The session at the issuer is the person's and goes on.
part("leave").addEventListener("click", () =>
  telling(async () => {
    const { revocation_endpoint } = await metadata(issuer);
    const { clientId, tokens } = signedIn;
    const token = tokens.refresh_token ?? tokens.access_token;
    await json(revocation_endpoint, { method: "POST", body: new URLSearchParams({ token, client_id: clientId }) });
    signedIn = null;
    part("in").hidden = true;
    part("out").hidden = false;
  }),
);

async function telling(deed) {
  part("mistake").textContent = "";
  try {
    await deed();
  } catch (mistake) {
    part("mistake").textContent = mistake.message;
  }
}

function row(kind, text) {
  const element = document.createElement(kind);
  element.textContent = text;
  return element;
}
