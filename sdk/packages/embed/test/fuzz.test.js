// Twenty thousand messages from people who have no say: from the app's own window and from a hostile frame, to the app and to
// the issuer's frames. None of them may change anything.

import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { tokenFor } from "./issuer.js";
import { issuerFrame, logOf, makeWorld, pause, until } from "./world.js";

let world;
before(async () => { world = await makeWorld(); });
after(() => world.end());

const COUNT = 10_000;

/** Runs in a page: sends random messages, most of them nearly right. */
function storm([where, count, facts]) {
  let seed = 7;
  const chance = (below) => { seed = (seed * 1103515245 + 12345) % 2147483648; return seed % below; };
  const pick = (list) => list[chance(list.length)];
  const types = ["ave:success", "ave:error", "ave:close", "ave:ready", "ave:resize", "ave:auth_required", "ave:connector:init", "ave:connector:update",
    "ave:connector:request", "ave:connector:abort", "ave:connector:destroy", "ave:connector:hello", "ave:connector:ready", "ave:connector:event",
    "ave:connector:error", "", "__proto__", null, 7, {}];
  const values = [undefined, null, 0, -1, NaN, "", "x", [], {}, facts.callback, facts.token, "popup_blocked", "javascript:alert(1)", { type: "complete" }, new Date(0)];
  const names = ["redirectUrl", "error", "message", "height", "reason", "url", "delegatedToken", "target", "targetOrigin", "mode", "id", "op", "payload", "type", "data"];
  const shape = () => Object.fromEntries(Array.from({ length: chance(6) }, () => [pick(names), pick(values)]));
  const good = { redirectUrl: facts.callback, delegatedToken: facts.token, target: "iris", targetOrigin: facts.target, mode: "user_present", error: "access_denied", id: "r1", op: "echo", type: "complete" };
  const receivers = [];
  if (where === "parent") receivers.push(window.parent);
  if (where === "gate") receivers.push(document.querySelector("dialog iframe").contentWindow);
  // A frame reaches its neighbours through their common parent.
  if (where === "neighbours") for (let at = 0; at < parent.length; at += 1) if (parent[at] !== window) receivers.push(parent[at]);
  for (let at = 0; at < count; at += 1) {
    const message = pick([() => ({ type: pick(types), payload: shape() }), () => ({ type: pick(types), payload: good, relay: facts.relay }), () => pick(values), () => ({ ...shape(), type: pick(types) })])();
    for (const receiver of receivers) receiver.postMessage(message, "*");
  }
}

async function withHostileFrame(page) {
  await page.evaluate(([hostile]) => {
    const frame = document.createElement("iframe");
    frame.src = hostile;
    document.body.append(frame);
  }, [world.hostile]);
  return until(() => page.frames().find((frame) => frame.url().startsWith(world.hostile)), "the hostile frame");
}

it("a hostile frame and the page itself change nothing for the host", async () => {
  const { page, context, close } = await world.visit();
  const hostile = await withHostileFrame(page);
  await page.evaluate(([target, token]) => {
    const redirectUri = `${location.origin}/callback`;
    window.events = [];
    embed.openAveSheet({ clientId: "app_gate", redirectUri, ...told() });
    embed.mountAveEmbed({ clientId: "app_gate", redirectUri, container: document.getElementById("root"), ...told({ onTokens: (tokens) => log.push(["tokens", tokens]) }) });
    embed.openAveConnectorSheet({ clientId: "app_gate", redirectUri, resource: "iris:inference", scope: "ask", ...told() });
    window.runtime = embed.openAveConnectorRuntime({ delegatedToken: token, target: "iris", targetOrigin: target, onEvent: (event) => events.push(event), onReady: () => events.push("ready") });
  }, [world.target, tokenFor()]);
  await until(async () => (await page.evaluate(() => events)).includes("ready"));
  const facts = { callback: `${world.app}/callback?code=evil`, token: tokenFor({ sub: "eve" }), target: world.target, relay: "x" };
  const before = await page.evaluate(() => document.querySelectorAll("iframe, dialog").length);
  await hostile.evaluate(storm, ["parent", COUNT, facts]);
  // The page's own window is the app's origin, which is not the issuer's.
  await page.evaluate(storm, ["parent", COUNT, facts]);
  // A window of the issuer that no flow has opened: right origin, wrong source.
  const [stranger] = await Promise.all([context.waitForEvent("page"), page.evaluate(([issuer]) => { window.open(`${issuer}/signin`, "stranger"); }, [world.issuer])]);
  await stranger.waitForSelector("#allow");
  await stranger.evaluate(([callback]) => {
    for (const type of ["ave:success", "ave:error", "ave:close", "ave:connector:event", "ave:connector:error"]) opener.postMessage({ type, payload: { type: "complete", redirectUrl: callback, error: "x" } }, "*");
  }, [facts.callback]);
  await pause(1000);
  assert.deepEqual([await logOf(page), await page.evaluate(() => events)], [[], ["ready"]]);
  assert.equal(await page.evaluate(() => document.querySelectorAll("iframe, dialog").length), before);
  assert.equal(page.url(), `${world.app}/`);
  await close();
});

it("a hostile frame changes nothing for the runtime and the gate", async () => {
  const { page, context, close } = await world.visit();
  const hostile = await withHostileFrame(page);
  await page.evaluate(([target, token]) => {
    window.events = [];
    embed.openAveSheet({ clientId: "app_gate", redirectUri: `${location.origin}/callback`, ...told() });
    window.runtime = embed.openAveConnectorRuntime({ delegatedToken: token, target: "iris", targetOrigin: target, onEvent: (event) => events.push(event), onReady: () => events.push("ready") });
  }, [world.target, tokenFor()]);
  await until(async () => (await page.evaluate(() => events)).includes("ready"));
  const gate = await issuerFrame(page, world, "/signin");
  await gate.waitForSelector("#open:not([hidden])");
  await Promise.all([context.waitForEvent("page"), gate.click("#open")]);
  const relay = await gate.evaluate(() => document.querySelector("main").dataset.relayId);
  const [checks, calls] = [world.checks.length, world.calls.length];
  const evil = tokenFor({ sub: "eve" });
  const facts = { callback: `${world.app}/callback?code=evil`, token: evil, target: world.hostile, relay };
  await hostile.evaluate(storm, ["neighbours", COUNT, facts]);
  // The app's own page is the gate's parent, and may not answer in the popup's place.
  await page.evaluate(storm, ["gate", COUNT, facts]);
  await pause(1000);
  assert.deepEqual(await logOf(page), []);
  assert.deepEqual([world.checks.length, world.calls.length], [checks, calls]);
  assert.equal(await gate.textContent("#state"), "Go on in the window that has opened.");
  await close();
});

it("before its init the runtime takes no init but its parent's", async () => {
  const { page, close } = await world.visit();
  const hostile = await withHostileFrame(page);
  await page.evaluate(([issuer]) => {
    const frame = document.createElement("iframe");
    frame.src = `${issuer}/connect/runtime?target=iris&mode=user_present`;
    document.body.append(frame);
  }, [world.issuer]);
  await issuerFrame(page, world, "/connect/runtime");
  await pause(300);
  const before = world.checks.length;
  await hostile.evaluate(storm, ["neighbours", COUNT, { callback: "", token: tokenFor({ sub: "eve" }), target: world.target, relay: "" }]);
  await pause(500);
  assert.equal(world.checks.length, before);
  await close();
});

it("an issuer's page that says everything at once gets one outcome", async () => {
  const { page, close } = await world.visit();
  await page.evaluate(() => { embed.openAveSheet({ clientId: "app_gate", redirectUri: `${location.origin}/callback`, ...told() }); });
  const frame = await issuerFrame(page, world, "/signin");
  await frame.evaluate(([callback]) => {
    const messages = [{ type: "ave:success", payload: { redirectUrl: callback } }, { type: "ave:error", payload: { error: "access_denied" } }, { type: "ave:close" }, { type: "ave:auth_required", payload: { reason: "popup_blocked" } }];
    for (let at = 0; at < 50; at += 1) for (const message of messages) parent.postMessage(message, "*");
  }, [`${world.app}/callback?code=one`]);
  await until(async () => (await logOf(page)).length > 0);
  await pause(600);
  assert.deepEqual(await logOf(page), [["success", { redirectUrl: `${world.app}/callback?code=one` }]]);
  assert.equal(page.url(), `${world.app}/`);
  await close();
});
