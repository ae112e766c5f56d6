// A small world on loopback: an issuer with the real page scripts, an app, a hostile site and a target, each an origin of its own,
// and a browser that visits them.

import { createHash, randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { chromium } from "playwright-core";
import { answerAsIssuer } from "./issuer.js";
import { answerAsTarget } from "./target.js";

const here = new URL(".", import.meta.url);

/** @param {string} path relative to this folder */
export const source = (path) => readFileSync(new URL(path, here), "utf8");

/** Starts a server; the handler gets the URL and the body, and answers [status, headers, body] or writes by itself. */
async function serve(handler) {
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const url = new URL(request.url, `http://${request.headers.host}`);
    const answer = await handler(url, request, Buffer.concat(chunks).toString(), response);
    if (!answer) return;
    const [status, headers, body] = answer;
    response.writeHead(status, headers);
    response.end(body);
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  return { server, origin: `http://localhost:${server.address().port}` };
}

const html = (body, headers = {}) => [200, { "Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", ...headers }, `<!doctype html><html lang="en"><meta charset="utf-8"><title>Page</title>${body}`];

/** The app's page: under a strict policy, so that the tests prove what a host must allow. */
function appPage(world, script, opener) {
  const nonce = randomUUID();
  const map = JSON.stringify({ imports: { "@ave-id/embed": `${world.issuer}/sdk/js/embed.js`, "@procura/embed": `${world.issuer}/sdk/js/embed.js` } });
  const policy = `default-src 'none'; script-src 'self' 'nonce-${nonce}' ${world.issuer}; frame-src ${world.issuer} ${world.hostile}; connect-src ${world.issuer}`;
  return html(
    `<body><script nonce="${nonce}" type="importmap">${map}</script><button id="go">Sign in</button><div id="root"></div><div id="tall"></div>
    <script nonce="${nonce}" type="module" src="${script}"></script></body>`,
    { "Content-Security-Policy": policy, ...(opener && { "Cross-Origin-Opener-Policy": opener }) },
  );
}

const APP_SCRIPT = `
import * as embed from "@procura/embed";
window.embed = embed;
window.log = [];
window.told = (extra = {}) => ({
  onSuccess: (value) => log.push(["success", value]),
  onError: (value) => log.push(["error", value]),
  onClose: () => log.push(["close"]),
  ...extra,
});
document.getElementById("tall").style.height = "3000px";
document.getElementById("go").addEventListener("click", () => window.next?.());
window.isUp = true;
`;

export async function makeWorld() {
  const world = { scripts: new Map(), checks: [], calls: [], seen: [] };
  const issuer = await serve((...all) => answerAsIssuer(world, ...all));
  const target = await serve((...all) => answerAsTarget(world, ...all));
  const hostile = await serve((url) => html("<body><p>Hostile</p></body>"));
  const app = await serve((url) => {
    if (url.pathname === "/app.js") return [200, { "Content-Type": "text/javascript" }, APP_SCRIPT];
    if (world.scripts.has(url.pathname)) return [200, { "Content-Type": "text/javascript" }, world.scripts.get(url.pathname)];
    if (url.pathname === "/callback" || url.pathname === "/ave/callback") return html("<body><p>Callback</p></body>");
    if (url.pathname === "/favicon.ico") return [204, {}, ""];
    return appPage(world, url.searchParams.get("script") ?? "/app.js", url.searchParams.get("opener"));
  });
  Object.assign(world, { issuer: issuer.origin, target: target.origin, hostile: hostile.origin, app: app.origin });
  const executablePath = process.env.PROCURA_CHROMIUM ?? "/usr/bin/chromium";
  if (!existsSync(executablePath)) throw new Error(`no browser at ${executablePath}; set PROCURA_CHROMIUM`);
  // With the browser's own popup blocker, which the driver would turn off.
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"], ignoreDefaultArgs: ["--disable-popup-blocking"] });
  world.browser = browser;

  /** A page of the app, ready; `messages` is all that any window of the page was sent, `logs` all that was logged. */
  world.visit = async ({ path = "/", init, context: options, waitFor = true } = {}) => {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    const logs = [];
    page.on("console", (message) => logs.push(message.text()));
    page.on("pageerror", (error) => logs.push(`pageerror ${error.message}`));
    if (init) await context.addInitScript(init);
    await page.goto(world.app + path);
    if (waitFor) await page.waitForFunction(() => window.isUp);
    return { page, context, logs, close: () => context.close() };
  };
  world.end = async () => {
    await browser.close();
    for (const { server } of [issuer, target, hostile, app]) {
      server.closeAllConnections();
      server.close();
    }
  };
  return world;
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

/** The frame of the issuer in the page, once it has loaded. */
export async function issuerFrame(page, world, part = "/") {
  return until(() => page.frames().find((frame) => frame !== page.mainFrame() && frame.url().startsWith(world.issuer + part)), "the issuer's frame");
}

export const s256 = (verifier) => createHash("sha256").update(verifier).digest("base64url");
