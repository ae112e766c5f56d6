import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { build } from "esbuild";

const root = new URL("../", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL("package.json", root), "utf8"));

const EXPORTS = {
  ".": `AveError AveSession OAUTH_PROMPT_VALUES buildAuthorizeUrl buildConnectorUrl buildSwitchAccountUrl configure createLocalStorageAdapter
    createMemoryStorage createSecureStoreAdapter exchangeCode exchangeDelegatedToken exchangeFedCmAssertion fetchJwks fetchUserInfo
    formatOAuthPrompt generateCodeChallenge generateCodeVerifier generateNonce getApiBase isJwtVerificationSupported joinOAuthScopes
    listDelegations normalizeIssuer normalizeScopeToken parseOAuthPrompt parseOAuthScopes refreshToken requiresAuthorizeInteractionPrompt
    revokeDelegation revokeToken snapshotFromTokenResponse stripOAuthQueryParamsFromUrlString stripSensitiveFragmentParams
    stripSensitiveHashFromUrlString verifyJwt wantsAccountPickerPrompt`,
  "./client": `AveError checkQuickSession clearQuickIdentity completeOAuthCallback configure fetchJwks finishConnectorFlow finishPkceLogin
    finishQuickSignIn getQuickIdentity handleQuickCallback signIn signInWithFedCm startConnectorFlow startPkceLogin
    startQuickSessionMonitor startQuickSignIn stripSensitiveFragmentParams supportsFedCm verifyJwt`,
  "./server": `AveError configure exchangeCodeServer exchangeDelegatedTokenServer fetchJwks getBearerToken introspectDelegatedToken
    refreshTokenServer verifyAveIdToken verifyAveIdTokenFromAuthHeader verifyDelegatedToken verifyJwt`,
  "./session": "AveError AveSession configure snapshotFromTokenResponse",
  "./session-storage": "createLocalStorageAdapter createMemoryStorage createSecureStoreAdapter",
  "./convex": "wireAveSessionToConvex",
  "./next": "AveConvexBridge AveSessionProvider useAveSession",
  "./svelte": "aveSessionToStore",
  "./types": "",
};
const words = (text) => text.split(/\s+/).filter(Boolean).sort();
const specifier = (name, entry) => name + entry.slice(1);

describe("The package", () => {
  for (const [entry, names] of Object.entries(EXPORTS)) {
    it(`exports what ${entry} promises, under both names`, async () => {
      const ours = await import(specifier("@procura/sdk", entry));
      assert.deepEqual(Object.keys(ours).sort(), words(names));
      assert.equal(await import(specifier("@ave-id/sdk", entry)), ours);
    });
  }

  it("lists exactly these entries, each with types", () => {
    assert.deepEqual(Object.keys(manifest.exports).sort(), Object.keys(EXPORTS).sort());
    for (const conditions of Object.values(manifest.exports)) {
      assert.deepEqual(Object.keys(conditions), ["types", "default"]);
      for (const path of Object.values(conditions)) assert.ok(readFileSync(new URL(path, root), "utf8"));
    }
  });

  it("depends on nothing, but for React if the app has it", () => {
    assert.equal(manifest.dependencies, undefined);
    assert.deepEqual([manifest.peerDependencies, manifest.peerDependenciesMeta], [{ react: ">=18" }, { react: { optional: true } }]);
  });

  for (const entry of ["client", "session", "session-storage", "svelte", "convex", "next"]) {
    it(`has neither a secret nor Node in ${entry}, and React in next alone`, async () => {
      const { outputFiles, metafile } = await build({
        entryPoints: [new URL(`dist/${entry}.js`, root).pathname],
        bundle: true,
        minify: true,
        write: false,
        metafile: true,
        format: "esm",
        packages: "external",
        target: ["safari16", "firefox115"],
      });
      assert.doesNotMatch(outputFiles[0].text, /clientSecret|client_secret|\bBuffer\b|node:/);
      const external = Object.values(metafile.outputs).flatMap(({ imports }) => imports.map(({ path }) => path));
      assert.deepEqual(external, entry === "next" ? ["react"] : []);
    });
  }

  it("can be imported where there is neither window nor process", async () => {
    const { outputFiles } = await build({
      entryPoints: [new URL("dist/client.js", root).pathname],
      bundle: true,
      write: false,
      format: "esm",
      define: { process: "undefined", window: "undefined", document: "undefined", sessionStorage: "undefined" },
    });
    assert.ok(await import(`data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`));
  });

  it("keeps the mark that makes `next` a client module", () => {
    assert.match(readFileSync(new URL("dist/next.js", root), "utf8"), /^"use client";/);
  });
});
