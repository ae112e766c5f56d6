// The issuer of the tests: pages that keep the contracts of the real page scripts, and nothing behind them. What it does is
// named by the client id: app_gate, app_consent, app_long (a form longer than the frame), app_silent, app_deny, app_dead, app_login.

import { readFileSync } from "node:fs";
import { s256 } from "./world.js";

const scriptOf = (name) => readFileSync(new URL(`../../../../crates/server/web/${name}`, import.meta.url), "utf8");
const embed = readFileSync(new URL("../src/embed.js", import.meta.url), "utf8");
const cors = { "Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "Content-Type, Authorization" };
const attribute = (value) => String(value).replace(/&/g, "&amp;").replace(/"/g, "&quot;");
const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const decode = (text) => JSON.parse(Buffer.from(text, "base64url").toString());

function page(world, body, connect = "") {
  return [200, {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": `default-src 'none'; script-src 'self'; style-src 'self'; form-action 'self'; connect-src 'self' ${connect}; frame-ancestors *`,
  }, `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Issuer</title><link rel="stylesheet" href="/assets/style.css"><body>${body}</body>`];
}

const json = (status, body, more = {}) => [status, { "Content-Type": "application/json", ...cors, ...more }, JSON.stringify(body)];

/** The redirect URI with the answer. The code carries what the token endpoint has to know. */
function callbackOf(world, query) {
  const url = new URL(query.get("redirect_uri"));
  url.searchParams.set("code", encode({ nonce: query.get("nonce"), challenge: query.get("code_challenge"), clientId: query.get("client_id") }));
  if (query.get("state")) url.searchParams.set("state", query.get("state"));
  url.searchParams.set("iss", world.issuer);
  return url.href;
}

function relayPage(world, query, message) {
  const relay = query.get("embed_relay");
  const extra = relay ? `data-relay-id="${attribute(relay)}"` : `data-next="${attribute(callbackOf(world, query))}"`;
  return page(world, `<main data-message="${attribute(JSON.stringify(message))}" data-origins="${world.hostile} ${world.app}" ${extra}>
    <p id="fallback" hidden>You can close this window.</p></main><script type="module" src="/assets/relay.js"></script>`);
}

function gatePage(world, url, isConsent) {
  const relay = `relay-${Math.random().toString(36).slice(2)}`;
  const popup = new URL(url);
  popup.searchParams.set("embed_relay", relay);
  const top = new URL(url);
  top.searchParams.delete("embed");
  const consent = isConsent ? `data-consent-url="/consent?${attribute(url.searchParams)}"` : "";
  return page(world, `<div class="desk"><main class="sheet" data-relay-url="${attribute(popup.pathname + popup.search)}" data-relay-id="${relay}"
    data-origins="${world.hostile} ${world.app}" data-top-url="${attribute(top.href)}" ${consent}>
    <div id="gate" class="stack"><h1>Sign in to Notes?</h1><p>notes.example.org may see your name and your picture.</p>
    <button id="open" class="button go wide" hidden>Continue</button></div>
    <p id="state" class="small" role="status"></p><button id="cancel" class="button wide">Cancel</button></main><footer class="colophon"><span>id.example.org</span></footer></div><script type="module" src="/assets/gate.js"></script>`);
}

const success = (world, query) => ({ type: "ave:success", payload: { redirectUrl: callbackOf(world, query) } });
const refusal = (error) => ({ type: "ave:error", payload: { error } });

function answerAsk(world, url, request) {
  const query = url.searchParams;
  const client = query.get("client_id") ?? "";
  if (request.headers["sec-fetch-dest"] !== "iframe") {
    const rest = attribute(`?${query}`);
    return page(world, `<h1>Issuer window</h1><a id="allow" href="/decide${rest}&amp;decision=allow">Allow</a>
      <a id="deny" href="/decide${rest}&amp;decision=deny">Deny</a>`);
  }
  if (client === "app_dead") return page(world, "<p>Nothing here.</p>");
  if (query.get("mode") === "background" && client !== "app_silent") return relayPage(world, query, refusal(client === "app_login" ? "login_required" : "consent_required"));
  if (client === "app_silent") return relayPage(world, query, success(world, query));
  if (client === "app_deny") return relayPage(world, query, refusal("access_denied"));
  return gatePage(world, url, client === "app_consent" || client === "app_long");
}

/** The parts of the real form, `sheets/connect.html`. */
function consentForm({ searchParams: query }) {
  const lines = Array.from({ length: query.get("client_id") === "app_long" ? 30 : 1 }, (_, at) => `<li><span>See part ${at + 1}</span></li>`);
  return `<h1>Sign in to Notes?</h1><form class="stack" method="post" action="/decide?${attribute(query)}&amp;decision=allow"><ul class="may">${lines.join("")}</ul>
    <fieldset><legend>When</legend><label class="choice"><input type="radio" name="when" value="using" checked><span>Only while I use Notes</span></label>
    <label class="choice"><input type="radio" name="when" value="away" id="away"><span>Also when I am away</span></label></fieldset>
    <div class="answers"><button class="button" id="no" formaction="/decide?${attribute(query)}&amp;decision=deny">Deny</button><button class="button go" id="yes">Allow</button></div>
    </form><p class="small">You can take this back at any time.</p>`;
}

function answerToken(body) {
  const fields = new URLSearchParams(body);
  const code = decode(fields.get("code"));
  if (code.challenge !== s256(fields.get("code_verifier"))) return json(400, { error: "invalid_grant", error_description: "the code verifier does not match" });
  const nonce = code.clientId === "app_replay" ? "another" : code.nonce;
  return json(200, { access_token: "pat_1", access_token_jwt: "a.b.c", id_token: `x.${encode({ nonce })}.y`, token_type: "Bearer", expires_in: 3600, scope: "openid" });
}

/** The proxy: says what arrived, or refuses. */
function answerProxy(world, url, request, body) {
  const { authorization, cookie, "content-type": kind } = request.headers;
  world.calls.push({ method: request.method, at: url.pathname + url.search, token: authorization?.replace(/^Bearer /, ""), cookie, kind, body: String(body ?? "") });
  if (url.pathname.endsWith("/forbidden")) return json(403, { error: "policy_denied", message: "no scope lets this call through" }, { "Procura-Refusal": "policy_denied" });
  if (url.pathname.endsWith("/missing")) return json(404, { error: "not there" });
  if (url.pathname.endsWith("/elsewhere")) return [302, { Location: "https://evil.test/" }, ""];
  return json(200, { echo: authorization });
}

/** A token of the tests says what it is good for. */
export const tokenFor = (facts = {}) => `tok.${encode({ sub: "ada", cid: "app_notes", resource: "iris:inference", life: 600, salt: Math.random(), ...facts })}.sig`;

function answerCheck(world, request, body) {
  const token = request.headers.authorization?.replace(/^Bearer /, "") ?? "";
  const asked = JSON.parse(body);
  const { sub, cid, resource, life } = token.startsWith("tok.") ? decode(token.split(".")[1]) : { sub: "ada", cid: "app_notes", resource: "iris:inference", life: 600 };
  world.checks.push({ asked, token, cookie: request.headers.cookie });
  if (asked.parent_origin !== world.app) return json(403, { error: "access_denied", error_description: "the page does not belong to the app" });
  const isVault = resource.startsWith("calendar:") && asked.target_origin === world.issuer;
  if (!isVault && asked.target_origin !== world.target && asked.target_origin !== "https://irischat.app") return json(403, { error: "target_origin_mismatch", error_description: "the target is somewhere else" });
  if (life <= 0) return json(401, { error: "token_expired", error_description: "the token has expired" });
  if (isVault) return json(200, { endpoint: `${world.issuer}/proxy/${resource}`, expires_at: (Date.now() / 1000) + life, kind: "vault", sub, cid, target_resource: resource });
  const endpoint = asked.target === "elsewhere" ? `${world.hostile}/run` : `${asked.target_origin}/run`;
  return json(200, { endpoint, expires_at: (Date.now() / 1000) + life, kind: "app", sub, cid, target_resource: resource });
}

export function answerAsIssuer(world, url, request, body) {
  world.seen.push(`${request.method} ${url.pathname}${url.search}`);
  if (url.pathname.startsWith("/proxy/")) return answerProxy(world, url, request, body);
  if (request.method === "OPTIONS") return [204, cors, ""];
  if (url.pathname === "/assets/style.css") return [200, { "Content-Type": "text/css" }, scriptOf("style.css")];
  const asset = /^\/assets\/(gate|relay|runtime)\.js$/.exec(url.pathname)?.[1];
  if (asset) return [200, { "Content-Type": "text/javascript" }, scriptOf(`${asset}.js`)];
  switch (url.pathname) {
    case "/sdk/js/embed.js":
      return [200, { "Content-Type": "text/javascript", ...cors }, embed];
    case "/signin":
    case "/connect":
      return answerAsk(world, url, request);
    case "/decide":
      return relayPage(world, url.searchParams, url.searchParams.get("decision") === "deny" ? refusal("access_denied") : success(world, url.searchParams));
    case "/consent":
      if (request.method !== "POST" || request.headers["x-procura-embed"] !== "1") return [403, {}, ""];
      return [200, { "Content-Type": "text/html" }, consentForm(url)];
    case "/connect/runtime":
      return page(world, `<main><p id="state" role="status"></p></main><script type="module" src="/assets/runtime.js"></script>`, `${world.target} ${world.hostile} https://irischat.app`);
    case "/connect/runtime/check":
      return answerCheck(world, request, body);
    case "/api/oauth/token":
      return answerToken(body);
    default:
      return [404, {}, ""];
  }
}
