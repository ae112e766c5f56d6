import { localError } from "./error.js";

/** Written out here, since browsers have no `process` and no types for it. */
declare const process: { env: { PROCURA_ISSUER?: string } };

let configured: string | undefined;

/**
 * Names the identity server for every later call without `issuer`. Call it once, before anything else.
 * @example configure({ issuer: "https://id.example.org" });
 */
export function configure(options: { issuer: string }): void {
  configured = normalizeIssuer(options.issuer);
}

/**
 * The issuer in the one form that all functions use: no white space around it and no slash at the end
 * (RFC 8414 §2: an `https` URL without query and fragment). Throws on anything else.
 */
export function normalizeIssuer(text: string): string {
  let url: URL | undefined;
  try {
    url = new URL(String(text).trim());
  } catch {
    // Reported below, with everything else that is no issuer.
  }
  const isIssuer = url && /^https?:$/.test(url.protocol) && !/[?#]/.test(url.href) && !url.username && !url.password;
  if (!url || !isIssuer) {
    throw localError("invalid_issuer", `"${text}" is no issuer. It is the address of your Procura, such as https://id.example.org.`);
  }
  return url.origin + url.pathname.replace(/\/+$/, "");
}

/**
 * The issuer of one call: the option, `configure`, `PROCURA_ISSUER`, or the server this script came from.
 * There is no default on a foreign host: nobody's sign-in may end up at a server they did not choose.
 */
export function issuerOf(given?: string): string {
  const found = given?.trim() || configured || fromEnvironment() || fromThisScript();
  if (!found) {
    throw localError(
      "missing_issuer",
      'No issuer. Pass `issuer: "https://id.example.org"`, call `configure({ issuer })` once, or set PROCURA_ISSUER.',
    );
  }
  return normalizeIssuer(found);
}

/**
 * Where the API of an issuer is: the same address. Without an argument, that of the configured issuer.
 */
export function getApiBase(issuer?: string): string {
  return issuerOf(issuer);
}

/** Spelled out in full, so that bundlers can put the value in its place. */
function fromEnvironment(): string | undefined {
  try {
    return process.env.PROCURA_ISSUER?.trim();
  } catch {
    return undefined;
  }
}

/** A server of ours serves its scripts under `/sdk/js/`, so their origin is the issuer. */
function fromThisScript(): string | undefined {
  try {
    const { protocol, pathname, origin } = new URL(import.meta.url);
    return /^https?:$/.test(protocol) && pathname.startsWith("/sdk/js/") ? origin : undefined;
  } catch {
    return undefined;
  }
}
