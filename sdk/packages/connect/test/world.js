// A small world on loopback: an issuer with the hosted page and the result of sessions, a provider that cuts its opener off, an app and
// a hostile site, each an origin of its own, and a browser that visits them. What the hosted page does next, a test says.

import { createHash, randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { chromium } from "playwright-core";
import { builds } from "../scripts/wrap.js";

const here = new URL(".", import.meta.url);

/** @param {string} path relative to this folder */
export const source = (path) => readFileSync(new URL(path, here), "utf8");

const widget = source("../src/connect.js");
const umd = builds["alter-connect.umd.js"](widget);
const cors = { "Access-Control-Allow-Origin": "*" };
const script = (body) => [200, { "Content-Type": "text/javascript", ...cors }, body];
const html = (body, headers = {}) => [200, { "Content-Type": "text/html; charset=utf-8", ...headers }, `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Page</title>${body}`];

async function serve(handler) {
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const [status, headers, body] = handler(new URL(request.url, `http://${request.headers.host}`), request, Buffer.concat(chunks).toString());
    response.writeHead(status, headers);
    response.end(body);
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  return { server, origin: `http://localhost:${server.address().port}` };
}

/** The app's page under a strict policy, so that the tests prove what a host must allow. */
function appPage(world, { searchParams: query }) {
  const nonce = randomUUID();
  const map = JSON.stringify({ imports: { "@alter-ai/connect": `${world.issuer}/sdk/js/connect.js`, "@procura/connect": `${world.issuer}/sdk/js/connect.js` } });
  const policy = `default-src 'none'; script-src 'self' 'nonce-${nonce}' ${world.issuer} https://cdn.jsdelivr.net; frame-src ${world.issuer} ${world.hostile}; connect-src ${query.has("deaf") ? "'self'" : world.issuer}`;
  return html(
    `<body>${query.has("umd") ? `<script nonce="${nonce}" src="${world.issuer}/sdk/js/alter-connect.umd.js"></script>` : ""}${world.head ?? ""}
    <script nonce="${nonce}" type="importmap">${map}</script><button id="go">Connect</button><div id="root"></div>
    <script nonce="${nonce}" type="module" src="${query.get("script") ?? "/app.js"}"></script></body>`,
    { "Content-Security-Policy": policy },
  );
}

/** The module comes from the server itself, so the server is known. */
const APP_SCRIPT = `
import AlterConnect from "@alter-ai/connect";
window.AlterConnect = AlterConnect;
window.log = [];
window.told = (extra = {}) => ({
  onSuccess: (value) => log.push(["success", value]),
  onError: (value) => log.push(["error", value]),
  onExit: () => log.push(["exit"]),
  onEvent: (name, { timestamp, ...metadata }) => log.push(["event", name, metadata]),
  ...extra,
});
document.getElementById("go").addEventListener("click", () => window.next());
window.onCreate?.();
window.isUp = true;
`;

function answerResult(world, request, body) {
  const headers = { ...cors, "Access-Control-Allow-Headers": "Content-Type", "Access-Control-Allow-Methods": "POST, OPTIONS" };
  if (request.method === "OPTIONS") return [204, headers, ""];
  const { session_token: token } = JSON.parse(body);
  world.asked.push({ token, cookie: request.headers.cookie, type: request.headers["content-type"] });
  if (request.headers.origin !== world.app) return [403, headers, "{}"];
  return [200, { ...headers, "Content-Type": "application/json" }, JSON.stringify(world.sessions.get(token) ?? { status: "expired" })];
}

/** The hosted page: `post` tells the app, as the real one does. */
function hostedPage(world) {
  const nonce = randomUUID();
  return html(`<body><h1>Hosted page</h1><script nonce="${nonce}">
    window.token = decodeURIComponent(location.hash.slice("#session=".length));
    window.post = (message) => opener.postMessage(message, ${JSON.stringify(world.app)});
    document.cookie = "issuer=1";</script></body>`, {
    "Content-Security-Policy": `default-src 'none'; script-src 'nonce-${nonce}'; frame-ancestors *`, "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
  });
}

export async function makeWorld() {
  const world = { scripts: new Map(), sessions: new Map(), asked: [], seen: [] };
  const issuer = await serve((url, request, body) => {
    world.seen.push(`${request.method} ${url.pathname}${url.search}`);
    if (url.pathname === "/sdk/js/connect.js") return script(widget);
    if (url.pathname === "/sdk/js/alter-connect.umd.js") return script(umd);
    if (url.pathname.endsWith("/sdk/oauth/connect/session/result")) return answerResult(world, request, body);
    if (url.pathname.endsWith("/sdk/oauth/connect")) return hostedPage(world);
    return [404, {}, ""];
  });
  const provider = await serve(() => html("<body><h1>Provider</h1></body>", { "Cross-Origin-Opener-Policy": "same-origin" }));
  const hostile = await serve(() => html("<body><p>Hostile</p></body>"));
  const app = await serve((url) => {
    if (url.pathname === "/app.js") return script(APP_SCRIPT);
    if (world.scripts.has(url.pathname)) return script(world.scripts.get(url.pathname));
    if (url.pathname === "/favicon.ico") return [204, {}, ""];
    return appPage(world, url);
  });
  Object.assign(world, { issuer: issuer.origin, provider: provider.origin, hostile: hostile.origin, app: app.origin, umd });
  const executablePath = process.env.PROCURA_CHROMIUM ?? "/usr/bin/chromium";
  if (!existsSync(executablePath)) throw new Error(`no browser at ${executablePath}; set PROCURA_CHROMIUM`);
  // With the browser's own popup blocker and page cache, which the driver would turn off.
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"], ignoreDefaultArgs: ["--disable-popup-blocking", "--disable-back-forward-cache"] });

  /** A page of the app, ready; `logs` is all that was logged, with what was thrown. */
  world.visit = async ({ path = "/", init, context: options, clock = false, route } = {}) => {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    if (clock) await page.clock.install();
    const logs = [];
    page.on("console", (message) => logs.push(message.text()));
    page.on("pageerror", (error) => logs.push(`pageerror ${error.message}`));
    if (init) await context.addInitScript(init);
    if (route) await context.route(route[0], (it) => it.fulfill({ contentType: "text/javascript", body: route[1] }));
    await page.goto(world.app + path);
    await page.waitForFunction(() => window.isUp);
    return { page, context, logs, close: () => context.close() };
  };
  world.end = async () => {
    await browser.close();
    for (const { server } of [issuer, provider, hostile, app]) {
      server.closeAllConnections();
      server.close();
    }
  };
  return world;
}

let count = 0;

/** A session that the server knows: where it stands can be said later. */
export function session(world, standing = { status: "pending", stage: "page" }) {
  const token = `sess_${(count += 1)}+/=&${randomUUID()}`;
  world.sessions.set(token, standing);
  return token;
}

/** A session, as messages name it. */
export const nameOf = (token) => createHash("sha256").update(token).digest("hex");

export const grant = (more = {}) => ({
  grant_id: "0b0e7c7e-5d0a-4c43-9a63-0e4f0f6c7a11", provider: "google", provider_name: "Google", account_identifier: "ada@example.com",
  timestamp: "2026-11-28T10:00:00Z", operation: "creation", scopes: ["openid"], status: "active", ...more,
});

/** Opens the widget inside a click, and gives the popup. `create` goes to create(), the rest to open(). */
export async function connect(visit, { create = {}, ...options }) {
  const { page, context } = visit;
  await page.evaluate(([create, options]) => {
    window.next = () => {
      window.widget ??= AlterConnect.create(create);
      window.opened = widget.open({ ...told(), ...options });
    };
  }, [create, options]);
  const [popup] = await Promise.all([context.waitForEvent("page"), page.click("#go")]);
  popup.setDefaultTimeout(20_000);
  await popup.waitForFunction(() => window.post);
  return popup;
}

/** Waits until the condition holds; the page's own clock may be mocked, ours is not. */
export async function until(condition, what = "the condition") {
  for (let at = 0; at < 400; at += 1) {
    const value = await condition();
    if (value) return value;
    await pause(50);
  }
  throw new Error(`waited in vain for ${what}`);
}

export const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** What the app's callbacks were told so far. */
export const logOf = (page) => page.evaluate(() => window.log);

/** What they were told, once there is this one among it. */
export const heard = (page, kind) => until(async () => { const log = await logOf(page); return log.some(([name]) => name === kind) && log; }, kind);
