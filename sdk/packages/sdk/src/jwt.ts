import { fromBase64url, subtle } from "./crypto.js";
import { AveError } from "./error.js";
import { findKey, placeOf } from "./jwks.js";
import type { JwkKey, JwtHeader, JwtPayload, VerifyJwtOptions } from "./types.js";

/** The `typ` of each kind of token, so that none can stand for another (RFC 8725 §3.11). */
export const TYP = { idToken: "JWT", accessToken: "at+jwt" } as const;
export const SKEW_SECONDS = 30;
const LONGEST_TOKEN = 16_384;

/** A token of which nothing is proven yet. */
export interface Parsed {
  header: JwtHeader;
  claims: JwtPayload;
  signed: Uint8Array<ArrayBuffer>;
  signature: Uint8Array<ArrayBuffer>;
}

/** `invalid_token` with 401 (RFC 6750 §3.1), as a server should answer it. */
export const invalid = (sentence: string): AveError => new AveError("invalid_token", sentence, 401);

function objectIn<T extends object>(part: string): T {
  const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(fromBase64url(part)));
  if (!value || typeof value !== "object" || Array.isArray(value)) throw new TypeError("not an object");
  return value as T;
}

/** Takes a token apart (RFC 7515 §3.1). */
export function parse(token: unknown): Parsed {
  if (typeof token !== "string" || !token || token.length > LONGEST_TOKEN) throw invalid("The token is empty or longer than 16 KiB.");
  const [header, claims, signature, ...rest] = token.split(".");
  if (!header || !claims || !signature || rest.length) throw invalid("The token is no signed JWT.");
  try {
    return {
      header: objectIn(header),
      claims: objectIn(claims),
      signed: new TextEncoder().encode(`${header}.${claims}`),
      signature: fromBase64url(signature),
    };
  } catch {
    throw invalid("The token is no signed JWT.");
  }
}

/** The one algorithm of a key (RFC 8725 §3.1). Only these three exist here: no secret can stand in for a public key. */
function algorithmOf(key: JwkKey): string | undefined {
  const own = key.kty === "RSA" ? "RS256" : key.kty === "EC" && key.crv === "P-256" ? "ES256" : key.kty === "OKP" && key.crv === "Ed25519" ? "EdDSA" : undefined;
  return !key.alg || key.alg === own || (own === "EdDSA" && key.alg === "Ed25519") ? own : undefined;
}

const WEB_CRYPTO = {
  RS256: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
  ES256: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  EdDSA: { name: "Ed25519" },
} as Record<string, { name: string; hash?: string; namedCurve?: string }>;

/** Whether a key of the set could have signed a token with this header. */
export function fits(header: JwtHeader): (key: JwkKey) => boolean {
  return (key) => (key.use ?? "sig") === "sig" && algorithmOf(key) === header.alg && (header.kid === undefined || key.kid === header.kid);
}

/** Throws unless the key signed the token. `unsupported_algorithm`: this browser cannot tell. */
export async function checkSignature({ header, signed, signature }: Parsed, key: JwkKey): Promise<void> {
  const algorithm = WEB_CRYPTO[header.alg]!;
  // 342 characters are 2048 bits, the least that RFC 7518 §3.3 allows.
  if (key.kty === "RSA" && (key.n?.length ?? 0) < 342) throw invalid("The key is too short.");
  const { kty, n, e, crv, x, y } = key;
  let imported: CryptoKey;
  try {
    imported = await subtle().importKey("jwk", { kty, n, e, crv, x, y } as JsonWebKey, algorithm, false, ["verify"]);
  } catch (error) {
    if (error instanceof DOMException && error.name === "NotSupportedError") throw new AveError("unsupported_algorithm", `No ${header.alg} here.`);
    if (error instanceof AveError) throw error;
    throw invalid("The key is unusable.");
  }
  if (!(await subtle().verify(algorithm, imported, signature, signed))) throw invalid("The signature is wrong.");
}

/** Checks what the header says before any key is looked for. */
export function checkHeader({ header }: Parsed, typs: readonly string[]): void {
  // `hasOwn`, so that no inherited name such as `constructor` counts as an algorithm.
  if (typeof header.alg !== "string" || !Object.hasOwn(WEB_CRYPTO, header.alg)) throw invalid("The algorithm is not accepted.");
  if (!typs.includes(header.typ as string)) throw invalid(`The token is of another kind: its typ is not ${typs.join(" or ")}.`);
  // Nobody here knows an extension, so a critical one must be refused (RFC 7515 §4.1.11).
  if ("crit" in header) throw invalid("The token has a critical extension.");
  if (header.kid !== undefined && typeof header.kid !== "string") throw invalid("The key id is no text.");
}

/** Finds the key of a token and checks the signature. */
export async function checkKey(parsed: Parsed, jwksUrl: string, options: Pick<VerifyJwtOptions, "jwks" | "fetcher">): Promise<void> {
  const isOurs = fits(parsed.header);
  const key = options.jwks ? options.jwks.keys.find(isOurs) : await findKey(jwksUrl, options.fetcher, isOurs);
  if (!key) throw invalid("The issuer has no such key.");
  await checkSignature(parsed, key);
}

/** Checks the times of a token (RFC 7519 §4.1.4, §4.1.5). */
export function checkTimes({ exp, nbf }: JwtPayload, skewSeconds = SKEW_SECONDS): void {
  const now = Date.now() / 1000;
  const skew = Math.max(0, skewSeconds);
  if (typeof exp !== "number" || !(exp + skew > now)) throw invalid("The token has expired.");
  if (nbf !== undefined && !(typeof nbf === "number" && nbf - skew <= now)) throw invalid("The token is not valid yet.");
}

/** What `checkToken` takes besides the options of `verifyJwt`. */
interface CheckOptions extends Omit<VerifyJwtOptions, "audience"> {
  typ?: readonly string[];
  /** `null` takes any: an app may have asked for another one (RFC 8707). */
  audience?: string | string[] | null;
  /**
   * For tokens that came straight from the token endpoint by TLS: then the signature may stay unchecked
   * (OpenID Connect Core §3.1.3.7), if this browser cannot check it.
   */
  isDirect?: boolean;
}

/** `verifyJwt`, with the reason as an `AveError`. */
export async function checkToken(token: string, options: CheckOptions): Promise<JwtPayload> {
  const parsed = parse(token);
  const { claims } = parsed;
  checkHeader(parsed, options.typ ?? [TYP.idToken, TYP.accessToken]);
  // A delegated token is for one resource of another app. It signs nobody in.
  if ("grant_id" in claims || "target_resource" in claims) throw invalid("The token is a delegated one.");
  const { issuer, jwksUrl } = await placeOf(options);
  if (claims.iss !== (options.expectedIssuer ?? issuer)) throw invalid("The token is from another issuer.");
  checkTimes(claims, options.clockSkewSeconds);
  const wanted = options.audience === null ? undefined : [options.audience ?? issuer].flat();
  const isForUs = !wanted || [claims.aud].flat().some((one) => typeof one === "string" && wanted.includes(one));
  if (!isForUs) throw invalid("The token is for another audience.");
  if (options.nonce !== undefined && claims.nonce !== options.nonce) throw invalid("The nonce is another one.");
  try {
    await checkKey(parsed, jwksUrl, options);
  } catch (error) {
    const isUnable = error instanceof AveError && /^(unsupported_algorithm|crypto_unavailable)$/.test(error.error);
    if (!options.isDirect || !isUnable) throw error;
  }
  return claims;
}

/**
 * The claims of a sign-in token, or `null` if it proves nothing: signature (RS256, ES256, EdDSA by the key), `typ`, `iss`,
 * `aud`, `exp`, `nbf`, and `nonce` if you give one (RFC 7519 §7.2, RFC 8725). Delegated tokens are refused:
 * `verifyDelegatedToken` in `@procura/sdk/server` is for them.
 */
export async function verifyJwt<T extends JwtPayload = JwtPayload>(token: string, options: VerifyJwtOptions = {}): Promise<T | null> {
  try {
    return (await checkToken(token, options)) as T;
  } catch (error) {
    // A missing issuer is a mistake in the program, and no token would ever pass.
    if (error instanceof AveError && /_issuer$/.test(error.error)) throw error;
    return null;
  }
}

/** True when this platform can check signatures. */
export async function isJwtVerificationSupported(): Promise<boolean> {
  return !!globalThis.crypto?.subtle;
}
