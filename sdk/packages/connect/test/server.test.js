// The client for backends, against a server that checks each signature by a reading of its own, and against recorded signatures.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import { after, before, beforeEach, describe, it } from "node:test";
import * as sdk from "../src/server/index.js";

const { App, ConnectError, signRequest } = sdk;
const KEY = "alter_rk_abcdefghijklmnopqrstuv_iwpykn";
const GRANT = "11111111-1111-4111-8111-111111111111";
const AGENT = "0b0e7c7e-5d0a-4c43-9a63-0e4f0f6c7a11";

describe("signatures", () => {
  // Made by the published Python package (`connect-wire.md` 2.2).
  const fixed = { key: KEY, at: 1_700_000_000, nonce: "00112233445566778899aabbccddeeff" };
  const svc = { "X-Alter-Caller": "svc", "X-Alter-Caller-Type": "service" };
  const actor = { ...svc, "X-Alter-Actor-ID": AGENT };
  const list = { method: "POST", url: "http://x/sdk/grants/list", body: '{"limit":50,"offset":0}' };
  const token = `{"grant_id":"${GRANT}","reason":null,"request":{"method":"GET","url":"http://127.0.0.1:8798/_provider/echo"}}`;
  for (const [name, request, signature, digest] of [
    ["A: no identity", list, "c58676bb01cffd88c6d231c44fc7410948a6bd79f983aa9a07fe20ba2be43b89", "0310398e5e13f34668cc5865599937eab24541613d9c4462eac7b44428e781b9"],
    ["B: a caller", { ...list, headers: svc }, "d1c6afc11246e7e4952131f10cf8c63c7e85d88e43847454103c6e2647006e81", "0310398e5e13f34668cc5865599937eab24541613d9c4462eac7b44428e781b9"],
    ["C: an actor and a context", { method: "POST", url: "http://x/sdk/token", body: token, headers: { ...actor, "X-Alter-Context": '{"tool":"\\u00e9"}' } }, "eac8e89678839fea6bd2965e7e2c0591118b9f7cef9ecc7f05baf59aba717d13", "34056c1a12174c97ea257ca68356a6624618b18ecc6223591a540d89b36fd523"],
    ["D: a query and constraints", { method: "GET", url: "http://x/sdk/provider-specs/oauth/google/operation?operation_id=post%3A%2Femails+x", headers: { ...actor, "X-Alter-Scope-Constraints": "grants:read,tokens:retrieve" } }, "af59f43ac732707efd11b52485ad7cb0b45d506d3b995124bddd11a18f3b9cbd", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
  ]) {
    it(name, async () => {
      const signed = await signRequest({ ...fixed, ...request });
      assert.deepEqual(signed, {
        "X-Alter-Timestamp": "1700000000", "X-Alter-Nonce": fixed.nonce, "X-Alter-Content-SHA256": digest, "X-Alter-Signature": signature,
        ...(request.headers && { "X-Alter-Signature-V2": signature }),
      });
    });
  }

  it("draws time and nonce by itself, and each once", async () => {
    const [one, two] = [await signRequest({ key: KEY, ...list }), await signRequest({ key: KEY, ...list })];
    assert.match(one["X-Alter-Nonce"], /^[0-9a-f]{32}$/);
    assert.notEqual(one["X-Alter-Nonce"], two["X-Alter-Nonce"]);
    assert.ok(Math.abs(Number(one["X-Alter-Timestamp"]) - Date.now() / 1000) < 5);
  });

  it("works in Node 18, where Web Crypto is no global", () => {
    const script = `delete globalThis.crypto; const { signRequest } = await import(${JSON.stringify(new URL("../src/server/index.js", import.meta.url).href)});
      const signed = await signRequest(${JSON.stringify({ ...fixed, ...list })}); console.log(typeof crypto, signed["X-Alter-Signature"]);`;
    assert.match(execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" }), /^undefined c58676bb/);
  });
});

// ---------------------------------------------------------------- a server that reads the rules by itself

/** Python's `quote_plus(unquote_plus(…))`, as an independent reading: latin1 strings are bytes. */
const unquote = (text) => Buffer.from(text.replace(/%([0-9a-f]{2})/gi, (_, pair) => String.fromCharCode(Number.parseInt(pair, 16))), "latin1");
const quote = (bytes) => [...bytes].map((byte) => (/[A-Za-z0-9_.~-]/.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : byte === 32 ? "+" : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`)).join("");

function verify(request, body) {
  const { headers } = request;
  const key = headers["x-api-key"];
  const [path, query = ""] = request.url.split(/\?(.*)/s);
  const pairs = query.split("&").filter(Boolean).map((pair) => { const at = pair.indexOf("="); return (at < 0 ? [pair, ""] : [pair.slice(0, at), pair.slice(at + 1)]).map((part) => quote(unquote(part.replace(/\+/g, " ")))); });
  const sorted = pairs.sort(([a, x], [b, y]) => Buffer.compare(unquote(a), unquote(b)) || Buffer.compare(unquote(x), unquote(y)));
  const line = unquote(path).toString() + (query ? `?${sorted.map((pair) => pair.join("=")).join("&")}` : "");
  const sha = createHash("sha256").update(body).digest("hex");
  let text = [request.method, line, headers["x-alter-timestamp"], headers["x-alter-nonce"], sha, headers["x-alter-scope-constraints"] ?? ""].join("\n");
  const legacy = text;
  for (const [name, header] of [["caller", "x-alter-caller"], ["caller-type", "x-alter-caller-type"], ["actor-id", "x-alter-actor-id"], ["actor-context", "x-alter-context"]]) {
    if (headers[header]) text += `\n${name}:${headers[header]}`;
  }
  const signing = createHmac("sha256", key).update("alter-signing-v1").digest();
  const expected = createHmac("sha256", signing).update(text).digest("hex");
  assert.equal(headers["x-alter-content-sha256"], sha);
  assert.ok(timingSafeEqual(Buffer.from(headers["x-alter-signature"]), Buffer.from(expected)), "signature");
  assert.equal(headers["x-alter-signature-v2"], text === legacy ? undefined : expected);
}

let server, issuer, answer;
const seen = [];

before(async () => {
  server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    let trouble;
    try {
      if (request.url.startsWith("/sdk/")) verify(request, body);
    } catch (error) {
      trouble = error;
    }
    seen.push({ method: request.method, url: request.url, headers: request.headers, raw: body.toString(), body: body.length && request.headers["content-type"] === "application/json" ? JSON.parse(body) : undefined, trouble });
    if (trouble) return response.writeHead(401).end('{"error":"invalid_signature"}');
    await answer(response, request);
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  issuer = `http://127.0.0.1:${server.address().port}`;
});
after(() => { server.closeAllConnections(); server.close(); });
beforeEach(() => { seen.length = 0; says(200, {}); });

/** What the server answers from now on. */
function says(status, body, headers = {}) {
  answer = (response) => response.writeHead(status, { "Content-Type": "application/json", ...headers }).end(body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body));
}

const app = (more) => new App({ issuer, appKey: KEY, ...more });
const last = () => { const request = seen.at(-1); assert.equal(request.trouble, undefined); return request; };

describe("what is sent", () => {
  it("for a session: the first four fields always, the others when they are given, in the names of the wire", async () => {
    says(201, { session_token: "sess_1", connect_url: `${issuer}/sdk/oauth/connect#session=sess_1`, expires_in: 600, expires_at: "2026-11-28T10:10:00Z", single_provider: true });
    assert.deepEqual(await app().createConnectSession(), { sessionToken: "sess_1", connectUrl: `${issuer}/sdk/oauth/connect#session=sess_1`, expiresIn: 600, expiresAt: "2026-11-28T10:10:00Z", singleProvider: true });
    assert.deepEqual([last().method, last().url, last().body], ["POST", "/sdk/oauth/connect/session", { allowed_providers: null, return_url: null, allowed_origin: null, metadata: null }]);
    assert.deepEqual([last().headers["x-api-key"], last().headers["x-alter-caller"]], [KEY, undefined]);
    await app().createConnectSession({
      allowedProviders: ["google", "slack"], allowedOrigin: "https://app.example.com", returnUrl: "https://app.example.com/connected", userToken: async () => "jwt", agent: "bot",
      requiredScopes: { someProvider: ["a"] }, grantPolicy: { maxTtlSeconds: 60 }, requestedGrant: { label: "Ünïcode ✓", restrictions: { allowedMethods: ["GET"] } },
      metadata: { ipAddress: "192.0.2.1" }, allowUserPolicyRules: false, switchAccount: undefined,
    });
    assert.deepEqual(last().body, {
      allowed_providers: ["google", "slack"], return_url: "https://app.example.com/connected", allowed_origin: "https://app.example.com", metadata: { ip_address: "192.0.2.1" }, user_token: "jwt", agent: "bot",
      required_scopes: { someProvider: ["a"] }, grant_policy: { max_ttl_seconds: 60 }, requested_grant: { label: "Ünïcode ✓", restrictions: { allowed_methods: ["GET"] } }, allow_user_policy_rules: false,
    });
  });

  it("to poll, list, revoke and delegate", async () => {
    says(200, { status: "completed", grants: [{ grant_id: GRANT, provider_id: "google", scopes: ["a_b"] }], failed_grants: [] });
    assert.deepEqual(await app().pollConnectSession("sess_1"), { status: "completed", grants: [{ grantId: GRANT, providerId: "google", scopes: ["a_b"] }], failedGrants: [] });
    assert.deepEqual([last().url, last().body], ["/sdk/oauth/connect/session/poll", { session_token: "sess_1" }]);
    says(200, { grants: [{ grant_kind: "oauth", grant_id: GRANT, needs_reconnect: false }], total: 1, limit: 100, offset: 0, has_more: false });
    assert.deepEqual(await app().listGrants(), { grants: [{ grantKind: "oauth", grantId: GRANT, needsReconnect: false }], total: 1, limit: 100, offset: 0, hasMore: false });
    assert.deepEqual([last().url, last().body], ["/sdk/grants/list", { limit: 100, offset: 0 }]);
    await app({ userToken: () => "jwt" }).listGrants({ providerId: "google", limit: 5 });
    assert.deepEqual(last().body, { limit: 5, offset: 0, provider_id: "google", user_token: "jwt" });
    await app().revokeGrant(GRANT);
    assert.deepEqual([last().method, last().url, last().raw], ["POST", `/sdk/oauth/grants/${GRANT}/revoke`, "{}"]);
    await app().revokeGrant(GRANT, { reason: "bye" });
    assert.deepEqual(last().body, { reason: "bye" });
    await app().delegate(GRANT, AGENT, { delegable: true, scopeConstraint: ["a"], ttlSeconds: 60 });
    assert.deepEqual([last().url, last().body], [`/sdk/grants/${GRANT}/delegate`, { to_agent_id: AGENT, delegable: true, scope_constraint: ["a"], ttl_seconds: 60 }]);
    says(204);
    assert.equal(await app().revokeDelegation(GRANT, AGENT), undefined);
    assert.deepEqual([last().method, last().url, last().raw], ["DELETE", `/sdk/grants/${GRANT}/delegations/${AGENT}`, ""]);
  });

  it("for agents and their keys", async () => {
    const { agents } = app();
    says(201, { id: AGENT, name: "bot", scopes: { my_provider: ["a"] }, metadata: { my_key: 1 }, api_key: "alter_key_x", key_id: "k" });
    assert.deepEqual(await agents.create({ name: "bot", scopes: { my_provider: ["a"] }, metadata: { myKey: 1 }, displayName: "Bot", idempotencyKey: "once" }), { id: AGENT, name: "bot", scopes: { my_provider: ["a"] }, metadata: { my_key: 1 }, apiKey: "alter_key_x", keyId: "k" });
    assert.deepEqual([last().method, last().url, last().body, last().headers["idempotency-key"]], ["POST", "/sdk/agents", { type: "agent", scopes: { my_provider: ["a"] }, metadata: { myKey: 1 }, name: "bot", display_name: "Bot" }, "once"]);
    says(200, {});
    for (const [deed, expected] of [
      [() => agents.get(AGENT), ["GET", `/sdk/agents/${AGENT}`, ""]],
      [() => agents.list(), ["GET", "/sdk/agents", ""]],
      [() => agents.list({ includeRevoked: true, limit: 5, name: "a b/ü" }), ["GET", "/sdk/agents?include_revoked=true&limit=5&name=a+b%2F%C3%BC", ""]],
      [() => agents.update(AGENT, { scopes: {}, graceSeconds: 0, expectedVersion: 3 }), ["PATCH", `/sdk/agents/${AGENT}?grace_seconds=0&expected_version=3`, '{"scopes":{}}']],
      [() => agents.update(AGENT, { displayName: null }), ["PATCH", `/sdk/agents/${AGENT}`, '{"display_name":null}']],
      [() => agents.suspend(AGENT), ["PATCH", `/sdk/agents/${AGENT}`, '{"status":"inactive"}']],
      [() => agents.resume(AGENT), ["PATCH", `/sdk/agents/${AGENT}`, '{"status":"active"}']],
      [() => agents.revoke(AGENT), ["DELETE", `/sdk/agents/${AGENT}`, ""]],
      [() => agents.keys.create(AGENT), ["POST", `/sdk/agents/${AGENT}/keys`, "{}"]],
      [() => agents.keys.list(AGENT), ["GET", `/sdk/agents/${AGENT}/keys`, ""]],
      [() => agents.keys.deprecate(AGENT, "k 1"), ["PATCH", `/sdk/agents/${AGENT}/keys/k%201/deprecate`, "{}"]],
      [() => agents.keys.undeprecate(AGENT, "k1"), ["PATCH", `/sdk/agents/${AGENT}/keys/k1/undeprecate`, "{}"]],
      [() => agents.keys.revoke(AGENT, "k1"), ["DELETE", `/sdk/agents/${AGENT}/keys/k1`, ""]],
      [() => agents.keys.revoke(AGENT, "k1", { force: true }), ["DELETE", `/sdk/agents/${AGENT}/keys/k1?force=true`, ""]],
    ]) {
      await deed();
      assert.deepEqual([last().method, last().url, last().raw], expected);
    }
  });

  it("says who is calling, under the signature", async () => {
    await app({ caller: "billing", context: { tool: "é" }, scopeConstraints: ["grants:read", "tokens:retrieve"] }).listGrants();
    const { headers } = last();
    assert.deepEqual([headers["x-alter-caller"], headers["x-alter-caller-type"], headers["x-alter-context"], headers["x-alter-scope-constraints"]], ["billing", "service", '{"tool":"\\u00e9"}', "grants:read,tokens:retrieve"]);
    await app({ caller: { name: AGENT, type: "agent" } }).agents.list({ name: "b", limit: 1 });
    assert.equal(last().headers["x-alter-caller-type"], "agent");
  });
});

describe("request()", () => {
  it("is fetch with the credential of a grant: any method and body, and the answer as it is", async () => {
    answer = (response) => response.writeHead(418, { "X-Up": "stream" }).end("tea");
    const response = await app().request("/v1/messages?b=2", { grantId: GRANT, method: "POST", query: { a: 1, c: ["x", "y"], d: undefined }, headers: { "Content-Type": "text/csv", Authorization: "mine" }, body: "a,b", reason: "sënd", host: "other.example" });
    assert.deepEqual([response.status, response.headers.get("x-up"), await response.text()], [418, "stream", "tea"]);
    const { method, url, headers, raw } = last();
    assert.deepEqual([method, url, raw], ["POST", `/proxy/${GRANT}/v1/messages?b=2&a=1&c=x&c=y`, "a,b"]);
    assert.deepEqual([headers.authorization, headers["content-type"], headers["x-procura-host"], Buffer.from(headers["x-procura-reason"], "latin1").toString()], [`Bearer ${KEY}`, "text/csv", "other.example", "sënd"]);
    assert.deepEqual(["x-api-key", "x-alter-signature", "x-procura-user-token"].map((name) => headers[name]), [undefined, undefined, undefined]);
  });

  it("finds the grant of a person at a provider", async () => {
    await app({ userToken: "jwt" }).request(new URL("https://api.example.com/v1/../v2/me?x=1#f"), { provider: "google", account: "ada@example.com", label: "work", json: { a: 1 }, method: "PUT" });
    const { url, headers, body } = last();
    assert.deepEqual([url, body], ["/proxy/google/v2/me?x=1", { a: 1 }]);
    assert.deepEqual(["x-procura-user-token", "x-procura-account", "x-procura-label", "x-procura-host"].map((name) => headers[name]), ["jwt", "ada@example.com", "work", "api.example.com"]);
  });

  it("does not call with more than the app was narrowed to", async () => {
    for (const narrowed of [{ scopeConstraints: ["grants:read"] }, { caller: { name: AGENT, type: "agent" } }]) {
      await assert.rejects(() => app(narrowed).request("/v1/me", { grantId: GRANT }), /request\(\) cannot carry/);
    }
    assert.deepEqual(seen, []);
  });

  it("takes a delegated token for a resource, and nothing of the app's own", async () => {
    await app({ userToken: "jwt" }).request("/me", { resource: "calendar:google", delegatedToken: "dt" });
    assert.deepEqual([last().url, last().headers.authorization, last().headers["x-procura-user-token"]], ["/proxy/calendar%3Agoogle/me", "Bearer dt", undefined]);
  });

  it("streams both ways", async () => {
    let release;
    answer = async (response) => { response.writeHead(200).write("one"); await new Promise((done) => { release = done; }); response.end("two"); };
    const body = new ReadableStream({ start(controller) { controller.enqueue(new TextEncoder().encode("up")); controller.close(); } });
    const response = await app().request("/stream", { grantId: GRANT, method: "POST", body });
    const reader = response.body.getReader();
    assert.equal(new TextDecoder().decode((await reader.read()).value), "one");
    release();
    assert.equal(new TextDecoder().decode((await reader.read()).value), "two");
    assert.equal(last().raw, "up");
  });

  it("gives redirects and errors of the provider back, and throws what the server refuses", async () => {
    says(302, undefined, { Location: "https://elsewhere.example/" });
    assert.equal((await app().request("/x", { grantId: GRANT })).status, 302);
    says(404, { error: "grant_not_found" });
    assert.equal((await app().request("/x", { grantId: GRANT })).status, 404);
    says(404, { error: "grant_not_found", provider_id: "google" }, { "Procura-Refusal": "grant_not_found" });
    await assert.rejects(app().request("/x", { grantId: GRANT }), (error) => error instanceof sdk.ConnectAgainError && error.code === "grant_not_found" && error.details.provider_id === "google");
    says(202, { approval_id: "a1", approval_url: `${issuer}/a1` }, { "Procura-Refusal": "approval_required" });
    await assert.rejects(app().request("/x", { grantId: GRANT }), (error) => error instanceof sdk.WaitForApprovalError && error.details.approval_id === "a1");
    says(403, undefined, { "Procura-Refusal": "host_not_allowed" });
    await assert.rejects(app().request("/x", { grantId: GRANT }), (error) => error instanceof sdk.NotAllowedError && error.status === 403);
  });

  it("reaches nothing but the proxy, whatever the path", async () => {
    for (const [path, url] of [["/../../sdk/agents", `/proxy/${GRANT}/sdk/agents`], ["/%2e%2e/%2E./x", `/proxy/${GRANT}/x`], ["/a/..\\..\\..\\x", `/proxy/${GRANT}/x`], ["/a?../../x", `/proxy/${GRANT}/a?../../x`]]) {
      await app().request(path, { grantId: GRANT });
      assert.equal(last().url, url);
    }
    const count = seen.length;
    for (const path of ["//evil.example/x", "/\\evil.example", "v1/me", "", "ftp://x.example/", "https://me@x.example/"]) await assert.rejects(app().request(path, { grantId: GRANT }), sdk.FixCallError, path);
    for (const grantId of ["", "..", "."]) await assert.rejects(app().request("/x", { grantId }), sdk.FixCallError, grantId);
    await app().request("/x", { grantId: "../../sdk" });
    assert.deepEqual([seen.length - count, last().url], [1, "/proxy/..%2F..%2Fsdk/x"]);
  });

  it("wants one credential, and no empty person", async () => {
    for (const options of [undefined, {}, { grantId: GRANT, provider: "google" }, { resource: "a:b" }, { provider: "google", delegatedToken: "x" }, { provider: "google", userToken: () => "" }, { provider: "google", userToken: async () => undefined }]) {
      await assert.rejects(app().request("/x", options), sdk.FixCallError);
    }
    assert.equal(seen.length, 0);
  });
});

describe("errors", () => {
  // `connect-wire.md` 2.4, by what to do next.
  for (const [status, code, kind] of [
    [400, "grant_revoked", "ConnectAgainError"], [403, "credential_revoked", "ConnectAgainError"], [403, "grant_expired", "ConnectAgainError"], [403, "scope_mismatch", "ConnectAgainError"],
    [404, "grant_not_found", "ConnectAgainError"], [410, "whatever", "ConnectAgainError"], [401, "jwt_validation_error", "SignInAgainError"], [403, "step_up_required", "StepUpError"],
    [409, "ambiguous_grant", "ChooseAccountError"], [409, "credential_id_required", "ChooseAccountError"], [404, "no_delegated_grant", "DelegateError"], [403, "grant_not_delegable", "DelegateError"],
    [401, "invalid_key", "ReplaceKeyError"], [401, "key_revoked", "ReplaceKeyError"], [401, "key_rotated_grace_expired", "ReplaceKeyError"], [401, "something", "ReplaceKeyError"], [409, "key_revoked", "CheckAgentError"],
    [403, "insufficient_scope", "WidenKeyError"], [404, "agent_not_found", "CheckAgentError"], [401, "agent_inactive", "CheckAgentError"], [409, "last_active_key", "CheckAgentError"],
    [403, "restricted_grant_requires_proxy", "UseProxyError"], [400, "delegated_grant_requires_proxy", "UseProxyError"], [409, "agent_concurrent_update", "ReadAgainError"],
    [409, "token_refresh_in_progress", "RetryLaterError"], [429, "rate_limit_exceeded", "RetryLaterError"], [429, "x", "RetryLaterError"], [503, "x", "RetryLaterError"], [504, "x", "RetryLaterError"],
    [429, "quota_exceeded", "RaiseLimitError"], [402, "grant_limit_exceeded", "RaiseLimitError"], [409, "idp_signin_not_configured", "FixSetupError"], [404, "secret_not_found", "FixSetupError"],
    [422, "blocked_destination", "FixCallError"], [400, "invalid_origin", "FixCallError"], [404, "x", "FixCallError"], [403, "x", "NotAllowedError"], [403, "approval_denied", "ApprovalEndedError"],
  ]) {
    it(`${status} ${code} is ${kind}`, async () => {
      says(status, { error: code, message: "No.", hint: "Do.", details: { a: 1 }, provider_id: "google" });
      await assert.rejects(app().listGrants(), (error) => {
        assert.ok(error instanceof sdk[kind] && error instanceof ConnectError && error instanceof Error);
        assert.deepEqual([error.name, error.code, error.message, error.status, error.hint, error.details], [kind, code, "No.", status, "Do.", { a: 1, provider_id: "google" }]);
        return true;
      });
    });
  }

  it("are read under `detail`, without a body, and as a page of somebody in between", async () => {
    says(403, { detail: { error: "insufficient_scope", missing: ["grants:read"] } });
    await assert.rejects(app().listGrants(), (error) => error instanceof sdk.WidenKeyError && error.details.missing[0] === "grants:read");
    says(403, { detail: "Forbidden" });
    await assert.rejects(app().listGrants(), (error) => error instanceof sdk.NotAllowedError && error.code === "invalid_response");
    says(502, "<html>Bad gateway</html>");
    await assert.rejects(app().listGrants(), (error) => error instanceof sdk.RetryLaterError && error.code === "server_error" && error.status === 502);
    for (const text of ["[]", "null", "hello", ""]) {
      says(200, text);
      await assert.rejects(app().listGrants(), (error) => error.code === "invalid_response", text);
    }
    says(302, {}, { Location: "https://elsewhere.example/" });
    await assert.rejects(app().listGrants(), (error) => error instanceof ConnectError && error.status === 302);
  });

  it("say when to try again", async () => {
    says(429, { error: "rate_limit_exceeded", retry_after: 9 }, { "Retry-After": "7" });
    await assert.rejects(app().listGrants(), (error) => error.retryAfter === 7);
    says(429, { error: "rate_limit_exceeded", retry_after: 9 });
    await assert.rejects(app().listGrants(), (error) => error.retryAfter === 9);
    says(429, { error: "rate_limit_exceeded" }, { "Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT" });
    await assert.rejects(app().listGrants(), (error) => error.retryAfter === undefined);
  });

  it("tell a server that is not there, and one that does not answer, and keep the key to themselves", async () => {
    const gone = new App({ issuer: "http://127.0.0.1:9", appKey: KEY });
    for (const deed of [() => gone.listGrants(), () => gone.request("/x", { grantId: GRANT })]) {
      await assert.rejects(deed(), (error) => error instanceof sdk.RetryLaterError && error.code === "network_error" && !JSON.stringify([error, error.message, error.stack]).includes(KEY));
    }
    answer = () => {};
    await assert.rejects(app({ timeout: 100 }).listGrants(), (error) => error instanceof sdk.RetryLaterError && error.code === "timeout");
    const { default: util } = await import("node:util");
    assert.ok(!util.inspect(app(), { depth: 9, showHidden: true }).includes(KEY));
  });

  it("an aborted request is an AbortError", async () => {
    answer = () => {};
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 50);
    await assert.rejects(app().request("/x", { grantId: GRANT, signal: controller.signal }), { name: "AbortError" });
  });
});

describe("which server, which key", () => {
  const make = (options) => () => new App(options);

  it("has no default, and takes PROCURA_ISSUER", () => {
    const before = process.env.PROCURA_ISSUER;
    try {
      delete process.env.PROCURA_ISSUER;
      assert.throws(make({ appKey: KEY }), /No issuer.*PROCURA_ISSUER/);
      process.env.PROCURA_ISSUER = "https://id.example.org";
      assert.ok(make({ appKey: KEY })());
    } finally {
      if (before === undefined) delete process.env.PROCURA_ISSUER;
      else process.env.PROCURA_ISSUER = before;
    }
  });

  it("is https, or http on this machine", () => {
    for (const good of ["https://id.example.org", "https://id.example.org/", "http://localhost:8460", "http://127.0.0.1", "http://[::1]:1"]) assert.ok(make({ issuer: good, appKey: KEY })());
    for (const bad of ["http://id.example.org", "id.example.org", "https://id.example.org/path", "https://a@id.example.org", "https://id.example.org?x", "ftp://id.example.org", "http://localhost.example.org"]) {
      assert.throws(make({ issuer: bad, appKey: KEY }), /The issuer is an origin/, bad);
    }
  });

  it("knows a key from a slip", () => {
    for (const good of [KEY, "alter_ak_abcdefghijklmnopqrstuv_v7lnv3", "alter_dk_abcdefghijklmnopqrstuv_ai5awu", `alter_key_${"aZ09_-".repeat(6)}abcd`]) assert.ok(make({ issuer, appKey: good })());
    for (const bad of [undefined, "", "x", "alter_rk_abcdefghijklmnopqrstuv_iwpykm", "alter_ak_abcdefghijklmnopqrstuv_iwpykn", `alter_key_${"a".repeat(39)}`, `${KEY} `, "alter_pk_abcdefghijklmnopqrstuv_vegumf"]) {
      assert.throws(make({ issuer, appKey: bad }), (error) => error instanceof sdk.FixCallError && (!bad || bad === "x" || !error.message.includes(bad)), bad);
    }
  });
});
