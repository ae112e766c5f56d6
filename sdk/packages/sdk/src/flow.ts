// What a page must remember between the redirect to the issuer and the way back.

import { AveError, localError } from "./error.js";
import { issuerOf, normalizeIssuer } from "./issuer.js";
import type { CommunicationMode } from "./types.js";

/** The names of the Ave SDK. Each holds the latest flow of its kind. */
export type Kind = "ave_pkce" | "ave_connector_pkce" | "ave_quick_pkce";

const KINDS: readonly Kind[] = ["ave_pkce", "ave_connector_pkce", "ave_quick_pkce"];
const LIFE_MS = 600_000;

/** One flow under way. */
export interface Flow {
  verifier: string;
  state: string;
  nonce?: string;
  /** Milliseconds since 1970. */
  createdAt: number;
  clientId?: string;
  redirectUri?: string;
  resource?: string;
  scope?: string;
  mode?: CommunicationMode;
}

/** Parts of a flow under names of their own, for pages that read them by hand. */
const MIRRORS: Record<Kind, Record<string, "verifier" | "nonce" | "state">> = {
  ave_pkce: { ave_code_verifier: "verifier", ave_nonce: "nonce", ave_state: "state" },
  ave_connector_pkce: { ave_connector_state: "state" },
  ave_quick_pkce: {},
};

/** Each flow also has an entry of its own, so that a second one, begun before the first came back, ends nothing. */
const keyOf = (kind: Kind, state: string) => `${kind}.${state}`;

function read(key: string): Flow | undefined {
  try {
    const flow = JSON.parse(sessionStorage.getItem(key) ?? "null") as Flow | null;
    const isFine = flow && typeof flow.verifier === "string" && typeof flow.state === "string" && typeof flow.createdAt === "number";
    return isFine ? flow : undefined;
  } catch {
    return undefined;
  }
}

const isAlive = (flow: Flow) => Date.now() - flow.createdAt < LIFE_MS;

/** Keeps a flow, and forgets those of its kind that are too old to come back. */
export function keepFlow(kind: Kind, flow: Flow): void {
  try {
    for (const key of Object.keys(sessionStorage)) {
      const old = key.startsWith(`${kind}.`) && read(key);
      if (old && !isAlive(old)) sessionStorage.removeItem(key);
    }
    const text = JSON.stringify(flow);
    sessionStorage.setItem(keyOf(kind, flow.state), text);
    sessionStorage.setItem(kind, text);
    for (const [name, part] of Object.entries(MIRRORS[kind])) sessionStorage.setItem(name, flow[part] ?? "");
  } catch {
    throw localError("storage_unavailable", "This page cannot use sessionStorage, so it would not know its own answer.");
  }
}

/** Other code may have written only the latest entry. */
function findFlow(kind: Kind, state: string): Flow | undefined {
  return [read(keyOf(kind, state)), read(kind)].find((flow) => flow?.state === state);
}

/** Forgets one flow, and nothing of any other. */
export function dropFlow(kind: Kind, state: string): void {
  const isLatest = read(kind)?.state === state;
  sessionStorage.removeItem(keyOf(kind, state));
  if (!isLatest) return;
  for (const key of [kind, ...Object.keys(MIRRORS[kind])]) sessionStorage.removeItem(key);
}

/** Flows that ended with an error here: who finishes twice hears the same twice. */
const refused = new Set<string>();

/** What `takeAnswer` must know. */
interface Expected {
  clientId: string;
  redirectUri: string;
  issuer?: string;
  url?: string;
  prefix?: string;
}

/** A code that belongs to a flow of this page. */
export interface Answer {
  code: string;
  issuer: string;
  flow: Flow;
}

/**
 * Reads the answer in the address: `null` when there is none of this kind. Throws the error that it carries
 * (RFC 6749 §4.1.2.1), or when it answers no flow of this page (RFC 6749 §10.12).
 */
export function takeAnswer(kind: Kind, { clientId, redirectUri, issuer, url, prefix }: Expected): Answer | null {
  const query = new URL(url ?? location.href, globalThis.location?.href).searchParams;
  const [code, error, state, from] = ["code", "error", "state", "iss"].map((name) => query.get(name));
  if (!code && !error) return null;
  const flow = state ? findFlow(kind, state) : undefined;
  if (!flow && state && KINDS.some((other) => other !== kind && findFlow(other, state))) return null;
  const refuse = (reason: string, sentence: string) => localError(reason, sentence, prefix);

  if (error) {
    if (flow) {
      dropFlow(kind, flow.state);
      refused.add(keyOf(kind, flow.state));
    }
    // The page may have an `error` parameter of its own, that is no answer to anything.
    else if (kind !== "ave_connector_pkce") return null;
    else if (state && !refused.has(keyOf(kind, state))) throw refuse("state_mismatch", "This page asked no such thing: the state is another one.");
    throw new AveError(error, query.get("error_description") ?? undefined);
  }
  if (!code) return null;
  if (!state) throw refuse("missing_state", "The answer has no state. It is not from this page.");
  if (!flow) throw refuse("state_mismatch", "This page knows of no such sign-in: the state is another one, or it was used already.");
  if (!isAlive(flow)) {
    dropFlow(kind, state);
    throw refuse("flow_expired", "This took longer than ten minutes. Start again.");
  }
  const expected = issuerOf(issuer);
  if (from && !isSame(from, expected)) throw refuse("issuer_mismatch", "The answer is from another issuer (RFC 9207).");
  const isOther = (flow.clientId ?? clientId) !== clientId || (flow.redirectUri ?? redirectUri) !== redirectUri;
  if (isOther) throw refuse("flow_mismatch", "clientId or redirectUri are not those this flow began with.");
  return { code, issuer: expected, flow };
}

function isSame(from: string, expected: string): boolean {
  try {
    return normalizeIssuer(from) === expected;
  } catch {
    return false;
  }
}

/** Removes the code from a text, so that it does not stay in a log or a bookmark. */
export function stripOAuthQueryParamsFromUrlString(text: string): string {
  const url = new URL(text);
  for (const name of ["code", "state", "iss", "session_state"]) url.searchParams.delete(name);
  return url.href;
}

/** Removes an answer from the address bar, if it is still there. */
export function cleanAddress(code: string): void {
  if ( new URL(location.href).searchParams.get("code") !== code) return;
  history.replaceState(history.state, "", stripOAuthQueryParamsFromUrlString(location.href));
}

const finished = new Map<string, Promise<unknown>>();

/**
 * A code works once, but pages finish twice: frameworks run effects again. The second call gets the first one's outcome.
 * Only outcomes are kept: after trouble on the way, or when there was nothing to do, the next call tries again.
 */
export function oncePerCode<T>(kind: string, url: string | undefined, work: () => Promise<T | null>): Promise<T | null> {
  const query = new URL(url ?? location.href, globalThis.location?.href).searchParams;
  const [code, state] = [query.get("code"), query.get("state")];
  if (!code) return work();
  const key = `${kind} ${state} ${code}`;
  const known = finished.get(key) as Promise<T | null> | undefined;
  if (known) return known;
  const outcome = work();
  finished.set(key, outcome);
  outcome.then(
    (value) => value === null && finished.delete(key),
    (error: unknown) => !isFinal(error) && finished.delete(key),
  );
  return outcome;
}

/** True when asking again cannot help. */
export function isFinal(error: unknown): boolean {
  return error instanceof AveError && error.status !== undefined && error.status >= 400 && error.status < 500 && error.status !== 429;
}
