// Random values and Proof Key for Code Exchange (RFC 7636).

import { refusal } from "./errors.js";

/** A code verifier: 32 random bytes, 43 characters (RFC 7636 section 4.1). */
export function generateCodeVerifier(): string {
  return toBase64Url(randomBytes());
}

/** The `S256` challenge of a verifier (RFC 7636 section 4.2). */
export async function generateCodeChallenge(verifier: string): Promise<string> {
  const subtle = globalThis.crypto?.subtle;
  if (!subtle) throw insecure();
  return toBase64Url(new Uint8Array(await subtle.digest("SHA-256", new TextEncoder().encode(verifier))));
}

/** A value for `nonce` or `state`: 32 characters, 192 random bits. */
export function generateNonce(): string {
  return toBase64Url(randomBytes()).slice(0, 32);
}

function randomBytes(): Uint8Array {
  if (!globalThis.crypto?.getRandomValues) throw insecure();
  return crypto.getRandomValues(new Uint8Array(32));
}

/** Base64url without padding (RFC 7515 section 2). */
export function toBase64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

function insecure() {
  return refusal("insecure_context", "This page needs Web Crypto. Serve it over https, or from localhost.");
}
