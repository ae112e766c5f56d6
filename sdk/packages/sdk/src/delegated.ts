import { AveError } from "./error.js";
import { call } from "./http.js";
import { issuerOf } from "./issuer.js";
import { TYP, checkHeader, checkKey, checkTimes, invalid, parse } from "./jwt.js";
import { parseOAuthScopes } from "./scopes.js";
import type { CommunicationMode, DelegatedClaims, Fetcher, JwtPayload } from "./types.js";

/** What a route needs. */
export interface DelegatedTokenOptions {
  issuer?: string;
  /** The audience of your resource, exactly. */
  audience: string;
  /** The key of your resource. */
  resource: string;
  /** The scopes that the route needs: each of them. */
  scope?: string | readonly string[];
  /** `user_present`: the person must be there. `background` (default): it does not matter. */
  mode?: CommunicationMode;
  fetcher?: Fetcher;
}

/** What asking the issuer needs as well: the credentials of the app that owns the resource. */
export interface IntrospectOptions extends Omit<DelegatedTokenOptions, "audience"> {
  /** Checked when you give it. The resource always is, and it has one audience. */
  audience?: string;
  clientId: string;
  clientSecret: string;
}

/**
 * Checks a token that another app sends to your resource, with the public keys of the issuer (RFC 9068 §4).
 * Throws `AveError`: `invalid_token` (401), `insufficient_scope` (403), or `temporarily_unavailable` (503).
 * A grant that was taken back still passes for as long as the token lives, ten minutes at most:
 * `introspectDelegatedToken` knows at once.
 */
export async function verifyDelegatedToken(token: string | null | undefined, options: DelegatedTokenOptions): Promise<DelegatedClaims> {
  const issuer = issuerOf(options.issuer);
  checkOptions(options);
  if (!options.audience) throw new AveError("invalid_request", "`audience` is required.");
  const parsed = parse(token);
  checkHeader(parsed, [TYP.accessToken]);
  // The issuer names the key of every token: without a name, any key of the set would do.
  if (!parsed.header.kid) throw invalid("The token names no key.");
  // What costs nothing comes first, so that foreign tokens cause no request.
  checkPlace(parsed.claims, issuer, options);
  await orUnavailable(checkKey(parsed, `${issuer}/.well-known/jwks.json`, { fetcher: options.fetcher }));
  return checkNeeds(parsed.claims, options);
}

/** The same, but the issuer is asked each time (RFC 7662): a grant that was taken back ends within a second. */
export async function introspectDelegatedToken(token: string | null | undefined, options: IntrospectOptions): Promise<DelegatedClaims> {
  const issuer = issuerOf(options.issuer);
  checkOptions(options);
  if (!token) throw invalid("The token is empty.");
  // Both parts are form-encoded before they are joined (RFC 6749 §2.3.1).
  const credentials = btoa([options.clientId, options.clientSecret].map(encodeURIComponent).join(":"));
  const answer = await orUnavailable(
    call<JwtPayload & { active?: boolean }>(`${issuer}/api/oauth/introspect`, {
      fetcher: options.fetcher,
      method: "POST",
      headers: {
        Authorization: `Basic ${credentials}`,
        "Content-Type": "application/x-www-form-urlencoded",
        Accept: "application/json",
      },
      body: new URLSearchParams({ token }).toString(),
      signal: AbortSignal.timeout(10_000),
    }),
  );
  if (answer.active !== true) throw invalid("The token is not active.");
  checkPlace(answer, issuer, options);
  return checkNeeds(answer, options);
}

/** What both ways check. Asking the issuer can do without an audience. */
type Needs = Omit<DelegatedTokenOptions, "audience"> & { audience?: string };

/** Plain JavaScript could leave one out, and `undefined` must never be what a missing claim equals. */
function checkOptions({ audience, resource, mode }: Needs): void {
  const isFine = audience !== "" && resource && [undefined, "user_present", "background"].includes(mode);
  if (!isFine) throw new AveError("invalid_request", "`resource` is required, `audience` is not empty, `mode` is user_present or background.");
}

function checkPlace(claims: JwtPayload, issuer: string, { audience, resource }: Needs): void {
  if (claims.iss !== issuer) throw invalid("The token is from another issuer.");
  // This audience and no other: a token that two servers take, either could use at the other (RFC 9700 §2.3).
  const [sole, ...more] = [claims.aud].flat();
  if (audience !== undefined && (sole !== audience || more.length)) throw invalid("The token is for another audience.");
  if (claims.target_resource !== resource) throw invalid("The token is for another resource.");
  checkTimes(claims);
}

function checkNeeds(claims: JwtPayload, { scope, mode }: Needs): DelegatedClaims {
  const { grant_id: grant, scope: granted, com_mode: present, sub } = claims;
  if (typeof grant !== "string" || !grant) throw invalid("The token names no grant.");
  if (typeof sub !== "string" || !sub) throw invalid("The token names no person.");
  if (typeof granted !== "string") throw invalid("The token has no scope.");
  if (present !== "user_present" && present !== "background") throw invalid("The token has no mode.");
  const has = new Set(granted.split(" "));
  const needed = typeof scope === "string" ? parseOAuthScopes(scope) : (scope ?? []);
  if (!needed.every((one) => has.has(one))) throw narrow(`The token lacks a scope: this needs ${needed.join(" ")}.`);
  if (mode === "user_present" && present !== "user_present") throw narrow("The token works in the background, but here the person must be present.");
  return claims as DelegatedClaims;
}

/** `insufficient_scope` with 403 (RFC 6750 §3.1). */
const narrow = (sentence: string): AveError => new AveError("insufficient_scope", sentence, 403);

/** Trouble between this server and the issuer says nothing about the token, so it must not look like a bad token. */
async function orUnavailable<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    const isVerdict = error instanceof AveError && /^(invalid_token|unsupported_algorithm|crypto_unavailable)$/.test(error.error);
    if (isVerdict) throw error;
    const reason = error instanceof AveError ? (error.errorDescription ?? error.error) : String(error);
    throw Object.assign(new AveError("temporarily_unavailable", `The issuer cannot be asked: ${reason}`, 503), { cause: error });
  }
}
