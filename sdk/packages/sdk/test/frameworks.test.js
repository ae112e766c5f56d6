import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { JSDOM } from "jsdom";
import { createMemoryStorage } from "../dist/session-storage.js";
import { snapshotFromTokenResponse } from "../dist/session.js";
import { aveSessionToStore } from "../dist/svelte.js";
import { wireAveSessionToConvex } from "../dist/convex.js";
import { withNavigator } from "./support/locks.js";
import { later } from "./support/page.js";

const tokens = { access_token: "pat_1", access_token_jwt: "a.b.c", id_token: "i.d.t", expires_in: 3600 };
const oauth = { clientId: "app_notes", redirectUri: "https://notes.test/callback", issuer: "https://id.test" };

describe("wireAveSessionToConvex", () => {
  it("gives a function that asks the session each time, and returns what setAuth returns", async () => {
    let fetchToken;
    const dispose = () => {};
    const answers = ["i.d.t", null, new Error("offline")];
    const session = { getValidIdToken: async () => { const next = answers.shift(); if (next instanceof Error) throw next; return next; } };
    assert.equal(wireAveSessionToConvex({ setAuth: (given) => ((fetchToken = given), dispose) }, session), dispose);
    assert.deepEqual([await fetchToken(), await fetchToken(), await fetchToken()], ["i.d.t", undefined, undefined]);
  });
});

describe("aveSessionToStore", () => {
  it("is a Svelte store: it calls at once, and gives the way to stop", async () => {
    const { AveSession } = await import("../dist/session.js");
    const session = new AveSession({ oauth, storage: createMemoryStorage(), crossTabSync: false });
    const heard = [];
    const stop = aveSessionToStore(session).subscribe(({ status }) => heard.push(status));
    assert.deepEqual(heard, ["loading"]);
    await session.hydrate();
    stop();
    await session.setTokensFromResponse(tokens);
    assert.deepEqual(heard, ["loading", "signedOut"]);
  });
});

describe("In React", () => {
  let dom, React, createRoot, renderToString, act, next, restore;
  const roots = [];
  before(async () => {
    dom = new JSDOM("<!doctype html><body></body>", { url: "https://notes.test/" });
    Object.assign(globalThis, { window: dom.window, document: dom.window.document, IS_REACT_ACT_ENVIRONMENT: true });
    restore = withNavigator(dom.window.navigator);
    React = await import("react");
    ({ createRoot } = await import("react-dom/client"));
    ({ renderToString } = await import("react-dom/server"));
    act = React.act;
    next = await import("../dist/next.js");
  });
  afterEach(async () => {
    await act(async () => roots.splice(0).forEach((root) => root.unmount()));
    await later();
  });
  after(() => {
    restore();
    dom.window.close();
    for (const name of ["window", "document", "IS_REACT_ACT_ENVIRONMENT"]) delete globalThis[name];
  });

  const seen = [];
  function Probe() {
    const value = next.useAveSession();
    seen.push(value);
    return React.createElement("p", null, `${value.status} ${value.isHydrated}`);
  }
  const optionsOf = (storage = createMemoryStorage()) => ({ oauth, storage, syncChannelName: `react_${Math.random()}` });
  const tree = (options, ...children) => React.createElement(next.AveSessionProvider, { options }, React.createElement(Probe), ...children);

  async function show(element) {
    const place = document.body.appendChild(document.createElement("div"));
    const root = createRoot(place);
    roots.push(root);
    const render = (what) => act(async () => (root.render(what), await later()));
    await render(element);
    return { place, render };
  }

  it("the provider shows the session's state, from the first render to the last change", async () => {
    seen.length = 0;
    const { place } = await show(tree(optionsOf()));
    assert.equal(seen[0].isHydrated, false);
    assert.equal(place.textContent, "signedOut true");
    await act(async () => seen.at(-1).session.setTokensFromResponse(tokens));
    assert.equal(place.textContent, "signedIn true");
    assert.equal(seen.at(-1).snapshot.access_token, "pat_1");
  });

  it("one session lives as long as its options do, in strict mode too", async () => {
    seen.length = 0;
    const options = optionsOf();
    const strict = (given) => React.createElement(React.StrictMode, null, tree(given));
    const { place, render } = await show(strict(options));
    await act(async () => later(10));
    const { session } = seen.at(-1);
    await render(strict(options));
    assert.equal(seen.at(-1).session, session);
    // It was not destroyed by strict mode's rehearsal: a change still shows.
    await act(async () => session.setTokensFromResponse(tokens));
    assert.equal(place.textContent, "signedIn true");
    await render(strict(optionsOf()));
    assert.notEqual(seen.at(-1).session, session);
    assert.equal(place.textContent, "signedOut true");
  });

  it("a stored session is there after hydration", async () => {
    const storage = createMemoryStorage();
    await storage.save(snapshotFromTokenResponse(tokens));
    const { place } = await show(tree(optionsOf(storage)));
    assert.equal(place.textContent, "signedIn true");
  });

  it("unmounting destroys the session", async () => {
    seen.length = 0;
    const { render } = await show(tree(optionsOf()));
    const { session } = seen.at(-1);
    let isDestroyed = false;
    const { destroy } = session;
    session.destroy = () => ((isDestroyed = true), destroy.call(session));
    await render(null);
    await later(10);
    assert.ok(isDestroyed);
  });

  it("useAveSession outside a provider says what is missing", () => {
    assert.throws(() => renderToString(React.createElement(Probe)), /AveSessionProvider/);
  });

  it("a server renders the loading state", () => {
    assert.equal(renderToString(tree(optionsOf())), "<p>loading false</p>");
  });

  it("the Convex bridge signs its client in, and disposes of it", async () => {
    const calls = [];
    const client = { setAuth: (fetchToken) => (calls.push(fetchToken), () => calls.push("disposed")) };
    const storage = createMemoryStorage();
    await storage.save(snapshotFromTokenResponse(tokens));
    const bridge = React.createElement(next.AveConvexBridge, { client }, "inside");
    const { place, render } = await show(tree(optionsOf(storage), bridge));
    assert.equal(place.textContent, "signedIn trueinside");
    assert.equal(await calls[0](), "i.d.t");
    await render(null);
    assert.deepEqual(calls.slice(1), ["disposed"]);
  });
});
