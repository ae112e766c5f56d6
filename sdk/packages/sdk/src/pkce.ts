import { generateCodeChallenge, generateCodeVerifier, generateNonce } from "./crypto.js";
import { cleanAddress, dropFlow, isFinal, keepFlow, oncePerCode, takeAnswer, type Answer, type Kind } from "./flow.js";
import { TYP, checkToken, invalid } from "./jwt.js";
import { DEFAULT_SCOPES } from "./scopes.js";
import { exchangeCode } from "./tokens.js";
import type { AveConfig, OAuthPrompt, TokenResponse } from "./types.js";
import { buildAuthorizeUrl } from "./urls.js";

const KIND = "ave_pkce";

/** What a sign-in asks for. */
export interface PkceLoginParams extends AveConfig {
  /** Separated by spaces. Default `openid profile email`. */
  scope?: string;
  /** Only if you need your own. */
  state?: string;
  /** Only if you need your own. */
  nonce?: string;
  prompt?: string | readonly OAuthPrompt[];
}

/** What the way back needs. `clientId`, `redirectUri` and `issuer` are those of the start. */
export interface FinishLoginParams extends AveConfig {
  /** The address with the answer. Default: where the page is. */
  url?: string;
  /** `false` leaves the code in the address bar. */
  cleanUrl?: boolean;
}

/** What `completeOAuthCallback` needs of an `AveSession`. */
export interface TokenKeeper {
  setTokensFromResponse(tokens: TokenResponse): unknown;
}

/** Keeps a new flow and returns the address that starts it. */
export async function beginFlow(kind: Kind, params: PkceLoginParams): Promise<string> {
  const { clientId, redirectUri, scope = DEFAULT_SCOPES, prompt } = params;
  const verifier = generateCodeVerifier();
  const state = params.state || generateNonce();
  const nonce = params.nonce || generateNonce();
  const codeChallenge = await generateCodeChallenge(verifier);
  const address = buildAuthorizeUrl(params, { scope, state, nonce, prompt, codeChallenge });
  keepFlow(kind, { verifier, state, nonce, createdAt: Date.now(), clientId, redirectUri });
  return address;
}

/**
 * Sends the person to sign in, with PKCE (RFC 7636). Call `finishPkceLogin` on your callback page.
 * Several may be under way at a time.
 */
export async function startPkceLogin(params: PkceLoginParams): Promise<void> {
  location.href = await beginFlow(KIND, params);
}

/**
 * Changes the code in the address for tokens and checks them. `null` when the address holds no answer.
 * Throws `AveError`: what the server answered, such as `access_denied`, or `state_mismatch` for an answer to somebody else.
 * A second call with the same code gets the same tokens.
 */
export async function finishPkceLogin(params: FinishLoginParams): Promise<TokenResponse | null> {
  return oncePerCode(KIND, params.url, async () => {
    const answer = takeAnswer(KIND, params);
    return answer && redeem(KIND, params, answer);
  });
}

/** `finishPkceLogin`, and the session keeps the tokens. */
export async function completeOAuthCallback(session: TokenKeeper, params: FinishLoginParams): Promise<TokenResponse | null> {
  const tokens = await finishPkceLogin(params);
  if (tokens) await session.setTokensFromResponse(tokens);
  return tokens;
}

/** Changes the code of an answer for tokens. Trouble with the network leaves all as it was, for another try. */
export async function redeem(kind: Kind, params: FinishLoginParams, { code, issuer, flow }: Answer): Promise<TokenResponse> {
  let tokens: TokenResponse;
  try {
    tokens = await exchangeCode({ ...params, issuer }, { code, codeVerifier: flow.verifier });
  } catch (error) {
    if (isFinal(error)) dropFlow(kind, flow.state);
    throw error;
  }
  dropFlow(kind, flow.state);
  await checkTokens(tokens, { issuer, clientId: params.clientId, nonce: flow.nonce });
  if (params.cleanUrl !== false) cleanAddress(code);
  return tokens;
}

/** Checks what the token endpoint gave: made by this issuer, for this app, for this request, and both for one person. */
export async function checkTokens(tokens: TokenResponse, { issuer, clientId, nonce }: { issuer: string; clientId: string; nonce?: string }): Promise<void> {
  const id = tokens.id_token && (await checkToken(tokens.id_token, { issuer, audience: clientId, nonce: nonce || undefined, typ: [TYP.idToken], isDirect: true }));
  const access =
    tokens.access_token_jwt && (await checkToken(tokens.access_token_jwt, { issuer, audience: null, typ: [TYP.accessToken], isDirect: true }));
  const people = [id && id.sub, access && access.sub].filter((one) => typeof one === "string");
  if (new Set(people).size > 1) throw invalid("The tokens are for different people.");
}
