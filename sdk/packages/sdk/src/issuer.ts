// Which server this package talks to. One origin serves its pages, its API and its keys.

import { refusal } from "./errors.js";

declare const process: { env: Record<string, string | undefined> };

let configured = "";

/** Names the identity server for all later calls without `issuer`. */
export function configure(options: { issuer: string }): void {
  configured = normalizeIssuer(options.issuer);
}

/**
 * The origin of an issuer: trimmed, without trailing slashes. Throws on anything that is not an `http` or `https` origin,
 * so that a typing error never sends a person or a secret elsewhere.
 */
export function normalizeIssuer(text: string): string {
  const trimmed = String(text).trim().replace(/\/+$/, "");
  let url: URL | undefined;
  try {
    url = new URL(trimmed);
  } catch {
    // Told below.
  }
  if (!url || !/^https?:$/.test(url.protocol) || url.href !== `${url.origin}/` || /[?#]/.test(trimmed)) {
    throw refusal("invalid_issuer", `The issuer must be an origin such as https://id.example.org, not ${JSON.stringify(text)}.`);
  }
  return url.origin;
}

/** The issuer of a call: its own option, `configure`, `PROCURA_ISSUER`, or the server that served this script. */
export function resolveIssuer(given?: string | null): string {
  if (typeof given === "string" && given.trim()) return normalizeIssuer(given);
  const found = configured || fromEnvironment() || servedFrom();
  if (!found) {
    throw refusal(
      "missing_issuer",
      'No issuer. Pass `issuer: "https://id.example.org"`, call `configure({ issuer })` once, or set PROCURA_ISSUER.',
    );
  }
  return normalizeIssuer(found);
}

/** The base of all API addresses. It is the issuer: pages and API share one origin. */
export function getApiBase(issuer?: string): string {
  return resolveIssuer(issuer);
}

/** Bundlers replace the whole expression, and browsers without one have no `process`. */
function fromEnvironment(): string | undefined {
  try {
    return process.env.PROCURA_ISSUER;
  } catch {
    return undefined;
  }
}

/** A Procura server serves its scripts under `/sdk/js/`, and then it is the issuer. */
function servedFrom(): string | undefined {
  try {
    const url = new URL(import.meta.url);
    return /^https?:$/.test(url.protocol) && url.pathname.startsWith("/sdk/js/") ? url.origin : undefined;
  } catch {
    return undefined;
  }
}
