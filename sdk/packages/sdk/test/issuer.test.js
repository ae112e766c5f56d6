import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { buildAuthorizeUrl, getApiBase, normalizeIssuer } from "../dist/index.js";
import { freshCopy } from "./support/page.js";

const config = { clientId: "app_notes", redirectUri: "https://notes.test/callback" };

afterEach(() => void delete process.env.PROCURA_ISSUER);

describe("An issuer", () => {
  it("must be named, and the error says how", () => {
    assert.throws(() => buildAuthorizeUrl(config), (error) => {
      assert.equal(error.error, "missing_issuer");
      assert.match(error.message, /issuer: .*configure\(\{ issuer \}\).*PROCURA_ISSUER/);
      return true;
    });
  });

  it("is trimmed, and its trailing slashes are gone", () => {
    for (const text of [" https://id.test ", "https://id.test/", "https://id.test//", "HTTPS://ID.test:443/"]) {
      assert.equal(normalizeIssuer(text), "https://id.test");
    }
    assert.equal(getApiBase("http://localhost:8460/"), "http://localhost:8460");
  });

  it("that is not an origin is refused", () => {
    const junk = ["", "id.test", "ftp://id.test", "https://id.test/base", "https://id.test?x", "https://id.test#x", "https://a:b@id.test", "javascript:alert(1)", "null"];
    for (const text of junk) assert.throws(() => normalizeIssuer(text), { name: "AveError", error: "invalid_issuer" }, text);
    assert.throws(() => buildAuthorizeUrl({ ...config, issuer: "nonsense" }), { error: "invalid_issuer" });
  });

  it("comes from the call, else from configure, else from the environment", async () => {
    const { configure, getApiBase } = await freshCopy("index");
    process.env.PROCURA_ISSUER = "https://environment.test/";
    assert.equal(getApiBase(), "https://environment.test");
    configure({ issuer: "https://configured.test/" });
    assert.equal(getApiBase(), "https://configured.test");
    assert.equal(getApiBase("https://call.test"), "https://call.test");
  });

  it("is the server that served the script under /sdk/js/, and no other", async () => {
    const served = (from) => freshCopy("index", { define: { "import.meta.url": JSON.stringify(from) } });
    assert.equal((await served("https://id.test/sdk/js/sdk.js")).getApiBase(), "https://id.test");
    for (const from of ["https://cdn.test/assets/sdk.js", "https://cdn.test/x/sdk/js/sdk.js", "file:///sdk/js/sdk.js"]) {
      const { getApiBase } = await served(from);
      assert.throws(() => getApiBase(), { error: "missing_issuer" });
    }
  });

  it("is needed by a page without process, too", async () => {
    const { getApiBase } = await freshCopy("index", { define: { process: "undefined" } });
    assert.throws(() => getApiBase(), { error: "missing_issuer" });
  });
});
