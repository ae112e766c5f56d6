// Sign-in for an app without a server: authorization code with PKCE (RFC 7636). Copy it, or use a library that does the same.
//
// Promise: no secret, no token in any storage. What crosses the redirect (state, nonce, verifier) waits in sessionStorage and is
// taken out once.

/**
 * Leaves this page and asks the issuer.
 * @param {{issuer: string, clientId: string, redirectUri: string, scope: string}} app
 */
export async function startSignIn(app) {
  const pending = { ...app, state: random(), nonce: random(), verifier: random() };
  sessionStorage.setItem("sign-in", JSON.stringify(pending));
  const { authorization_endpoint } = await metadata(app.issuer);
  location.assign(`${authorization_endpoint}?${new URLSearchParams({
    response_type: "code",
    client_id: app.clientId,
    redirect_uri: app.redirectUri,
    scope: app.scope,
    state: pending.state,
    nonce: pending.nonce,
    code_challenge: base64url(await sha256(pending.verifier)),
    code_challenge_method: "S256",
  })}`);
}

/** Reads the issuer's answer from the address. Null when this page was opened in another way. */
export async function finishSignIn() {
  const answer = new URLSearchParams(location.search);
  const pending = JSON.parse(sessionStorage.getItem("sign-in") ?? "null");
  if (!answer.has("state")) return null;
  // The code must not stay in the address bar or in the history.
  history.replaceState(null, "", "/");
  sessionStorage.removeItem("sign-in");
  // Somebody else's answer, or one that was used before.
  if (pending?.state !== answer.get("state")) throw new Error("The answer does not belong to a sign-in of this page.");
  // Another issuer's answer (RFC 9207).
  if (answer.get("iss") !== pending.issuer) throw new Error("The answer comes from another issuer.");
  if (answer.get("error") === "access_denied") throw new Error("You said no. Iris learned nothing but that.");
  if (answer.has("error")) throw new Error(answer.get("error_description") ?? answer.get("error") ?? "");

  const { token_endpoint, jwks_uri } = await metadata(pending.issuer);
  const tokens = await json(token_endpoint, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "authorization_code",
      client_id: pending.clientId,
      code: answer.get("code") ?? "",
      redirect_uri: pending.redirectUri,
      code_verifier: pending.verifier,
    }),
  });
  const claims = await check(tokens.id_token, await json(jwks_uri), pending);
  return { clientId: pending.clientId, tokens, claims };
}

/** Where everything of the issuer is. */
export const metadata = (issuer) => json(`${issuer}/.well-known/openid-configuration`);

/** The claims of an ID token, once its signature and its claims are right (OpenID Connect Core §3.1.3.7). */
async function check(token, { keys }, { issuer, clientId, nonce }) {
  const [head, body, signature] = token.split(".");
  const { alg, kid } = JSON.parse(text(head));
  const jwk = keys.find((key) => key.kid === kid);
  // The app decides on the algorithm, not the token.
  if (alg !== "RS256" || !jwk) throw new Error("The ID token is signed in a way that this app does not accept.");
  const rsa = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("jwk", jwk, rsa, false, ["verify"]);
  const signed = new TextEncoder().encode(`${head}.${body}`);
  if (!(await crypto.subtle.verify(rsa.name, key, bytes(signature), signed))) throw new Error("The signature of the ID token is wrong.");
  const claims = JSON.parse(text(body));
  if (claims.iss !== issuer || claims.aud !== clientId || claims.nonce !== nonce || claims.exp * 1000 < Date.now()) {
    throw new Error("The ID token was not made for this sign-in.");
  }
  return claims;
}

/** Asks in JSON. An OAuth error becomes an `Error` with its sentence. */
export async function json(url, options) {
  const response = await fetch(url, { credentials: "omit", cache: "no-store", ...options });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.error_description ?? `The issuer answered ${response.status}.`);
  return answer;
}

const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));
const sha256 = (given) => crypto.subtle.digest("SHA-256", new TextEncoder().encode(given));
const base64url = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const bytes = (encoded) => Uint8Array.from(atob(encoded.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
const text = (encoded) => new TextDecoder().decode(bytes(encoded));
