// Signing a request with the key of an app or an agent (`/sdk/*`).
//
// Promise: a signature covers method, path, query, time, a number used once, the exact bytes of the body, and every header that says
// who is calling.

const encoder = new TextEncoder();

/** Node 18 has it, but not as a global. @returns {Promise<Crypto>} */
const webCrypto = async () => globalThis.crypto ?? /** @type {any} */ (await import(/** @type {any} */ ("node:crypto"))).webcrypto;

/** The headers that a signature covers beside the standing ones, in this order. */
const IDENTITY = [
  ["caller", "X-Alter-Caller"],
  ["caller-type", "X-Alter-Caller-Type"],
  ["actor-id", "X-Alter-Actor-ID"],
  ["actor-context", "X-Alter-Context"],
];

/**
 * The headers that sign a request, without the key itself. `at` (seconds) and `nonce` are drawn when they are not given.
 * @param {{ key: string, method: string, url: string | URL, body?: string | Uint8Array, headers?: Record<string, string>, at?: number, nonce?: string }} request
 * @returns {Promise<Record<string, string>>}
 */
export async function signRequest({ key, method, url, body = "", headers = {}, at = Math.floor(Date.now() / 1000), nonce }) {
  const crypto = await webCrypto();
  const once = nonce ?? hex(crypto.getRandomValues(new Uint8Array(16)));
  const digest = hex(await crypto.subtle.digest("SHA-256", typeof body === "string" ? encoder.encode(body) : /** @type {BufferSource} */ (body)));
  const said = new Headers(headers);
  const lines = [method.toUpperCase(), canonicalPath(url), String(at), once, digest, said.get("X-Alter-Scope-Constraints") ?? ""];
  const rule = said.get("X-Alter-Request-Rule");
  if (rule) lines.push(`request-rule:${rule}`);
  const count = lines.length;
  for (const [name, header] of IDENTITY) if (said.get(header)) lines.push(`${name}:${said.get(header)}`);
  const signing = await hmac(crypto, encoder.encode(key), "alter-signing-v1");
  const signature = hex(await hmac(crypto, signing, lines.join("\n")));
  return {
    "X-Alter-Timestamp": String(at),
    "X-Alter-Nonce": once,
    "X-Alter-Content-SHA256": digest,
    "X-Alter-Signature": signature,
    // Both, so that nobody can take the identity away and have the rest count.
    ...(lines.length > count && { "X-Alter-Signature-V2": signature }),
  };
}

/** @param {Crypto} crypto @param {Uint8Array} key @param {string} text */
async function hmac(crypto, key, text) {
  const imported = await crypto.subtle.importKey("raw", /** @type {BufferSource} */ (key), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, encoder.encode(text)));
}

/** @param {ArrayBuffer | Uint8Array} bytes */
const hex = (bytes) => Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** The path decoded once, and the query decoded, sorted and encoded again. @param {string | URL} url */
function canonicalPath(url) {
  const { pathname, search } = new URL(url);
  const path = decode(pathname);
  if (search.length < 2) return path;
  const pairs = search.slice(1).split("&").filter(Boolean).map((pair) => {
    const [name, ...rest] = pair.split("=");
    return [name, rest.join("=")].map((part) => decode(part.replaceAll("+", " ")));
  });
  const sorted = pairs.sort(([a, x], [b, y]) => compare(a, b) || compare(x, y));
  return `${path}?${sorted.map((pair) => pair.map(encode).join("=")).join("&")}`;
}

/** Percent-decoding as bytes, so that what is no UTF-8 becomes a replacement character instead of an error. @param {string} text */
function decode(text) {
  const bytes = text.split(/(%[\da-f]{2})/i).flatMap((part, at) => (at % 2 ? [Number.parseInt(part.slice(1), 16)] : [...encoder.encode(part)]));
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(new Uint8Array(bytes));
}

/** @param {string} text */
const encode = (text) => Array.from(encoder.encode(text), (byte) => {
  const char = String.fromCharCode(byte);
  return /[\w.~-]/.test(char) ? char : char === " " ? "+" : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
}).join("");

/** By code points, as other languages sort. @param {string} a @param {string} b */
function compare(a, b) {
  const [left, right] = [Array.from(a), Array.from(b)];
  for (let at = 0; at < Math.min(left.length, right.length); at += 1) {
    const step = /** @type {number} */ (left[at].codePointAt(0)) - /** @type {number} */ (right[at].codePointAt(0));
    if (step) return step;
  }
  return left.length - right.length;
}
