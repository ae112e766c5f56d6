// A server that says what a Procura server says, and remembers what it was asked.

import { createServer } from "node:http";

const encode = (value) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

const KINDS = {
  RS256: { generate: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) } },
  ES256: { generate: { name: "ECDSA", namedCurve: "P-256" }, sign: { name: "ECDSA", hash: "SHA-256" } },
  EdDSA: { generate: { name: "Ed25519" } },
};

/** A signing key and its public half. */
export async function makeKey(alg, kid) {
  const { generate, sign = generate } = KINDS[alg];
  const pair = await crypto.subtle.generateKey(generate, true, ["sign", "verify"]);
  const { d, p, q, dp, dq, qi, key_ops, ext, ...jwk } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  return {
    alg,
    kid,
    jwk: { ...jwk, kid, alg, use: "sig" },
    sign: async (text) => Buffer.from(await crypto.subtle.sign(sign, pair.privateKey, Buffer.from(text))).toString("base64url"),
  };
}

/** A token of that key. `header` and `payload` are taken as they are, except for what a header cannot do without. */
export async function mint(key, payload, header = {}) {
  const text = `${encode({ alg: key.alg, kid: key.kid, ...header })}.${encode(payload)}`;
  return `${text}.${await key.sign(text)}`;
}

/** A token that nobody signed. */
export const unsigned = (header, payload, signature = "") => `${encode(header)}.${encode(payload)}.${signature}`;

export const seconds = () => Math.floor(Date.now() / 1000);

// RSA keys take their time to make, and every issuer may have the same one.
let common;

/** Starts the server. `answers` maps `METHOD path` to an object, or to a function of the request. */
export async function makeIssuer(answers = {}) {
  const key = await (common ??= makeKey("RS256", "k1"));
  const asked = [];
  const world = { key, keys: [key], asked, answers };
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const path = request.url;
    const type = request.headers["content-type"] ?? "";
    const json = type.startsWith("application/json") ? JSON.parse(body) : undefined;
    const form = type.startsWith("application/x-www-form-urlencoded") ? Object.fromEntries(new URLSearchParams(body)) : undefined;
    const ask = { method: request.method, path, headers: request.headers, json, form };
    asked.push(ask);
    const found = world.answers[`${request.method} ${path}`] ?? builtIn(world, path);
    const answer = (typeof found === "function" ? await found(ask) : found) ?? { status: 404, json: { error: "not_found" } };
    if (answer.hangUp) return request.socket.destroy();
    response.writeHead(answer.status ?? 200, { "Content-Type": answer.text === undefined ? "application/json" : "text/html", ...answer.headers });
    response.end(answer.text ?? (answer.json === undefined ? "" : JSON.stringify(answer.json)));
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  world.issuer = `http://127.0.0.1:${server.address().port}`;
  world.end = () => new Promise((done) => (server.close(done), server.closeAllConnections()));
  world.to = (path) => asked.filter((ask) => ask.path === path);
  world.forget = () => void (asked.length = 0);
  /** What the token endpoint answers: tokens that are really signed. */
  world.tokens = async ({ clientId = "app_notes", nonce, sub = "idn_ada", ...more } = {}) => {
    const now = seconds();
    const claims = { iss: world.issuer, sub, iat: now, exp: now + 3600 };
    return {
      access_token: `pat_${Math.random().toString(36).slice(2)}`,
      access_token_jwt: await mint(world.key, { ...claims, aud: world.issuer, cid: clientId, scope: "openid profile" }, { typ: "at+jwt" }),
      id_token: await mint(world.key, { ...claims, aud: clientId, azp: clientId, nonce }, { typ: "JWT" }),
      token_type: "Bearer",
      expires_in: 3600,
      scope: "openid profile",
      user: { id: sub, handle: "ada", displayName: "Ada", avatarUrl: null },
      ...more,
    };
  };
  return world;
}

function builtIn(world, path) {
  if (path === "/.well-known/jwks.json") return { json: { keys: world.keys.map(({ jwk }) => jwk) } };
  if (path === "/.well-known/openid-configuration") {
    return { json: { issuer: world.issuer, jwks_uri: `${world.issuer}/.well-known/jwks.json` } };
  }
  return undefined;
}
