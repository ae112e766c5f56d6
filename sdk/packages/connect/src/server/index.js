// The client for backends: Node 18 or later, and whatever else has `fetch` and Web Crypto. No dependencies.

export { App } from "./app.js";
export {
  ApprovalEndedError, CheckAgentError, ChooseAccountError, ConnectAgainError, ConnectError, DelegateError, FixCallError, FixSetupError,
  NotAllowedError, RaiseLimitError, ReadAgainError, ReplaceKeyError, RetryLaterError, SignInAgainError, StepUpError, UseProxyError,
  WaitForApprovalError, WidenKeyError,
} from "./errors.js";
export { signRequest } from "./sign.js";

/** @typedef {import("./app.js").AppOptions} AppOptions */
/** @typedef {import("./types.js").Agent} Agent */
/** @typedef {import("./types.js").AgentKey} AgentKey */
/** @typedef {import("./types.js").ConnectSession} ConnectSession */
/** @typedef {import("./types.js").Grant} Grant */
/** @typedef {import("./types.js").GrantList} GrantList */
/** @typedef {import("./types.js").RequestOptions} RequestOptions */
/** @typedef {import("./types.js").SessionOptions} SessionOptions */
/** @typedef {import("./types.js").SessionStanding} SessionStanding */
