// What a flow must remember while the person is at the server, kept in the tab by the flow's `state`.
//
// Promise: flows never collide, whether in two tabs that share their storage or twice in one; a callback finishes at most one flow,
// and finishing it again in the same page gives the same result.

import { refusal } from "./errors.js";
import { resolveIssuer } from "./issuer.js";
import { generateCodeVerifier, generateNonce } from "./pkce.js";

/** What is remembered. */
export interface Flow {
  verifier: string;
  state: string;
  nonce?: string;
  /** In milliseconds. */
  createdAt: number;
  issuer?: string;
  [more: string]: unknown;
}

/** Flows of different kinds share a callback page. The names are storage keys. */
export type Kind = "ave_pkce" | "ave_connector_pkce" | "ave_quick_pkce";

const KINDS: readonly Kind[] = ["ave_pkce", "ave_connector_pkce", "ave_quick_pkce"];
const LIFETIME_MS = 600_000;

/** Makes and keeps the secrets of a new flow. */
export function beginFlow(kind: Kind, more: Partial<Flow> & { issuer: string }): Flow {
  const flow: Flow = { ...more, verifier: generateCodeVerifier(), state: more.state ?? generateNonce(), createdAt: Date.now() };
  sweep(kind);
  sessionStorage.setItem(`${kind}:${flow.state}`, JSON.stringify(flow));
  return flow;
}

/** A callback as the address shows it (RFC 6749 sections 4.1.2 and 4.1.2.1). */
export interface Callback {
  code: string | null;
  state: string | null;
  error: string | null;
  description: string | null;
  iss: string | null;
}

/** Reads the callback from an address, or from the address bar. */
export function readCallback(address: string | URL = window.location.href): Callback {
  const query = new URL(address, typeof window === "undefined" ? undefined : window.location?.href).searchParams;
  return {
    code: query.get("code"),
    state: query.get("state"),
    error: query.get("error"),
    description: query.get("error_description"),
    iss: query.get("iss"),
  };
}

/** True when the callback belongs to a flow of another kind, which its own function finishes. */
export function isElsewhere(kind: Kind, { state }: Callback): boolean {
  if (!state || find(kind, state)) return false;
  return KINDS.some((other) => other !== kind && (finished.get(state) === other || find(other, state)));
}

/** The flow that the callback answers. Refuses a callback that this tab has not asked for (RFC 6749 section 10.12). */
export function claimFlow(kind: Kind, callback: Callback, issuer?: string): Flow & { issuer: string } {
  const { state } = callback;
  if (!state) throw refusal("invalid_callback", "The callback carries no state.");
  const flow = find(kind, state);
  if (!flow) throw refusal("state_mismatch", "The callback belongs to no sign-in that was started here. Start again.");
  if (!(Date.now() - flow.createdAt < LIFETIME_MS)) {
    dropFlow(kind, state);
    throw refusal("flow_expired", "More than ten minutes have passed. Start again.");
  }
  const expected = resolveIssuer(issuer ?? flow.issuer);
  // An answer from another server than the one that was asked is a mix-up attack (RFC 9207 section 2.4).
  if ((flow.issuer && flow.issuer !== expected) || (callback.iss !== null && callback.iss !== expected)) {
    throw refusal("invalid_callback", "The callback is from another issuer.");
  }
  return { ...flow, issuer: expected };
}

/** Forgets a flow. */
export function dropFlow(kind: Kind, state: string): void {
  sessionStorage.removeItem(`${kind}:${state}`);
  if (read(kind)?.state === state) sessionStorage.removeItem(kind);
  finished.set(state, kind);
}

const finished = new Map<string, Kind>();
const results = new Map<string, { result: Promise<unknown>; isSettled: boolean }>();

/** Does the work once per callback: frameworks run effects twice, and a code is spent by its first use. */
export function once<T>(kind: Kind, callback: Callback, work: () => Promise<T>): Promise<T> {
  const { state, code, error } = callback;
  const key = `${kind} ${state} ${code ?? error}`;
  const known = results.get(key);
  // What is still kept afterwards was not spent, so the next try may succeed.
  if (known && !(known.isSettled && state && find(kind, state))) return known.result as Promise<T>;
  const entry = { result: work(), isSettled: false };
  const settle = () => {
    entry.isSettled = true;
  };
  entry.result.then(settle, settle);
  results.set(key, entry);
  return entry.result;
}

/** The flow under its own key, or the latest one, as the embed keeps it. */
function find(kind: Kind, state: string): Flow | undefined {
  const own = read(`${kind}:${state}`) ?? read(kind);
  return own?.state === state ? own : undefined;
}

function read(key: string): Flow | undefined {
  try {
    const flow: unknown = JSON.parse(sessionStorage.getItem(key) ?? "null");
    const { verifier, state, createdAt } = (flow ?? {}) as Partial<Flow>;
    return verifier && state && typeof createdAt === "number" ? (flow as Flow) : undefined;
  } catch {
    return undefined;
  }
}

/** Forgets flows that nobody has finished. */
function sweep(kind: Kind): void {
  for (const key of Object.keys(sessionStorage)) {
    if (!key.startsWith(`${kind}:`)) continue;
    const flow = read(key);
    if (!flow || Date.now() - flow.createdAt >= LIFETIME_MS) sessionStorage.removeItem(key);
  }
}
