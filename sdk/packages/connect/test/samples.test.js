// The code of the seed's guide, unchanged, with `@alter-ai/connect` as an alias of this package.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { build } from "esbuild";
import { grant, heard, makeWorld, session, source, until } from "./world.js";

let world;
before(async () => { world = await makeWorld(); });
after(() => world.end());

const sample = (name) => source(`samples/${name}`);
const answer = (popup) => popup.evaluate((grants) => post({ type: "alter_connect_success", grants }), [grant()]);

/** The button and the callbacks that the sample leaves to its reader. */
const BUTTON = `
window.log = [];
document.getElementById("go").addEventListener("click", () => alterConnect.open({
  token: window.token,
  onSuccess: (connection) => log.push(["success", connection]),
  onError: (error) => log.push(["error", error]),
  onExit: () => log.push(["exit"]),
  onEvent: (eventName, metadata) => log.push(["event", eventName]),
}));
window.isUp = true;`;

async function press({ page, context }) {
  await page.evaluate((token) => { window.token = token; }, session(world));
  const [popup] = await Promise.all([context.waitForEvent("page"), page.click("#go")]);
  await popup.waitForFunction(() => window.post);
  return popup;
}

const OUTCOME = [["event", "OPEN"], ["event", "OAUTH_COMPLETE"], ["success", grant()]];

describe("the samples", { concurrency: 3 }, () => {
  it("create.js as a module from the server itself, which needs no other address", async () => {
    world.scripts.set("/create.js", sample("create.js") + BUTTON);
    const visit = await world.visit({ path: "/?script=/create.js" });
    await answer(await press(visit));
    assert.deepEqual(await heard(visit.page, "success"), OUTCOME);
    await until(() => visit.logs.filter((line) => line.startsWith("[AlterConnect]")).length === 3, "the log of debug");
    await visit.close();
  });

  for (const [how, conditions] of [["import", ["import"]], ["require", ["require"]]]) {
    it(`create.js in a bundle that takes the package by ${how}, with the server named when it is built`, async () => {
      const { outputFiles } = await build({
        stdin: { contents: sample("create.js") + BUTTON, resolveDir: new URL(".", import.meta.url).pathname }, bundle: true, write: false, format: "esm", conditions,
        alias: { "@alter-ai/connect": new URL(`../dist/alter-connect.${how === "import" ? "esm.js" : "cjs"}`, import.meta.url).pathname }, define: { "process.env.PROCURA_ISSUER": JSON.stringify(world.issuer) },
      });
      world.scripts.set(`/${how}.js`, outputFiles[0].text);
      const visit = await world.visit({ path: `/?script=/${how}.js` });
      await answer(await press(visit));
      assert.deepEqual(await heard(visit.page, "success"), OUTCOME);
      await visit.close();
    });
  }

  it("script.html: the global is the class; from a foreign host it has to be told the server", async () => {
    world.scripts.set("/tag.js", `AlterConnect.configure({ baseURL: ${JSON.stringify(world.issuer)} }); const alterConnect = AlterConnect.create({ debug: true });${BUTTON}`);
    const context = { path: "/?script=/tag.js" };
    world.head = sample("script.html");
    try {
      const visit = await world.visit({ ...context, route: ["https://cdn.jsdelivr.net/npm/@alter-ai/connect@latest/dist/alter-connect.umd.js", world.umd] });
      await answer(await press(visit));
      assert.deepEqual(await heard(visit.page, "success"), OUTCOME);
      await visit.close();
    } finally {
      world.head = undefined;
    }
  });

  it("a script tag from the server itself needs nothing", async () => {
    world.scripts.set("/own.js", `const alterConnect = AlterConnect.create();${BUTTON}`);
    const visit = await world.visit({ path: "/?umd&script=/own.js" });
    assert.equal(await visit.page.evaluate(() => typeof AlterConnect), "function");
    await answer(await press(visit));
    assert.deepEqual(await heard(visit.page, "success"), OUTCOME);
    await visit.close();
  });

  it("the React example of the README connects, survives strict mode, and picks up a redirect", async () => {
    const example = /```jsx\n([^]*?)```/.exec(source("../README.md"))[1];
    const { outputFiles } = await build({
      stdin: {
        contents: `${example}\nimport { createRoot } from "react-dom/client";\nimport { StrictMode } from "react";\nwindow.log = [];
          createRoot(document.getElementById("root")).render(<StrictMode><ConnectButton fetchToken={async () => window.token} onConnected={(connection) => log.push(["success", connection])} /></StrictMode>);\nwindow.isUp = true;`,
        loader: "jsx", resolveDir: new URL(".", import.meta.url).pathname,
      },
      bundle: true, write: false, format: "esm", jsx: "automatic", define: { "process.env.PROCURA_ISSUER": JSON.stringify(world.issuer), "process.env.NODE_ENV": '"development"' },
    });
    world.scripts.set("/react.js", outputFiles[0].text);
    const token = session(world);
    const visit = await world.visit({ path: "/?script=/react.js", init: `window.token = ${JSON.stringify(token)};` });
    const { page, context } = visit;
    await page.waitForSelector("#root button:enabled");
    const [popup] = await Promise.all([context.waitForEvent("page"), page.click("#root button")]);
    await popup.waitForFunction(() => window.post);
    await page.waitForSelector("#root button:disabled");
    await answer(popup);
    assert.deepEqual(await heard(page, "success"), [["success", grant()]]);
    await page.waitForSelector("#root button:enabled");
    world.sessions.set(token, { status: "completed", grants: [grant()] });
    await page.evaluate(([token, base]) => sessionStorage.setItem("alter_connect_state", JSON.stringify({ base, token, timestamp: Date.now() })), [token, world.issuer]);
    await page.goto(`${world.app}/?script=/react.js&alter_connect_success=true&grant_id=g&provider=google&account_identifier=a`);
    await page.waitForFunction(() => window.isUp);
    assert.deepEqual(await heard(page, "success"), [["success", grant()]]);
    assert.deepEqual(visit.logs.filter((line) => /pageerror|Warning/.test(line)), []);
    await visit.close();
  });

  it("types.ts and open.ts say what the package's types say", () => {
    const folder = mkdtempSync(new URL("types-", import.meta.url).pathname);
    try {
      // The sample of open() is a list of options: read as the members of a type.
      const members = sample("open.ts").split("\n").slice(1, 6).join("\n");
      writeFileSync(`${folder}/seed.ts`, `import AlterConnect, { type AlterError as OurError, type Connection as OurConnection } from "@procura/connect";
        ${sample("types.ts")}
        type Options = { ${members} };
        declare const connection: Connection, ours: OurConnection, error: AlterError, ourError: OurError, options: Options;
        export const same: [Connection, OurConnection, AlterError, OurError] = [ours, connection, ourError, error];
        export const opened: Promise<void> = AlterConnect.create({ debug: true }).open(options);`);
      writeFileSync(`${folder}/tsconfig.json`, JSON.stringify({ compilerOptions: { strict: true, noEmit: true, target: "es2022", module: "nodenext", moduleResolution: "nodenext", lib: ["es2022", "dom"], types: [] } }));
      execFileSync(process.execPath, [new URL("../../../node_modules/typescript/bin/tsc", import.meta.url).pathname, "-p", folder], { encoding: "utf8" });
    } catch (error) {
      assert.fail(error.stdout || error);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
