// Sheets, popups, inline frames: what the person sees, and the one outcome that the app is told.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { sight } from "../../../../e2e/lib/sight.js";
import { issuerFrame, logOf, makeWorld, pause, until } from "./world.js";

let world;
before(async () => { world = await makeWorld(); });
after(() => world.end());

/** Keeps the message listeners of the page in sight. */
const LISTENERS = `(() => {
  const all = new Set();
  const { addEventListener: add, removeEventListener: remove } = window;
  window.addEventListener = function (type, deed, ...rest) { if (type === "message") all.add(deed); return add.call(window, type, deed, ...rest); };
  window.removeEventListener = function (type, deed, ...rest) { if (type === "message") all.delete(deed); return remove.call(window, type, deed, ...rest); };
  Object.defineProperty(window, "listeners", { get: () => all.size });
})();`;

/** Presses "Allow" of a short form in the very moment it appears; `press` says where the button was. */
const EARLY = `
  window.press = () => {
    const yes = document.getElementById("yes");
    window.pressed = yes.getBoundingClientRect().toJSON();
    yes.click();
  };
  new MutationObserver((_, observer) => {
    if (!document.getElementById("yes")) return;
    observer.disconnect();
    if (location.search.includes("app_consent")) press();
  }).observe(document, { childList: true, subtree: true });
`;

/** Calls a function of the library inside a click. */
async function click(page, name, options) {
  await page.evaluate(([name, options]) => {
    window.next = async () => {
      const extra = options.withTokens ? { onSuccess: undefined, onTokens: (tokens) => log.push(["tokens", tokens]) } : {};
      const container = options.container && document.querySelector(options.container);
      window.handle = await window.embed[name]({ redirectUri: `${location.origin}/callback`, ...options, ...(container && { container }), ...told(extra) });
    };
  }, [name, options]);
  await page.click("#go");
}

/** Waits until the gate knows that its answers have been seen for long enough, or that they are not seen. */
const known = (frame, isSeen) => frame.locator(".answers").evaluate(sight, isSeen);

const started = async (page) => page.evaluate(() => Boolean(window.handle));
const outcome = (page, count = 1) => until(async () => { const log = await logOf(page); return log.length >= count && log; }, "an outcome");

describe("the sheet", { concurrency: 4 }, () => {
  it("is a modal dialog with a name, and gives the focus back", async () => {
    const { page, close } = await world.visit();
    await click(page, "openAveSheet", { clientId: "app_gate" });
    await issuerFrame(page, world);
    const facts = await page.evaluate(() => {
      const dialog = document.querySelector("[role=dialog]");
      const behind = document.getElementById("go").getBoundingClientRect();
      return {
        modal: dialog.getAttribute("aria-modal"), label: dialog.getAttribute("aria-label"), isTop: dialog.matches(":modal"),
        title: dialog.querySelector("iframe").title, allow: dialog.querySelector("iframe").allow, cross: dialog.querySelector("button").getAttribute("aria-label"),
        hasFocus: dialog.contains(document.activeElement), overflow: document.documentElement.style.overflow,
        isCovered: document.elementFromPoint(behind.x + 2, behind.y + 2) !== document.getElementById("go"),
      };
    });
    assert.deepEqual({ ...facts, allow: "" }, { modal: "true", label: "Sign in", isTop: true, title: "Sign in", allow: "", cross: "Close", hasFocus: true, overflow: "hidden", isCovered: true });
    assert.match(facts.allow, /^publickey-credentials-get http/);
    // Behind a modal dialog nothing can take the focus.
    assert.equal(await page.evaluate(() => { document.getElementById("go").focus(); return document.activeElement.id === "go"; }), false);
    await page.keyboard.press("Escape");
    assert.deepEqual(await outcome(page), [["close"]]);
    await until(() => page.evaluate(() => !document.querySelector("dialog")), "the dialog to go");
    assert.deepEqual(await page.evaluate(() => [document.activeElement.id, document.documentElement.style.overflow]), ["go", ""]);
    await close();
  });

  for (const [how, deed] of Object.entries({
    "the cross": (page) => page.click("dialog button"),
    "the backdrop": (page) => page.mouse.click(5, 5),
    "close()": (page) => page.evaluate(() => { handle.close(); handle.close(); }),
    "Escape inside the frame": async (page) => (await issuerFrame(page, world)).press("#open", "Escape"),
    "the page's own button": async (page) => (await issuerFrame(page, world)).click("#cancel"),
  })) {
    it(`tells onClose once after ${how}`, async () => {
      const { page, close } = await world.visit({ init: LISTENERS });
      await click(page, "openAveSheet", { clientId: "app_gate" });
      const frame = await issuerFrame(page, world);
      await frame.waitForSelector("#open:not([hidden])");
      await deed(page);
      await until(() => page.evaluate(() => !document.querySelector("iframe")), "the frame to go");
      await page.evaluate(() => handle.destroy());
      assert.deepEqual(await logOf(page), [["close"]]);
      assert.equal(await page.evaluate(() => window.listeners), 0);
      await close();
    });
  }

  it("leaves nothing behind after destroy(), and tells nothing", async () => {
    const { page, close } = await world.visit({ init: LISTENERS });
    await click(page, "openAveSheet", { clientId: "app_gate" });
    await issuerFrame(page, world);
    const left = await page.evaluate(() => {
      handle.destroy();
      handle.destroy();
      return [window.listeners, document.querySelectorAll("dialog, iframe").length, document.documentElement.getAttribute("style") ?? "", handle.isOpen()];
    });
    assert.deepEqual(left, [0, 0, "", false]);
    assert.deepEqual(await logOf(page), []);
    await close();
  });

  for (const [width, height, expected] of [[1280, 900, 720], [1280, 700, 630], [390, 664, 596], [1281, 701, 629]]) {
    it(`keeps its height and place whatever the page inside says, ${width} × ${height}`, async () => {
      const { page, close } = await world.visit({ context: { viewport: { width, height }, reducedMotion: "reduce" } });
      await click(page, "openAveSheet", { clientId: "app_gate" });
      const frame = await issuerFrame(page, world);
      const box = await page.locator("dialog > div").boundingBox();
      assert.equal(Math.round(box.height), expected);
      for (const type of ["ave:ready", "ave:resize"]) for (const said of [100, 5000, "x"]) {
        await frame.evaluate(([type, height]) => parent.postMessage({ type, payload: { height } }, "*"), [type, said]);
      }
      await pause(200);
      assert.deepEqual(await page.locator("dialog > div").boundingBox(), box);
      const { y, height: inner } = await page.locator("dialog iframe").boundingBox();
      assert.ok(Math.abs(y + inner - (box.y + box.height - 1)) < 1, "the frame fills what the bar leaves");
      await close();
    });

    it(`can be scrolled to the end of a long form, ${width} × ${height}`, async () => {
      const { page, close } = await world.visit({ context: { viewport: { width, height }, reducedMotion: "reduce" } });
      await click(page, "openAveSheet", { clientId: "app_long" });
      const frame = await issuerFrame(page, world);
      await frame.waitForSelector("#yes");
      const { x, y, width: room } = await page.locator("dialog iframe").boundingBox();
      await page.mouse.move(x + room / 2, y + 100);
      // Notch by notch, as a hand turns it: a single event is nothing that a person could send, and a busy browser may drop it.
      let place;
      await until(async () => {
        await page.mouse.wheel(0, 300);
        place = await frame.evaluate(() => { const { scrollTop, scrollHeight, clientHeight } = document.documentElement; return { scrollTop, scrollHeight, clientHeight }; });
        return place.scrollTop + place.clientHeight > place.scrollHeight - 1;
      }, "the end of the form").catch((error) => assert.fail(`${error.message}: ${JSON.stringify(place)}`));
      const places = await frame.evaluate(() => ["away", "no", "yes"].map((id) => { const { top, bottom } = document.getElementById(id).getBoundingClientRect(); return [id, top, bottom, innerHeight]; }));
      for (const [id, top, bottom, room] of places) assert.ok(top >= 0 && bottom <= room, `#${id} in the frame: ${top} to ${bottom} of ${room}`);
      assert.equal(await page.evaluate(() => scrollY), 0, "the page behind stays");
      assert.equal(await frame.evaluate(() => document.documentElement.scrollWidth > innerWidth), false);
      await close();
    });
  }

  it("lies at the bottom of a phone", async () => {
    const { page, close } = await world.visit({ context: { viewport: { width: 380, height: 700 }, reducedMotion: "reduce", colorScheme: "dark" } });
    await click(page, "openAveSheet", { clientId: "app_gate" });
    const box = await page.locator("dialog > div").boundingBox();
    assert.equal(Math.round(box.y + box.height), 700);
    const [colour, animations] = await page.evaluate(() => [getComputedStyle(document.querySelector("dialog > div")).backgroundColor, document.getAnimations().length]);
    assert.deepEqual([colour, animations], ["rgb(19, 19, 17)", 0]);
    await close();
  });

  it("answers at once when everything was granted before", async () => {
    const { page, close } = await world.visit();
    await click(page, "openAveSheet", { clientId: "app_silent", extraParams: { state: "mine", client_id: "app_evil", prompt: "consent" } });
    const [[kind, { redirectUrl }]] = await outcome(page);
    const query = new URL(redirectUrl).searchParams;
    assert.deepEqual([kind, query.get("state")], ["success", "mine"]);
    assert.ok(world.seen.some((line) => line.includes("client_id=app_silent") && line.includes("prompt=consent") && line.includes("embed=1")));
    assert.ok(!world.seen.some((line) => line.includes("app_evil")));
    await pause(400);
    assert.equal((await logOf(page)).length, 1);
    await close();
  });

  it("tells a denial as an error with a code and a sentence", async () => {
    const { page, close } = await world.visit();
    await click(page, "openAveSheet", { clientId: "app_deny" });
    assert.deepEqual(await outcome(page), [["error", { error: "access_denied", message: "The person declined." }]]);
    await pause(400);
    assert.equal((await logOf(page)).length, 1);
    await close();
  });

  it("goes to the callback by itself when the app takes no result", async () => {
    const { page, close } = await world.visit();
    await page.evaluate(() => { window.embed.openAveSheet({ clientId: "app_silent", redirectUri: `${location.origin}/callback` }); });
    await page.waitForURL(/\/callback\?code=/);
    await close();
  });

  it("opens a popup from the gate, and the gate passes its answer on", async () => {
    const { page, context, close } = await world.visit();
    await click(page, "openAveSheet", { clientId: "app_gate" });
    const frame = await issuerFrame(page, world);
    const [popup] = await Promise.all([context.waitForEvent("page"), frame.click("#open")]);
    assert.match(popup.url(), /embed_relay=relay-/);
    await frame.waitForSelector("text=Go on in the window");
    assert.equal(await frame.textContent("#open"), "Show the window");
    await frame.click("#open");
    assert.equal(context.pages().length, 2);
    const gone = popup.waitForEvent("close");
    await popup.click("#allow");
    const [[kind, payload]] = await outcome(page);
    assert.deepEqual([kind, Object.keys(payload)], ["success", ["redirectUrl"]]);
    await gone;
    await pause(800);
    assert.equal((await logOf(page)).length, 1);
    await close();
  });

  it("works on a page that isolates itself but allows popups", async () => {
    const { page, context, close } = await world.visit({ path: "/?opener=same-origin-allow-popups" });
    await click(page, "openAveSheet", { clientId: "app_gate" });
    const frame = await issuerFrame(page, world);
    const [popup] = await Promise.all([context.waitForEvent("page"), frame.click("#open")]);
    await popup.click("#allow");
    assert.equal((await outcome(page))[0][0], "success");
    const [own] = await Promise.all([context.waitForEvent("page"), (async () => { await page.waitForSelector("dialog", { state: "detached" }); await click(page, "openAvePopup", { clientId: "app_gate" }); })()]);
    await own.click("#allow");
    assert.equal((await outcome(page, 2))[1][0], "success");
    await close();
  });

  it("goes when the person closes the gate's popup", async () => {
    const { page, context, close } = await world.visit();
    await click(page, "openAveSheet", { clientId: "app_gate" });
    const frame = await issuerFrame(page, world);
    const [popup] = await Promise.all([context.waitForEvent("page"), frame.click("#open")]);
    await popup.close();
    assert.deepEqual(await outcome(page), [["close"]]);
    await pause(700);
    assert.equal((await logOf(page)).length, 1);
    await close();
  });

  it("takes the gate's popup along when it is dismissed", async () => {
    const { page, context, close } = await world.visit();
    await click(page, "openAveSheet", { clientId: "app_gate" });
    const frame = await issuerFrame(page, world);
    const [popup] = await Promise.all([context.waitForEvent("page"), frame.click("#open")]);
    await Promise.all([popup.waitForEvent("close"), page.evaluate(() => handle.destroy())]);
    await close();
  });

  it("redirects the page without `embed` when popups are blocked", async () => {
    const { page, close } = await world.visit({ init: "window.open = () => null;" });
    await click(page, "startAveAuth", { clientId: "app_gate", theme: "dark" });
    await (await issuerFrame(page, world)).click("#open");
    await page.waitForURL((url) => url.origin === world.issuer && url.pathname === "/signin");
    const query = new URL(page.url()).searchParams;
    assert.deepEqual([query.get("client_id"), query.has("embed"), query.has("theme")], ["app_gate", false, false]);
    await close();
  });

  it("tells popup_blocked instead when a redirect would lose the verifier", async () => {
    const { page, close } = await world.visit({ init: "window.open = () => null;" });
    await click(page, "openAveSheet", { clientId: "app_gate", withTokens: true });
    await (await issuerFrame(page, world)).click("#open");
    assert.equal((await outcome(page))[0][1].error, "popup_blocked");
    assert.equal(new URL(page.url()).origin, world.app);
    await close();
  });

  it("gives up on a frame that does not show, and starts with a popup next time", async () => {
    const { page, context, close } = await world.visit();
    await click(page, "openAveSheet", { clientId: "app_dead" });
    await pause(8000);
    assert.equal((await outcome(page))[0][1].error, "frame_blocked");
    const [popup] = await Promise.all([context.waitForEvent("page"), click(page, "openAveSheet", { clientId: "app_dead" })]);
    await popup.click("#allow");
    assert.equal((await outcome(page, 2))[1][0], "success");
    await close();
  });

  it("shows the consent form in the frame once it is proven to be seen", async () => {
    const { page, close } = await world.visit({ context: { viewport: { width: 900, height: 900 } } });
    await click(page, "openAveSheet", { clientId: "app_consent" });
    const frame = await issuerFrame(page, world);
    await frame.waitForSelector("#yes");
    assert.equal(await frame.isVisible("#cancel"), false, "the form has its own no");
    await known(frame, true);
    await frame.click("#yes");
    assert.equal((await outcome(page))[0][0], "success");
    await close();
  });

  for (const clientId of ["app_consent", "app_long"]) for (const [width, height] of [[1280, 900], [390, 664]]) {
    it(`asks to press once more right after scrolling, and moves nothing: ${clientId}, ${width} × ${height}`, async () => {
      const { page, close } = await world.visit({ init: EARLY, context: { viewport: { width, height }, reducedMotion: "reduce" } });
      await click(page, "openAveSheet", { clientId });
      const frame = await issuerFrame(page, world);
      await frame.waitForSelector("#yes");
      if (clientId === "app_long") {
        await pause(800);
        await frame.evaluate(() => { scrollTo(0, document.documentElement.scrollHeight); press(); });
      }
      const before = await frame.evaluate(() => window.pressed);
      const state = await frame.waitForSelector("#state:text('Press once more.')");
      const after = await frame.evaluate(() => ["yes", "state"].map((id) => document.getElementById(id).getBoundingClientRect().toJSON()).concat(innerHeight));
      assert.deepEqual(after[0], before);
      assert.ok(await state.isVisible() && after[1].top > before.bottom && after[1].bottom <= after[2], "the sentence is in sight");
      assert.deepEqual(await logOf(page), []);
      await known(frame, true);
      await frame.click("#yes");
      assert.equal((await outcome(page))[0][0], "success");
      await close();
    });
  }

  it("brings an answer that was only half in sight into it", async () => {
    const { page, close } = await world.visit({ context: { viewport: { width: 390, height: 664 }, reducedMotion: "reduce" } });
    await click(page, "openAveSheet", { clientId: "app_long" });
    const frame = await issuerFrame(page, world);
    await frame.waitForSelector("#yes");
    const placeAt = (share) => frame.evaluate((share) => { const { top, bottom } = document.getElementById("yes").getBoundingClientRect(); scrollBy(0, share > 0 ? top + (bottom - top) * share - innerHeight : bottom - (bottom - top) * 0.5); }, share);
    await placeAt(0.5);
    await pause(800);
    await frame.evaluate(() => document.getElementById("yes").click());
    await frame.waitForSelector("text=Press once more.");
    await known(frame, true);
    await frame.evaluate(() => document.getElementById("yes").click());
    assert.equal((await outcome(page))[0][0], "success");
    await close();
  });

  it("shows no form while the frame is covered, and takes no answer from under a cover", async () => {
    const { page, close } = await world.visit({ context: { viewport: { width: 900, height: 900 } } });
    await page.evaluate(() => { window.sheetStyle = new CSSStyleSheet(); document.adoptedStyleSheets = [sheetStyle]; });
    const cover = (rule) => page.evaluate((rule) => { sheetStyle.replaceSync(rule); }, rule);
    const COVER = "dialog iframe { opacity: 0.1; }";
    // Before there is a sheet, so that its page was never seen.
    await cover(COVER);
    await click(page, "openAveSheet", { clientId: "app_consent" });
    const frame = await issuerFrame(page, world);
    await pause(1500);
    assert.equal(await frame.$("#yes"), null);
    await cover("");
    await frame.waitForSelector("#yes");
    await cover(COVER);
    await known(frame, false);
    await frame.evaluate(() => document.querySelector("form").requestSubmit());
    await frame.waitForSelector("text=Press once more.");
    assert.ok(await frame.isVisible("#yes"), "the form is still there");
    await known(frame, false);
    await frame.evaluate(() => document.querySelector("form").requestSubmit());
    await frame.waitForSelector("text=This page was covered");
    assert.equal(await frame.$("#yes"), null);
    assert.deepEqual([await frame.isVisible("#open"), await frame.isVisible("#cancel")], [true, true]);
    assert.deepEqual(await logOf(page), []);
    await close();
  });
});

describe("onTokens", { concurrency: 4 }, () => {
  it("proves the verifier, checks state and nonce, and tells the tokens", async () => {
    const { page, close, logs } = await world.visit();
    await click(page, "openAveSheet", { clientId: "app_silent", withTokens: true });
    const log = await outcome(page);
    assert.equal(log[0][0], "tokens", logs.join("\n"));
    assert.equal(log[0][1].access_token, "pat_1");
    await close();
  });

  it("refuses an ID token of another flow", async () => {
    const { page, context, close } = await world.visit();
    const [popup] = await Promise.all([context.waitForEvent("page"), click(page, "openAvePopup", { clientId: "app_replay", withTokens: true })]);
    await popup.click("#allow");
    assert.deepEqual((await outcome(page)).map(([kind, { error }]) => [kind, error]), [["error", "nonce_mismatch"]]);
    await close();
  });

  it("refuses answers that lead elsewhere, lack a code, or belong to another flow", async () => {
    const { page, close } = await world.visit({ context: { reducedMotion: "reduce" } });
    for (const [change, expected] of [
      [(url) => url.replace("/callback", "/other"), "invalid_callback"],
      [(url) => url.replace("http://", "http://me@"), "invalid_callback"],
      [(url) => url.replace(/iss=[^&]+/, "iss=https%3A%2F%2Fevil.example"), "invalid_callback"],
      [() => "javascript:alert(1)", "invalid_callback"],
      [() => undefined, "invalid_callback"],
      [(url) => url.replace(/state=[^&]+/, "state=other"), "state_mismatch"],
      [(url) => url.replace(/code=[^&]+/, ""), "missing_code"],
    ]) {
      await page.evaluate(() => { log.length = 0; });
      await click(page, "openAveSheet", { clientId: "app_gate", withTokens: true });
      const frame = await issuerFrame(page, world);
      const query = new URL(frame.url()).searchParams;
      const good = `${world.app}/callback?code=abc&state=${query.get("state")}&iss=${encodeURIComponent(world.issuer)}`;
      await frame.evaluate(([url]) => parent.postMessage({ type: "ave:success", payload: { redirectUrl: url } }, "*"), [change(good)]);
      assert.equal((await outcome(page))[0][1].error, expected);
    }
    await close();
  });
});

describe("the popup", { concurrency: 4 }, () => {
  it("is blank in the gesture and tells its answer once", async () => {
    const { page, context, close } = await world.visit({ init: "{ const open = window.open; window.opened = []; window.open = (...all) => { opened.push(all); return open.apply(window, all); }; }" });
    const [popup] = await Promise.all([context.waitForEvent("page"), click(page, "openAvePopup", { clientId: "app_gate" })]);
    await popup.click("#allow");
    const log = await outcome(page);
    await pause(900);
    assert.deepEqual((await logOf(page)).map(([kind]) => kind), ["success"]);
    assert.ok(new URL(log[0][1].redirectUrl).searchParams.get("code"));
    const [[address, name, features]] = await page.evaluate(() => opened);
    assert.equal(address, "about:blank");
    assert.match(name, /^ave_auth/);
    assert.match(features, /width=450,height=650/);
    await close();
  });

  it("tells onClose once when the person closes it", async () => {
    const { page, context, close } = await world.visit({ init: LISTENERS });
    const [popup] = await Promise.all([context.waitForEvent("page"), click(page, "openAvePopup", { clientId: "app_gate" })]);
    await popup.close();
    assert.deepEqual(await outcome(page), [["close"]]);
    await pause(1200);
    assert.deepEqual(await logOf(page), [["close"]]);
    assert.equal(await page.evaluate(() => listeners), 0);
    await close();
  });

  it("is closed by destroy() in silence", async () => {
    const { page, context, close } = await world.visit({ init: LISTENERS });
    const [popup] = await Promise.all([context.waitForEvent("page"), click(page, "openAveConnectorPopup", { clientId: "app_gate", resource: "iris:inference", scope: "ask" })]);
    await until(() => started(page));
    await Promise.all([popup.waitForEvent("close"), page.evaluate(() => { handle.destroy(); handle.destroy(); })]);
    assert.deepEqual([await logOf(page), await page.evaluate(() => listeners)], [[], 0]);
    await close();
  });

  it("is null and popup_blocked when the browser blocks it", async () => {
    const { page, close } = await world.visit({ init: `window.open = () => null; ${LISTENERS}` });
    for (const name of ["openAvePopup", "openAveConnectorPopup"]) {
      await click(page, name, { clientId: "app_gate", resource: "iris:inference", scope: "ask" });
      await until(async () => (await page.evaluate(() => window.handle)) === null);
      await page.evaluate(() => { window.handle = undefined; });
    }
    assert.deepEqual((await logOf(page)).map(([kind, { error }]) => `${kind} ${error}`), ["error popup_blocked", "error popup_blocked"]);
    assert.equal(await page.evaluate(() => listeners), 0);
    await close();
  });

  it("gives way to a second one, which is not confused with it", async () => {
    const { page, context, close } = await world.visit();
    const [first] = await Promise.all([context.waitForEvent("page"), click(page, "openAvePopup", { clientId: "app_gate" })]);
    const gone = first.waitForEvent("close");
    const [second] = await Promise.all([context.waitForEvent("page"), click(page, "openAvePopup", { clientId: "app_gate" })]);
    await gone;
    await second.click("#deny");
    assert.deepEqual((await outcome(page, 2)).map(([kind]) => kind), ["close", "error"]);
    await close();
  });

  it("without an opener goes on like a redirect", async () => {
    const { page, close } = await world.visit();
    await page.goto(`${world.issuer}/decide?redirect_uri=${encodeURIComponent(`${world.app}/callback`)}&embed=1`);
    await page.waitForURL(/\/callback\?code=/);
    await page.goto(`${world.issuer}/decide?redirect_uri=${encodeURIComponent(`${world.app}/callback`)}&embed=1&embed_relay=x`);
    await page.waitForSelector("#fallback:not([hidden])");
    await close();
  });
});

describe("the inline frame", { concurrency: 4 }, () => {
  it("stays when the gate's popup is closed, and works the second time", async () => {
    const { page, context, close } = await world.visit();
    await click(page, "mountAveEmbed", { clientId: "app_gate", container: "#root", width: 400, height: 500 });
    const frame = await issuerFrame(page, world);
    const [popup] = await Promise.all([context.waitForEvent("page"), frame.click("#open")]);
    await popup.close();
    await frame.waitForSelector("text=The window was closed");
    assert.deepEqual(await logOf(page), []);
    const [again] = await Promise.all([context.waitForEvent("page"), frame.click("#open")]);
    await again.click("#allow");
    assert.equal((await outcome(page))[0][0], "success");
    assert.deepEqual(await page.evaluate(() => [handle.iframe.style.width, handle.iframe.style.height, typeof handle.postMessage]), ["400px", "500px", "function"]);
    await page.evaluate(() => { handle.destroy(); handle.destroy(); });
    assert.equal(await page.evaluate(() => document.querySelectorAll("iframe").length), 0);
    await close();
  });

  it("is what startAveAuth shows with a container", async () => {
    const { page, close } = await world.visit();
    await click(page, "startAveAuth", { clientId: "app_gate", container: "#root" });
    await issuerFrame(page, world);
    assert.equal(await page.evaluate(() => document.querySelectorAll("#root iframe").length), 1);
    await page.evaluate(() => handle.close());
    assert.deepEqual(await outcome(page), [["close"]]);
    await close();
  });
});

describe("Quick", { concurrency: 4 }, () => {
  it("needs no client id and keeps its verifier for the callback page", async () => {
    const { page, close } = await world.visit();
    await page.evaluate(() => { window.embed.startAveAuth(told()); });
    const frame = await issuerFrame(page, world, "/signin");
    const query = new URL(frame.url()).searchParams;
    const kept = await page.evaluate(() => JSON.parse(sessionStorage.ave_quick_pkce));
    assert.equal(query.get("client_id"), `origin:${world.app}`);
    assert.equal(query.get("redirect_uri"), `${world.app}/ave/callback`);
    assert.deepEqual([query.get("state"), query.get("nonce"), query.get("code_challenge_method")], [kept.state, kept.nonce, "S256"]);
    assert.equal(kept.verifier.length, 43);
    assert.ok(Math.abs(Date.now() - kept.createdAt) < 10_000);
    await close();
  });
});

describe("the connector", { concurrency: 4 }, () => {
  const ask = { resource: "iris:inference", scope: "ask", mode: "background" };

  for (const [clientId, error] of [["app_gate", "consent_required"], ["app_login", "login_required"]]) {
    it(`shows nothing in the background and tells ${error}`, async () => {
      const { page, close } = await world.visit({ init: "new MutationObserver((all) => { for (const { addedNodes } of all) for (const node of addedNodes) if (node.nodeName === 'DIALOG') window.sawSheet = true; }).observe(document, { childList: true, subtree: true });" });
      await click(page, "openAveConnectorSheet", { ...ask, clientId });
      assert.equal((await outcome(page))[0][1].error, error);
      assert.deepEqual(await page.evaluate(() => [window.sawSheet, document.querySelectorAll("iframe").length]), [undefined, 0]);
      await close();
    });
  }

  it("answers in the background when it was allowed before", async () => {
    const { page, close } = await world.visit();
    await click(page, "openAveConnectorSheet", { ...ask, clientId: "app_silent", state: "s1", codeChallenge: "challenge" });
    assert.equal((await outcome(page))[0][0], "success");
    assert.ok(world.seen.some((line) => line.startsWith("GET /connect?") && line.includes("state=s1") && line.includes("code_challenge=challenge&code_challenge_method=S256")));
    await close();
  });
});
