import { localError } from "./error.js";

/** Bytes as base64url without padding (RFC 7515 §2). */
export function base64url(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
}

/** The reverse. Strict: `atob` alone would also take padding and white space. */
export function fromBase64url(text: string): Uint8Array<ArrayBuffer> {
  if (!/^[\w-]*$/.test(text)) throw new TypeError("not base64url");
  return Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (char) => char.charCodeAt(0));
}

function random(size: number): string {
  if (!globalThis.crypto?.getRandomValues) throw localError("crypto_unavailable", "No source of randomness. Serve the page by HTTPS.");
  return base64url(globalThis.crypto.getRandomValues(new Uint8Array(size)));
}

/** The Web Crypto functions. Browsers have them only in pages that came by HTTPS or from localhost. */
export function subtle(): SubtleCrypto {
  const found = globalThis.crypto?.subtle;
  if (!found) throw localError("crypto_unavailable", "Web Crypto is missing. Serve the page by HTTPS, or from localhost while you develop.");
  return found;
}

/** A new PKCE verifier: 32 random bytes, 43 characters (RFC 7636 §4.1). */
export function generateCodeVerifier(): string {
  return random(32);
}

/** The S256 challenge of a verifier (RFC 7636 §4.2). */
export async function generateCodeChallenge(verifier: string): Promise<string> {
  return base64url(new Uint8Array(await subtle().digest("SHA-256", new TextEncoder().encode(verifier))));
}

/** 32 random characters, for `nonce` (OpenID Connect Core §15.5.2) and for `state` (RFC 6749 §10.12). */
export function generateNonce(): string {
  return random(24);
}
