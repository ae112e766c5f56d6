// The samples of the connector guide, unchanged. Plain ones run as modules behind an import map; those for React run in a real
// React app. What a sample leaves to its reader (a token, a button, a place on the page) stands around it, never in it.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { build } from "esbuild";
import { issuerFrame, makeWorld, source, until } from "./world.js";

let world;
before(async () => { world = await makeWorld(); });
after(() => world.end());

const sample = (name) => source(`samples/${name}`);

/** The places that the samples name, which are nobody's here. */
async function playOutside(context, calls) {
  await context.route("https://yourapp.com/**", (route) => route.fulfill({ contentType: "text/html", body: "callback" }));
  await context.route("https://irischat.app/**", (route) => {
    const headers = { "Access-Control-Allow-Origin": world.issuer, "Access-Control-Allow-Headers": "Authorization, Content-Type" };
    if (route.request().method() === "OPTIONS") return route.fulfill({ status: 204, headers });
    calls.push({ ...route.request().postDataJSON(), token: route.request().headers().authorization });
    return route.fulfill({ headers, json: { answer: "42" } });
  });
}

/** Opens a page whose only script is the sample, with what its reader would have around it. */
async function run(name, { prelude = "", epilogue = "" } = {}) {
  world.scripts.set(`/${name}`, `${prelude}\n${sample(name)}\n${epilogue}\nwindow.isUp = true;`);
  const visit = await world.visit({ path: "/blank" });
  const calls = [];
  await playOutside(visit.context, calls);
  visit.logs.length = 0;
  await visit.page.goto(`${world.app}/?script=/${name}`);
  return { ...visit, calls };
}

/** Builds a React app around the sample, as its reader would. */
async function runReact(name, usage) {
  const { outputFiles } = await build({
    stdin: { contents: `${sample(name)}\nimport { createRoot } from "react-dom/client";\nimport { StrictMode } from "react";\n${usage}`, loader: "jsx", resolveDir: new URL(".", import.meta.url).pathname },
    bundle: true,
    write: false,
    format: "esm",
    jsx: "automatic",
    alias: { "@ave-id/embed": new URL("../src/embed.js", import.meta.url).pathname },
    define: { "process.env.REACT_APP_AVE_CLIENT_ID": '"YOUR_CLIENT_ID"', "process.env.PROCURA_ISSUER": JSON.stringify(world.issuer), "process.env.NODE_ENV": '"development"' },
  });
  world.scripts.set(`/${name}`, outputFiles[0].text);
  const visit = await world.visit({ path: "/blank" });
  const calls = [];
  await playOutside(visit.context, calls);
  visit.logs.length = 0;
  await visit.page.goto(`${world.app}/?script=/${name}`);
  return { ...visit, calls };
}

/** Allows in the gate's popup. */
async function allow({ page, context }) {
  const frame = await issuerFrame(page, world, "/connect");
  const [popup] = await Promise.all([context.waitForEvent("page"), frame.click("#open")]);
  await popup.click("#allow");
}

describe("the samples", { concurrency: 3 }, () => {
  for (const [name, scope] of [["connector-basic.js", "resource.access"], ["connector-user-present.js", "calendar.read+calendar.write"]]) {
    it(`${name} asks the person and goes to the callback`, async () => {
      const visit = await run(name);
      await visit.page.waitForSelector("[role=dialog]");
      await allow(visit);
      await visit.page.waitForURL(/^https:\/\/yourapp\.com\/callback\?code=/);
      assert.ok(world.seen.some((line) => line.startsWith("GET /connect?client_id=YOUR_CLIENT_ID&redirect_uri=https%3A%2F%2Fyourapp.com%2Fcallback&") && line.includes(`scope=${scope}&mode=user_present`)));
      await visit.close();
    });
  }

  it("connector-background.js shows nothing and logs why it failed", async () => {
    const { page, logs, close } = await run("connector-background.js");
    await until(() => logs.some((line) => line.startsWith("Silent authorization failed:")), "the log");
    assert.match(logs.find((line) => line.startsWith("Silent")), /consent_required/);
    assert.equal(await page.evaluate(() => document.querySelectorAll("dialog, iframe").length), 0);
    await close();
  });

  it("connector-calendar.js tells a dismissal, a denial and a success", async () => {
    const visit = await run("connector-calendar.js", { epilogue: 'document.getElementById("go").addEventListener("click", authorizeGoogleCalendar);' });
    const { page, context, logs } = visit;
    await page.click("#go");
    await page.click("[role=dialog] [aria-label=Close]");
    await until(() => logs.includes("User cancelled calendar authorization"), "the log");
    await page.waitForSelector("dialog", { state: "detached" });
    await page.click("#go");
    const frame = await issuerFrame(page, world, "/connect");
    const [popup] = await Promise.all([context.waitForEvent("page"), frame.click("#open")]);
    await popup.click("#deny");
    await until(() => logs.some((line) => line.startsWith("Calendar authorization failed:")), "the log");
    await page.waitForSelector("dialog", { state: "detached" });
    await page.click("#go");
    await allow(visit);
    await page.waitForURL(/^https:\/\/yourapp\.com\/connector\/callback\?code=/);
    assert.equal(logs.filter((line) => line === "User cancelled calendar authorization").length, 1);
    await visit.close();
  });

  it("connector-react.jsx is a button that waits, and can be pressed again", async () => {
    const visit = await runReact("connector-react.jsx", 'createRoot(document.getElementById("root")).render(<StrictMode><CalendarConnect /></StrictMode>);');
    const { page } = visit;
    await page.click("text=Connect Google Calendar");
    await page.waitForSelector("button:disabled >> text=Authorizing...");
    await page.keyboard.press("Escape");
    await page.click("text=Connect Google Calendar");
    await allow(visit);
    await page.waitForURL(`${world.app}/connector/callback?code=**`);
    await visit.close();
  });

  it("runtime-basic.js sends before the runtime is ready, and logs the events", async () => {
    const { calls, logs, close } = await run("runtime-basic.js");
    await until(() => logs.some((line) => line.includes("complete")), "the events");
    assert.deepEqual(calls.map(({ op, payload, token }) => ({ op, payload, token })), [{ op: "infer", payload: { prompt: "hello" }, token: "Bearer DELEGATED_TOKEN" }]);
    assert.ok(!logs.some((line) => line.includes("DELEGATED_TOKEN")));
    await close();
  });

  it("runtime-send.js works without a mode", async () => {
    const { calls, logs, close } = await run("runtime-send.js", { prelude: 'import { openAveConnectorRuntime } from "@ave-id/embed"; const token = "DELEGATED_TOKEN";' });
    await until(() => logs.filter((line) => line.startsWith("Runtime event:")).length === 2, "the events");
    assert.deepEqual(calls[0].payload, { prompt: "What's the weather today?", model: "gpt-4" });
    await close();
  });

  it("runtime-events.js tells responses, ends and errors apart", async () => {
    const { page, context, logs, close } = await run("runtime-events.js", { epilogue: "window.runtime = runtime;" });
    await page.waitForFunction(() => window.runtime);
    await page.evaluate(() => { runtime.send({ op: "infer", payload: {} }); });
    await until(() => logs.includes("Operation complete"), "the end");
    assert.ok(logs.some((line) => line.startsWith("Got response:")));
    await context.route("https://irischat.app/**", (route) => route.fulfill({ status: 403, headers: { "Access-Control-Allow-Origin": world.issuer, "Access-Control-Allow-Headers": "*, Authorization" }, json: { error: "access_denied" } }));
    await page.evaluate(() => { runtime.send({ op: "infer", payload: {} }); });
    await until(() => logs.includes("Runtime error: access_denied"), "the error");
    await close();
  });

  it("runtime-inference.js asks and shows the answer", async () => {
    const prelude = 'const delegatedToken = "DELEGATED_TOKEN"; window.shown = []; const displayAIResponse = (data) => shown.push(data); const handleError = (error) => shown.push(error);';
    const { page, calls, close } = await run("runtime-inference.js", { prelude });
    await until(async () => (await page.evaluate(() => window.shown ?? [])).length > 0, "the answer");
    assert.deepEqual(await page.evaluate(() => shown), [{ answer: "42" }]);
    assert.deepEqual(calls[0].payload, { prompt: "Explain quantum computing" });
    await close();
  });

  it("runtime-react.jsx survives renders and strict mode, and shows the events", async () => {
    const { page, calls, logs, close } = await runReact("runtime-react.jsx", `
      function App() { const [count, setCount] = useState(0); return <><button onClick={() => setCount(count + 1)}>Render {count}</button><AIChat delegatedToken="DELEGATED_TOKEN" /></>; }
      createRoot(document.getElementById("root")).render(<StrictMode><App /></StrictMode>);`);
    await page.click("text=Send");
    await page.waitForSelector("text=/complete/");
    const frames = await page.evaluate(() => document.querySelectorAll("iframe").length);
    for (let at = 0; at < 5; at += 1) await page.click("text=/^Render/");
    await page.click("text=Send");
    await until(async () => (await page.locator("text=/complete/").count()) === 2, "the second answer");
    assert.equal(await page.evaluate(() => document.querySelectorAll("iframe").length), frames);
    assert.deepEqual(calls.map(({ op }) => op), ["infer", "infer"]);
    assert.deepEqual(logs.filter((line) => line.startsWith("pageerror")), []);
    await close();
  });
});
