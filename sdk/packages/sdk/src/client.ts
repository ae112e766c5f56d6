// For pages in a browser. No function here takes a secret.

export { stripSensitiveFragmentParams } from "./address.js";
export { finishConnectorFlow, startConnectorFlow } from "./connector.js";
export type { ConnectorFlowOptions, ConnectorResult } from "./connector.js";
export { AveError } from "./errors.js";
export { signIn, signInWithFedCm, supportsFedCm } from "./fedcm.js";
export type { FedCmOptions } from "./fedcm.js";
export { configure } from "./issuer.js";
export { fetchJwks, verifyJwt } from "./jwt.js";
export type { VerifyJwtOptions } from "./jwt.js";
export { completeOAuthCallback, finishPkceLogin, startPkceLogin } from "./login.js";
export type { PkceFinishOptions, PkceLoginOptions, TokenKeeper } from "./login.js";
export { finishQuickSignIn, handleQuickCallback, startQuickSignIn } from "./quick.js";
export type { QuickFinishOptions, QuickSignInOptions } from "./quick.js";
export { checkQuickSession, clearQuickIdentity, getQuickIdentity, startQuickSessionMonitor } from "./quick-identity.js";
export type { QuickSessionStatus } from "./quick-identity.js";
export type { CommunicationMode, FedCmTokenResponse, JwksResponse, JwtPayload, QuickIdentity, TokenResponse } from "./types.js";
