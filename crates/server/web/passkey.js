// Passkeys: the ceremonies of WebAuthn between the server's JSON and the browser's buffers.
// Base64url is converted by hand: the browser's own helpers are younger than many browsers in use.

import { Refused } from "./ask.js";

/**
 * @param {string} text base64url
 * @returns {ArrayBuffer}
 */
export function decode(text) {
  const binary = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at += 1) bytes[at] = binary.charCodeAt(at);
  return bytes.buffer;
}

/**
 * @param {ArrayBuffer} buffer
 * @returns {string} base64url without padding
 */
export function encode(buffer) {
  let binary = "";
  for (const byte of new Uint8Array(buffer)) binary += String.fromCharCode(byte);
  return btoa(binary).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/** The ceremony that is under way; the browser allows one at a time. @type {AbortController | undefined} */
let current;

/** @returns {AbortSignal} */
function begin() {
  current?.abort();
  current = new AbortController();
  return current.signal;
}

/** Breaks off the ceremony that is under way. */
export function stop() {
  current?.abort();
  current = undefined;
}

/** @returns {boolean} */
export function isSupported() {
  return typeof window.PublicKeyCredential === "function" && typeof navigator.credentials?.get === "function";
}

/** True when the browser offers passkeys in the list below a field. @returns {Promise<boolean>} */
export async function isConditional() {
  if (!isSupported()) return false;
  return (await window.PublicKeyCredential.isConditionalMediationAvailable?.()) === true;
}

/** @throws {Refused} */
function checkSupport() {
  if (!isSupported()) throw new Refused("This browser knows no passkeys. Use a newer one, or choose another way.");
}

/**
 * Proves a passkey.
 * @param {any} options what the server sent, with or without the wrapping `publicKey`
 * @param {CredentialMediationRequirement} [mediation]
 * @returns {Promise<object>} the assertion in JSON
 */
export async function prove(options, mediation) {
  checkSupport();
  const asked = options.publicKey ?? options;
  /** @type {PublicKeyCredentialRequestOptions} */
  const publicKey = { ...asked, challenge: decode(asked.challenge), allowCredentials: (asked.allowCredentials ?? []).map(withBuffer) };
  const credential = await navigator.credentials.get({ publicKey, mediation, signal: begin() });
  if (!(credential instanceof PublicKeyCredential)) throw new Refused("No passkey was used. Try again, or choose another way.");
  const response = /** @type {AuthenticatorAssertionResponse} */ (credential.response);
  return {
    ...described(credential),
    response: {
      clientDataJSON: encode(response.clientDataJSON),
      authenticatorData: encode(response.authenticatorData),
      signature: encode(response.signature),
      userHandle: response.userHandle ? encode(response.userHandle) : null,
    },
  };
}

/**
 * Makes a passkey.
 * @param {any} options what the server sent, with or without the wrapping `publicKey`
 * @returns {Promise<object>} the attestation in JSON
 */
export async function make(options) {
  checkSupport();
  const asked = options.publicKey ?? options;
  /** @type {PublicKeyCredentialCreationOptions} */
  const publicKey = {
    ...asked,
    challenge: decode(asked.challenge),
    user: { ...asked.user, id: decode(asked.user.id) },
    excludeCredentials: (asked.excludeCredentials ?? []).map(withBuffer),
  };
  const credential = await navigator.credentials.create({ publicKey, signal: begin() });
  if (!(credential instanceof PublicKeyCredential)) throw new Refused("No passkey was made. Try again.");
  const response = /** @type {AuthenticatorAttestationResponse} */ (credential.response);
  return {
    ...described(credential),
    response: {
      clientDataJSON: encode(response.clientDataJSON),
      attestationObject: encode(response.attestationObject),
      transports: response.getTransports?.() ?? [],
    },
  };
}

/** @param {any} known */
function withBuffer(known) {
  return { ...known, id: decode(known.id) };
}

/** @param {PublicKeyCredential} credential */
function described(credential) {
  return {
    id: credential.id,
    rawId: encode(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? null,
    clientExtensionResults: credential.getClientExtensionResults(),
  };
}

/** What this device calls itself, for the list of devices. */
export function device() {
  const agent = navigator.userAgent;
  const browser = firstOf(agent, [["Edg/", "Edge"], ["OPR/", "Opera"], ["Firefox/", "Firefox"], ["FxiOS/", "Firefox"], ["Chrome/", "Chrome"], ["CriOS/", "Chrome"], ["Safari/", "Safari"]]);
  const os = firstOf(agent, [["iPhone", "iPhone"], ["iPad", "iPad"], ["Android", "Android"], ["Windows", "Windows"], ["CrOS", "ChromeOS"], ["Mac OS X", "macOS"], ["Linux", "Linux"]]);
  const isTablet = os === "iPad" || (os === "Android" && !agent.includes("Mobile"));
  const type = isTablet ? "tablet" : os === "iPhone" || os === "Android" ? "phone" : "computer";
  return { name: `${browser ?? "Browser"} on ${os ?? type}`, type, browser, os };
}

/**
 * @param {string} text
 * @param {[string, string][]} known
 * @returns {string | undefined}
 */
function firstOf(text, known) {
  return known.find(([mark]) => text.includes(mark))?.[1];
}
