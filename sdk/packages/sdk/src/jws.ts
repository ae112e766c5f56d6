// Reading a signed token and checking its signature (RFC 7515, RFC 7518, RFC 8037), and the rules that every token keeps.

import { untrusted } from "./errors.js";
import { findKey } from "./keys.js";
import type { Fetcher, JwkKey, JwtHeader, JwtPayload } from "./types.js";

/** A token taken apart. Nothing in it is believed yet. */
export interface Parsed {
  header: JwtHeader;
  payload: JwtPayload;
  signed: Uint8Array<ArrayBuffer>;
  signature: Uint8Array<ArrayBuffer>;
}

/** Where keys come from: an address, or a list in hand. */
export type KeySource = { url: string; fetcher?: Fetcher } | { keys: JwkKey[] };

// Asymmetric ones alone: `none` and HMAC are not in the list, so they fit no key (RFC 8725 section 3.1).
const ALGORITHMS = new Map([
  ["RS256", { kty: "RSA", crv: undefined, spec: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" } }],
  ["ES256", { kty: "EC", crv: "P-256", spec: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } }],
  ["EdDSA", { kty: "OKP", crv: "Ed25519", spec: { name: "Ed25519" } }],
]);

const LONGEST_TOKEN = 16_384;

/** Takes a token apart (RFC 7515 section 7.1). */
export function parseJwt(token: unknown): Parsed {
  if (typeof token !== "string" || !token || token.length > LONGEST_TOKEN) throw untrusted("the token is empty or longer than 16 KiB");
  const [header = "", payload = "", signature = "", ...rest] = token.split(".");
  if (rest.length || !signature) throw untrusted("the token is not a signed JWT");
  const head = objectIn(header) as unknown as JwtHeader;
  if (!ALGORITHMS.has(head.alg)) throw untrusted("the token's algorithm is not one of RS256, ES256, EdDSA");
  // An extension that we do not understand must be refused (RFC 7515 section 4.1.11).
  if ("crit" in head) throw untrusted("the token needs an extension that is not understood");
  return {
    header: head,
    payload: objectIn(payload),
    signed: new TextEncoder().encode(`${header}.${payload}`),
    signature: bytesIn(signature),
  };
}

/** Checks the signature against the key that the header names. The key decides the algorithm, not the token. */
export async function checkSignature({ header, signed, signature }: Parsed, source: KeySource): Promise<void> {
  const { kty, crv, spec } = ALGORITHMS.get(header.alg)!;
  const fits = (key: JwkKey) =>
    key.kty === kty &&
    key.crv === crv &&
    (key.alg === undefined || key.alg === header.alg) &&
    (key.use === undefined || key.use === "sig") &&
    (header.kid === undefined || key.kid === header.kid);
  const key = "keys" in source ? source.keys.find(fits) : await findKey(source.url, fits, source.fetcher);
  if (!key) throw untrusted("the token is signed with an unknown key");
  // Only what makes the public key: members such as `key_ops` and `use` would make the import fail.
  const { n, e, x, y } = key;
  const imported = await crypto.subtle.importKey("jwk", { kty, crv, n, e, x, y }, spec, false, ["verify"]);
  if (!(await crypto.subtle.verify(spec, imported, signature, signed))) throw untrusted("the token's signature is wrong");
}

/** The rules of time and issuer (RFC 7519 section 4.1). */
export function checkIssuerAndTime(payload: JwtPayload, issuer: string, skewSeconds = 30): void {
  const now = Date.now() / 1000;
  if (payload.iss !== issuer) throw untrusted("the token is from another issuer");
  if (!isNumber(payload.exp)) throw untrusted("the token has no end");
  if (payload.exp + skewSeconds <= now) throw untrusted("the token has expired");
  if (payload.nbf !== undefined && !(isNumber(payload.nbf) && payload.nbf - skewSeconds <= now)) {
    throw untrusted("the token is not valid yet");
  }
}

/** The audiences of a token as a list. */
export function audiencesOf({ aud }: JwtPayload): unknown[] {
  return Array.isArray(aud) ? aud : [aud];
}

/** The whole of base64url, and nothing else. */
function bytesIn(text: string): Uint8Array<ArrayBuffer> {
  if (!/^[\w-]*$/.test(text) || text.length % 4 === 1) throw untrusted("the token is not a signed JWT");
  return Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
}

function objectIn(part: string): JwtPayload {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytesIn(part)));
  } catch {
    // Told below.
  }
  if (!value || typeof value !== "object" || Array.isArray(value)) throw untrusted("the token is not a signed JWT");
  return value as JwtPayload;
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}
