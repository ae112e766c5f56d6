// Checking the tokens of a sign-in: ID token and `access_token_jwt`.

import { AveError, untrusted } from "./errors.js";
import { normalizeIssuer, resolveIssuer } from "./issuer.js";
import { audiencesOf, checkIssuerAndTime, checkSignature, type KeySource, parseJwt } from "./jws.js";
import { keysAt } from "./keys.js";
import type { Fetcher, JwksResponse, JwtPayload, OidcConfiguration, TokenResponse } from "./types.js";
import { askJson } from "./wire.js";

/** What a token must say, and where the keys are. */
export interface VerifyJwtOptions {
  issuer?: string;
  /** What `iss` must be, if it differs from `issuer`. */
  expectedIssuer?: string;
  /** Any one of these. Default: the issuer, which is the audience of `access_token_jwt`. */
  audience?: string | readonly string[];
  nonce?: string;
  /** Default `{issuer}/.well-known/jwks.json`. */
  jwksUrl?: string;
  /** Keys in hand, instead of an address. */
  jwks?: JwksResponse;
  /** A discovery document that names the issuer and the address of its keys. */
  discoveryUrl?: string;
  /** Default 30. */
  clockSkewSeconds?: number;
  fetcher?: Fetcher;
}

/** What a sign-in token must say. `audience: undefined` asks for none. */
interface Rules {
  issuer: string;
  audience?: readonly string[];
  nonce?: string;
  types: readonly string[];
  skewSeconds?: number;
  source: KeySource;
}

const ID_TOKEN = ["JWT"];
const ACCESS_TOKEN = ["at+jwt"];

/**
 * The claims of an ID token or `access_token_jwt`, or `null` if it must not be believed.
 *
 * Checks algorithm, `typ`, `iss`, `aud`, `exp`, `nbf`, `nonce` and signature (RFC 8725). A delegated token is no sign-in, and is refused.
 */
export async function verifyJwt<Claims extends JwtPayload = JwtPayload>(
  token: string,
  options: VerifyJwtOptions = {},
): Promise<Claims | null> {
  const found = await discover(options);
  if (!found) return null;
  const { issuer, jwksUrl } = found;
  return orNull<Claims>(token, {
    issuer,
    audience: asList(options.audience ?? issuer),
    nonce: options.nonce,
    types: [...ID_TOKEN, ...ACCESS_TOKEN],
    skewSeconds: Math.max(0, options.clockSkewSeconds ?? 30),
    source: options.jwks ? { keys: options.jwks.keys } : { url: jwksUrl, fetcher: options.fetcher },
  });
}

/** The claims of an ID token for `clientId` (OIDC Core section 3.1.3.7), or `null`. */
export async function readIdToken<Claims extends JwtPayload>(
  token: string,
  options: { clientId: string; issuer?: string; nonce?: string; fetcher?: Fetcher },
): Promise<Claims | null> {
  const issuer = resolveIssuer(options.issuer);
  const { nonce, fetcher } = options;
  const claims = await orNull<Claims>(token, {
    issuer,
    audience: [options.clientId],
    nonce,
    types: ID_TOKEN,
    source: { url: keysOf(issuer), fetcher },
  });
  return claims && (claims.azp === undefined || claims.azp === options.clientId) && claims.sub ? claims : null;
}

/** The key set of an issuer. Asks at most every five minutes. */
export async function fetchJwks(
  options: Pick<VerifyJwtOptions, "issuer" | "jwksUrl" | "discoveryUrl" | "fetcher"> = {},
): Promise<JwksResponse> {
  const found = await discover(options);
  if (!found) throw new AveError("temporarily_unavailable", "The discovery document cannot be read.", 503);
  return { keys: await keysAt(found.jwksUrl, options.fetcher) };
}

/** True when this runtime can check signatures. */
export async function isJwtVerificationSupported(): Promise<boolean> {
  return Boolean(globalThis.crypto?.subtle);
}

/** Checks the tokens that a code has just bought: whose they are, and that they belong to this flow. */
export async function checkTokens(
  tokens: TokenResponse,
  { issuer, clientId, nonce, subject }: { issuer: string; clientId: string; nonce?: string; subject?: string },
): Promise<void> {
  const source = { url: keysOf(issuer) };
  const claims: JwtPayload[] = [];
  if (tokens.id_token) claims.push(await judgeFresh(tokens.id_token, { issuer, audience: [clientId], nonce, types: ID_TOKEN, source }));
  if (tokens.access_token_jwt) claims.push(await judgeFresh(tokens.access_token_jwt, { issuer, types: ACCESS_TOKEN, source }));
  const sub = subject ?? claims[0]?.sub;
  if (claims.some((each) => each.sub !== sub)) throw untrusted("the tokens are for different people");
}

/**
 * A token straight from the token endpoint: TLS has vouched for it (OIDC Core section 3.1.3.7, step 6), so a browser that does not
 * know the app's algorithm, as some do not know EdDSA, may do without the signature.
 */
async function judgeFresh(token: string, rules: Rules): Promise<JwtPayload> {
  try {
    return await judge(token, rules);
  } catch (error) {
    if ((error as Error)?.name === "NotSupportedError") return parseJwt(token).payload;
    throw error;
  }
}

async function judge(token: string, rules: Rules): Promise<JwtPayload> {
  const parsed = parseJwt(token);
  const { header, payload } = parsed;
  // Libraries that sign ID tokens may leave `typ` out (RFC 7519 section 5.1); an access token always has it (RFC 9068 section 2.1).
  if (!rules.types.includes(header.typ ?? "JWT")) throw untrusted("the token is of another kind");
  if ("grant_id" in payload || "target_resource" in payload) throw untrusted("a delegated token is not a sign-in");
  checkIssuerAndTime(payload, rules.issuer, rules.skewSeconds);
  const { audience, nonce } = rules;
  if (audience && !audiencesOf(payload).some((one) => audience.includes(one as string))) {
    throw untrusted("the token is for another audience");
  }
  if (nonce !== undefined && payload.nonce !== nonce) {
    throw new AveError("nonce_mismatch", "the ID token belongs to another flow", 401);
  }
  await checkSignature(parsed, rules.source);
  return payload;
}

async function orNull<Claims extends JwtPayload>(token: string, rules: Rules): Promise<Claims | null> {
  try {
    return (await judge(token, rules)) as Claims;
  } catch {
    return null;
  }
}

/** Issuer and keys. Only a discovery address that was given is asked: ours are where the issuer says they are. */
async function discover(options: VerifyJwtOptions): Promise<{ issuer: string; jwksUrl: string } | null> {
  const { discoveryUrl, expectedIssuer, fetcher } = options;
  if (discoveryUrl) {
    try {
      const found = await askJson<OidcConfiguration>(discoveryUrl, { fetcher });
      return { issuer: expectedIssuer ?? options.issuer ?? found.issuer, jwksUrl: options.jwksUrl ?? found.jwks_uri };
    } catch {
      return null;
    }
  }
  const base = resolveIssuer(options.issuer ?? (expectedIssuer && new URL(expectedIssuer).origin));
  return { issuer: expectedIssuer ? normalizeIssuer(expectedIssuer) : base, jwksUrl: options.jwksUrl ?? keysOf(base) };
}

export const keysOf = (issuer: string) => `${issuer}/.well-known/jwks.json`;

function asList(value: string | readonly string[]): readonly string[] {
  return typeof value === "string" ? [value] : value;
}
