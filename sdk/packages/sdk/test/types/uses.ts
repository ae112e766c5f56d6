// Each call as an app would write it. It is only compiled, never run.

import {
  AveError,
  buildAuthorizeUrl,
  buildConnectorUrl,
  exchangeDelegatedToken,
  fetchUserInfo,
  listDelegations,
  refreshToken,
  revokeDelegation,
  verifyJwt,
  type DelegationGrant,
  type DelegationTokenResponse,
  type OAuthPrompt,
  type Scope,
  type TokenResponse,
} from "@procura/sdk";
import { completeOAuthCallback, finishConnectorFlow, finishPkceLogin, getQuickIdentity, signIn, startConnectorFlow, startPkceLogin } from "@procura/sdk/client";
import { exchangeCodeServer, introspectDelegatedToken, verifyAveIdToken, verifyDelegatedToken } from "@procura/sdk/server";
import { AveSession } from "@procura/sdk/session";
import type { AveConfig, AveIdTokenClaims, DelegatedClaims, QuickIdentity, ServerConfig } from "@procura/sdk/types";

const config: AveConfig = { clientId: "app_1", redirectUri: "https://app.test/callback" };
const server: ServerConfig = { ...config, clientSecret: "pcs_1" };

export async function uses(session: AveSession): Promise<void> {
  const scopes: Scope[] = ["openid", "offline_access"];
  const prompt: OAuthPrompt = "login";
  const address: string = buildAuthorizeUrl(config, { scope: scopes, prompt });
  buildAuthorizeUrl(config, { scope: "openid", prompt: ["login", "consent"], extraParams: { login_hint: address } });
  buildConnectorUrl(config, { resource: "iris:inference", scope: "infer", state: "s", mode: "background", presence: "background" });
  await startPkceLogin({ ...config, scope: "openid profile", prompt });
  const tokens: TokenResponse | null = await finishPkceLogin(config);
  await completeOAuthCallback(session, config);
  await signIn({ ...config, preferFedCm: false });
  await startConnectorFlow({ ...config, resource: "iris:inference", scope: "infer", mode: "user_present", presence: "background" });
  const answer = await finishConnectorFlow(config);
  if (answer) await exchangeCodeServer(server, answer);
  if (answer) await exchangeCodeServer(server, { ...answer, redirectUri: "https://app.test/connected" });
  const delegated: DelegationTokenResponse = await exchangeDelegatedToken(config, {
    subjectToken: tokens?.access_token_jwt ?? "",
    requestedResource: "iris:inference",
    requestedScope: "infer",
  });
  // The guides pass one whole object to all of them.
  await refreshToken({ clientId: "app_1", redirectUri: "https://app.test/callback", issuer: "https://id.test" }, { refreshToken: "prt_1" });
  await fetchUserInfo({ clientId: "app_1", redirectUri: "https://app.test/callback" }, delegated.access_token);
  const grants: DelegationGrant[] = await listDelegations({}, "pst_1");
  await revokeDelegation({ issuer: "https://id.test" }, "pst_1", grants[0]!.id);
  const claims: DelegatedClaims = await verifyDelegatedToken(delegated.access_token, { audience: "https://iris.test", resource: "iris:inference", scope: ["infer"] });
  await introspectDelegatedToken(delegated.access_token, { resource: "iris:inference", clientId: "app_iris", clientSecret: "pcs_2" });
  const person: AveIdTokenClaims | null = await verifyAveIdToken(claims.sub, { clientId: "app_1" });
  const payload = await verifyJwt<AveIdTokenClaims>("t", { audience: "app_1" });
  const quick: QuickIdentity | null = getQuickIdentity();
  if (!person && !payload && !quick) throw new AveError("login_required");
  // @ts-expect-error: no function for browsers takes a secret
  await startPkceLogin({ clientId: "app_1", redirectUri: "https://app.test/callback", clientSecret: "pcs_1" });
  // @ts-expect-error: an unknown presence
  await startConnectorFlow({ ...config, resource: "r", scope: "s", presence: "always" });
  // @ts-expect-error: an unknown mode
  await startConnectorFlow({ ...config, resource: "r", scope: "s", mode: "always" });
}
