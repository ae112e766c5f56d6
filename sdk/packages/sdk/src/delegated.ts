// Protecting a target app's API: what a delegated token must say before its bearer may act for a person.

import { AveError, refusal, untrusted } from "./errors.js";
import { resolveIssuer } from "./issuer.js";
import { audiencesOf, checkIssuerAndTime, checkSignature, parseJwt } from "./jws.js";
import { keysOf } from "./jwt.js";
import type { CommunicationMode, DelegatedTokenClaims, Fetcher, JwtPayload } from "./types.js";
import { askJson } from "./wire.js";

/** What a route needs of a delegation. */
export interface DelegationNeeds {
  /** The key of your resource, as registered. */
  resource: string;
  /** All of these, as a list or separated by spaces. None means that any live delegation will do. */
  scope?: string | readonly string[];
  /** `user_present` refuses what an app does by itself. `background`, and nothing, take both. */
  mode?: CommunicationMode;
  issuer?: string;
  fetcher?: Fetcher;
}

/** How a delegated token is checked by its signature. */
export interface VerifyDelegatedTokenOptions extends DelegationNeeds {
  /** The audience of your resource, as registered. */
  audience: string;
}

/** How a delegated token is checked by asking the issuer. */
export interface IntrospectDelegatedTokenOptions extends DelegationNeeds {
  /** Your own app's. */
  clientId: string;
  clientSecret: string;
  audience?: string;
}

/**
 * The claims of a delegated token, checked by its signature (RFC 9068 section 4, RFC 8725).
 *
 * Checks algorithm, signature, `typ`, `iss`, `aud`, `exp`, `target_resource`, `grant_id`, every scope and `com_mode`.
 * Throws an `AveError` whose `status` is the one to answer with: 401 `invalid_token`, 403 `insufficient_scope`, 503
 * `temporarily_unavailable`. What a person ends is refused within ten minutes, when the token ends; `introspectDelegatedToken`
 * refuses it at once.
 */
export async function verifyDelegatedToken(
  token: string | null | undefined,
  options: VerifyDelegatedTokenOptions,
): Promise<DelegatedTokenClaims> {
  need(options, ["audience", "resource"]);
  const issuer = resolveIssuer(options.issuer);
  const parsed = parseJwt(token);
  if (parsed.header.typ !== "at+jwt") throw untrusted("the token is not an access token");
  if (!parsed.header.kid) throw untrusted("the token names no key");
  checkIssuerAndTime(parsed.payload, issuer);
  const claims = checkTarget(parsed.payload, options);
  await checkSignature(parsed, { url: keysOf(issuer), fetcher: options.fetcher });
  // Last, so that only the issuer's own tokens learn what is missing.
  checkNeeds(claims, options);
  return claims;
}

/**
 * The claims of a delegated token, as the issuer tells them now (RFC 7662 section 2). What was ended a second ago is refused.
 *
 * The same rules and refusals as `verifyDelegatedToken`. `clientId` and `clientSecret` are those of the app that owns the resource.
 */
export async function introspectDelegatedToken(
  token: string | null | undefined,
  options: IntrospectDelegatedTokenOptions,
): Promise<DelegatedTokenClaims> {
  need(options, ["clientId", "clientSecret", "resource"]);
  const issuer = resolveIssuer(options.issuer);
  if (!token) throw untrusted("the token is empty");
  const answer = await askJson<JwtPayload & { active?: unknown }>(`${issuer}/api/oauth/introspect`, {
    method: "POST",
    form: { token, token_type_hint: "access_token" },
    authorization: basic(options.clientId, options.clientSecret),
    fetcher: options.fetcher,
  });
  if (answer.active !== true) throw untrusted("the token is not active");
  // `iss` may be left out (RFC 7662 section 2.2): the issuer itself has answered.
  const { active, ...payload } = { iss: issuer, ...answer };
  checkIssuerAndTime(payload, issuer);
  const claims = checkTarget(payload, options);
  checkNeeds(claims, options);
  return claims;
}

/** What makes a token a delegated one for this resource, and no other (RFC 9700 section 2.3). */
function checkTarget(payload: JwtPayload, { audience, resource }: { audience?: string; resource: string }): DelegatedTokenClaims {
  const aud = audiencesOf(payload);
  if (audience !== undefined && (aud.length !== 1 || aud[0] !== audience)) throw untrusted("the token is for another audience");
  if (payload.target_resource !== resource) throw untrusted("the token is for another resource");
  const { sub, scope, grant_id, com_mode } = payload;
  if (!isText(sub) || !isText(grant_id) || !isText(scope)) throw untrusted("the token lacks a claim of a delegated token");
  if (com_mode !== "user_present" && com_mode !== "background") {
    throw untrusted("the token's com_mode is neither user_present nor background");
  }
  return payload as DelegatedTokenClaims;
}

function checkNeeds(claims: DelegatedTokenClaims, { scope = [], mode }: DelegationNeeds): void {
  const granted = claims.scope.split(" ");
  const needed = typeof scope === "string" ? scope.split(/\s+/).filter(Boolean) : scope;
  if (!needed.every((word) => granted.includes(word))) {
    throw new AveError("insufficient_scope", "the token lacks a scope that is needed here", 403);
  }
  if (mode === "user_present" && claims.com_mode !== "user_present") {
    throw new AveError("insufficient_scope", "the token works in the background, but here the person must be present", 403);
  }
}

/** A setting that is missing would compare equal to a claim that is missing. */
function need<Options extends object>(options: Options, names: readonly (keyof Options & string)[]): void {
  for (const name of names) {
    if (!isText(options[name])) throw refusal("invalid_configuration", `${name} is missing.`);
  }
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

/** RFC 6749 section 2.3.1: both parts are form-encoded first. */
function basic(id: string, secret: string): string {
  const encode = (text: string) => new URLSearchParams({ "": text }).toString().slice(1);
  return `Basic ${btoa(`${encode(id)}:${encode(secret)}`)}`;
}
