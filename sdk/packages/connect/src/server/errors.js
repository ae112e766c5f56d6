// What goes wrong, named by what to do next. Which error a code becomes is one table.

/** @typedef {{ code: string, message?: string, status?: number, hint?: string, details?: Record<string, any>, retryAfter?: number, cause?: unknown }} Facts */

/** What every call of this package throws. Decide by the class or by `code`; `message` is for developers. */
export class ConnectError extends Error {
  /** @param {Facts} facts */
  constructor({ code, message, status, hint, details = {}, retryAfter, cause }) {
    super(message || code, { cause });
    this.name = new.target.name;
    /** The code of the server, such as `grant_not_found`. */
    this.code = code;
    /** The HTTP status; absent when there was no answer. */
    this.status = status;
    /** What the server advises. */
    this.hint = hint;
    /** All that the server adds, named as on the wire: `grant_id`, `provider_id`, `candidates`, … @type {Record<string, any>} */
    this.details = details;
    /** Seconds to wait, where the server says so. */
    this.retryAfter = retryAfter;
  }
}

/** Correct the call: something in it is missing or wrong. */
export class FixCallError extends ConnectError {}
/** Have the operator set something up: a provider, a sign-in, hosts. */
export class FixSetupError extends ConnectError {}
/** Let the person connect the account (again): there is no usable grant. */
export class ConnectAgainError extends ConnectError {}
/** Let the person sign in to your app again: their token is not valid any more. */
export class SignInAgainError extends ConnectError {}
/** Let the person prove afresh who they are. */
export class StepUpError extends ConnectError {}
/** Say which account or credential is meant: `details` lists them. */
export class ChooseAccountError extends ConnectError {}
/** Let the person delegate the account to this agent. */
export class DelegateError extends ConnectError {}
/** Use another key: this one is unknown, revoked or expired. */
export class ReplaceKeyError extends ConnectError {}
/** Use a key with more scope: `details.missing` names it. */
export class WidenKeyError extends ConnectError {}
/** Look after the agent: it is unknown, suspended, revoked, or has the name already. */
export class CheckAgentError extends ConnectError {}
/** Send the call through the proxy: the credential does not leave the server. */
export class UseProxyError extends ConnectError {}
/** Read the current state and try again: somebody changed it in between. */
export class ReadAgainError extends ConnectError {}
/** Try again later: `retryAfter` says when, if the server knows. */
export class RetryLaterError extends ConnectError {}
/** Raise the limit of the plan or of the app. */
export class RaiseLimitError extends ConnectError {}
/** Leave it: a rule forbids this call. */
export class NotAllowedError extends ConnectError {}
/** Wait for a person: `details` has `approval_id`, `approval_url`, `expires_at`. */
export class WaitForApprovalError extends ConnectError {}
/** Leave it: the person denied the call, or did not answer in time, or it failed when it was carried out. */
export class ApprovalEndedError extends ConnectError {}

/** @typedef {new (facts: Facts) => ConnectError} Kind */

/** @type {[Kind, string][]} */
const BY_CODE = [
  [ConnectAgainError, "grant_not_found grant_revoked grant_expired grant_deleted credential_revoked scope_mismatch no_eligible_grants missing_provider_scope"],
  [SignInAgainError, "jwt_validation_error"],
  [StepUpError, "step_up_required"],
  [ChooseAccountError, "ambiguous_grant credential_id_required"],
  [DelegateError, "no_delegated_grant grant_not_delegable"],
  [ReplaceKeyError, "invalid_key key_revoked key_expired key_rotated_grace_expired key_not_active app_not_found_for_key"],
  [WidenKeyError, "insufficient_scope"],
  [CheckAgentError, "agent_inactive agent_revoked agent_not_found caller_agent_unresolved caller_agent_mismatch agent_name_exists agent_key_limit_reached last_active_key key_not_found agent_cannot_mint_subagents"],
  [UseProxyError, "token_handout_disabled restricted_grant_requires_proxy delegated_grant_requires_proxy hitl_grant_requires_proxy user_limits_require_proxy"],
  [ReadAgainError, "agent_concurrent_update idempotency_key_body_mismatch idempotency_key_agent_revoked idempotency_key_agent_inactive"],
  [RetryLaterError, "token_refresh_in_progress rate_limit_exceeded caller_agent_resolution_error too_many_pending_approvals"],
  [RaiseLimitError, "quota_exceeded billing_quota_exceeded grant_limit_exceeded"],
  [FixSetupError, "managed_oauth_scope_approval_required idp_signin_not_configured binding_hosts_required provider_contract_repair_required secret_not_found secret_template_mismatch connect_config_error invalid_redirect_uri invalid_client unauthorized_client provider_configuration_unavailable"],
  [FixCallError, "blocked_destination sibling_label_conflict end_user_credential_not_assignable redact_discharge_failed scope_not_allowed agent_requires_user_token"],
  [WaitForApprovalError, "approval_required approval_pending"],
  [ApprovalEndedError, "approval_denied approval_expired approval_execution_failed"],
];

/** For codes that are not above. @type {Record<number, Kind>} */
const BY_STATUS = { 202: WaitForApprovalError, 401: ReplaceKeyError, 402: RaiseLimitError, 403: NotAllowedError, 410: ConnectAgainError, 429: RetryLaterError };

const KINDS = new Map(BY_CODE.flatMap(([kind, codes]) => codes.split(" ").map((code) => [code, kind])));

/** @param {string} code @param {number} status @returns {Kind} */
function kindOf(code, status) {
  // The same code is another matter in an agent's keys: there it is not the key of the call.
  if (code === "key_revoked" && status === 409) return CheckAgentError;
  return KINDS.get(code) ?? BY_STATUS[status] ?? (status >= 500 ? RetryLaterError : FixCallError);
}

/**
 * The error that an answer tells. Its fields may stand at the top, in `details`, or under `detail`.
 * @param {Response} response @param {any} body its JSON, if it has some @param {string} [refusal] a code that a header names
 */
export function errorOf(response, body, refusal) {
  const { error, message, error_description, hint, details, ...more } = isObject(body?.detail) ? body.detail : isObject(body) ? body : {};
  const code = refusal || (typeof error === "string" && error) || (response.status >= 500 ? "server_error" : "invalid_response");
  const seconds = response.headers.get("Retry-After") ?? more.retry_after;
  return new (kindOf(code, response.status))({
    code,
    message: message || error_description || `The server answered with status ${response.status}.`,
    status: response.status,
    hint,
    details: { ...(isObject(details) && details), ...more },
    ...(/^\d+$/.test(String(seconds)) && { retryAfter: Number(seconds) }),
  });
}

/** @param {unknown} value */
const isObject = (value) => !!value && typeof value === "object" && !Array.isArray(value);
