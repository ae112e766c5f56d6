// Entry `@procura/sdk/client`: what a page in a browser needs. No function here takes a client secret.

export { finishConnectorFlow, startConnectorFlow } from "./connector.js";
export type { ConnectorAnswer, ConnectorFlowParams } from "./connector.js";
export { AveError } from "./error.js";
export { signIn, signInWithFedCm, supportsFedCm } from "./fedcm.js";
export type { FedCmParams } from "./fedcm.js";
export { configure } from "./issuer.js";
export { fetchJwks } from "./jwks.js";
export { verifyJwt } from "./jwt.js";
export { completeOAuthCallback, finishPkceLogin, startPkceLogin } from "./pkce.js";
export type { FinishLoginParams, PkceLoginParams, TokenKeeper } from "./pkce.js";
export {
  checkQuickSession,
  clearQuickIdentity,
  finishQuickSignIn,
  getQuickIdentity,
  handleQuickCallback,
  startQuickSessionMonitor,
  startQuickSignIn,
} from "./quick.js";
export type { QuickCallbackParams, QuickMonitorParams, QuickParams, QuickSession, QuickSessionParams } from "./quick.js";
export type * from "./types.js";
