// Svelte, Convex and React around a session.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { it } from "node:test";
import { StrictMode, createElement } from "react";
import { createRoot } from "react-dom/client";
import { renderToString } from "react-dom/server";
import { wireAveSessionToConvex } from "../dist/convex.js";
import { AveConvexBridge, AveSessionProvider, useAveSession } from "../dist/next.js";
import { aveSessionToStore } from "../dist/svelte.js";
import { OAUTH, Server, answer, sessionFor, settle, snapshot, storageWith, stub, until } from "./session-world.js";

it("svelte: calls at once, then on change, and stops when asked", async (t) => {
  const session = sessionFor(t, new Server());
  const store = aveSessionToStore(session);
  const seen = [];
  const stop = store.subscribe(({ status, snapshot }) => seen.push([status, snapshot?.access_token]));
  assert.deepEqual(seen, [["loading", undefined]]);
  await session.setTokensFromResponse(answer(1));
  stop();
  await session.signOut();
  assert.deepEqual(seen, [["loading", undefined], ["signedOut", undefined], ["signedIn", "opaque-1"]]);
});

/** A Convex client: it asks once after `setAuth`, and then no more if it got nothing. */
class Convex {
  tokens = [];
  calls = [];
  setAuth(fetchToken) {
    this.calls.push("set");
    this.fetchToken = fetchToken;
    fetchToken({ forceRefreshToken: false }).then((token) => this.tokens.push(token));
    return this.undo;
  }
  clearAuth() {
    this.calls.push("clear");
  }
}

it("convex: a function that gives the ID token, through sign-in and sign-out", async (t) => {
  const session = sessionFor(t, new Server());
  const client = new Convex();
  const dispose = wireAveSessionToConvex(client, session);
  await until(() => client.tokens.length === 1);
  assert.deepEqual(client.tokens, [undefined]);
  const { id_token } = answer(1);
  await session.setTokensFromResponse(answer(1, { id_token }));
  await until(() => client.tokens.length === 2);
  assert.deepEqual(client.tokens, [undefined, id_token]);
  assert.equal(await client.fetchToken({ forceRefreshToken: true }), id_token);
  await session.signOut();
  await until(() => client.tokens.length === 3);
  assert.deepEqual(client.tokens, [undefined, id_token, undefined]);
  await session.setTokensFromResponse(answer(2));
  await until(() => client.tokens.length === 4);
  assert.equal(client.tokens.length, 4);
  dispose();
  dispose();
  assert.deepEqual(client.calls, ["set", "set", "set", "set", "clear"]);
  assert.equal(await client.fetchToken({ forceRefreshToken: false }), undefined);
  await session.signOut();
  assert.equal(client.calls.length, 5);
});

it("convex: no token while the server is down, and one again when it is back", async (t) => {
  const server = new Server();
  server.instead = () => { throw new TypeError("offline"); };
  const session = sessionFor(t, server, { storage: storageWith(snapshot(1, -1)) });
  const client = new Convex();
  let undone = 0;
  client.undo = () => (undone += 1);
  const dispose = wireAveSessionToConvex(client, session);
  await until(() => client.tokens.length === 1);
  assert.deepEqual(client.tokens, [undefined]);
  server.instead = undefined;
  await session.getValidAccessToken();
  await until(() => client.tokens.length === 2);
  assert.equal(typeof client.tokens[1], "string");
  assert.equal(undone, 1);
  dispose();
  assert.equal(undone, 2);
});

/** As much of a page as React needs to mount something without elements. */
function mountable(t) {
  const node = () => ({ nodeType: 1, addEventListener() {}, removeEventListener() {}, appendChild() {}, removeChild() {}, textContent: "" });
  const document = { ...node(), nodeType: 9, activeElement: null, createElement: node };
  const container = { ...node(), tagName: "DIV", nodeName: "DIV", ownerDocument: document };
  document.documentElement = container;
  stub(t, "window", { document, addEventListener() {}, removeEventListener() {}, HTMLIFrameElement: class {}, event: undefined });
  stub(t, "document", document);
  return createRoot(container);
}

const element = createElement;

function Show({ onRender }) {
  onRender(useAveSession());
  return null;
}

it("react: tells the server nothing, and starts nothing there", () => {
  const options = { oauth: OAUTH, storage: { load() { throw new Error("must not be read"); }, save() {} } };
  const Page = () => {
    const { status, isHydrated, snapshot, session } = useAveSession();
    return element("p", null, `${status} ${isHydrated} ${snapshot} ${typeof session.signOut}`);
  };
  assert.equal(renderToString(element(AveSessionProvider, { options }, element(Page))), "<p>loading false null function</p>");
});

it("react: useAveSession outside of a provider says what is missing", () => {
  assert.throws(() => renderToString(element(Show, { onRender() {} })), /needs an AveSessionProvider/);
});

it("react: the module is a client module and needs no JSX runtime", async () => {
  const source = await readFile(new URL("../dist/next.js", import.meta.url), "utf8");
  assert.match(source, /^"use client";/);
  assert.doesNotMatch(source, /jsx-runtime/);
});

async function destroyed(session) {
  let error;
  await until(() => (session.getValidAccessToken().catch((thrown) => (error = thrown)), error));
  assert.equal(error?.error, "session_destroyed");
}

it("react: one session while the options stay, a new one with new options, none after the end", async (t) => {
  const root = mountable(t);
  for (const Mode of [StrictMode, ({ children }) => children]) {
    const seen = [];
    const onRender = (value) => seen.push(value);
    const show = (options) => root.render(element(Mode, null, element(AveSessionProvider, { options }, element(Show, { onRender }))));
    const options = { oauth: OAUTH, storage: storageWith(snapshot(1)), fetch: new Server().fetch };
    show(options);
    await until(() => seen.at(-1)?.isHydrated);
    const { session, status, isHydrated, snapshot: held } = seen.at(-1);
    assert.deepEqual([status, isHydrated, held.access_token], ["signedIn", true, "opaque-1"]);
    // Strict mode has ended and begun every effect by now.
    await settle();
    assert.equal(await session.getValidAccessToken(), "opaque-1");
    const renders = seen.length;
    show(options);
    await until(() => seen.length > renders);
    assert.equal(seen.at(-1).session, session);

    show({ ...options, storage: storageWith() });
    await until(() => seen.at(-1).status === "signedOut");
    assert.notEqual(seen.at(-1).session, session);
    assert.equal(seen.at(-1).status, "signedOut");
    await destroyed(session);
    await seen.at(-1).session.setTokensFromResponse(answer(4));
    await until(() => seen.at(-1).snapshot);
    assert.equal(seen.at(-1).snapshot.access_token, "opaque-4");

    const last = seen.at(-1).session;
    root.render(null);
    await destroyed(last);
  }
});

it("react: the bridge wires the client and lets it go", async (t) => {
  const root = mountable(t);
  const client = new Convex();
  const options = { oauth: OAUTH, storage: storageWith(snapshot(1)), fetch: new Server().fetch };
  root.render(element(AveSessionProvider, { options }, element(AveConvexBridge, { client })));
  await until(() => client.tokens.length);
  assert.equal(typeof client.tokens[0], "string");
  root.render(null);
  await until(() => client.calls.at(-1) === "clear");
  assert.equal(client.calls.at(-1), "clear");
});
