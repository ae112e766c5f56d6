// The shapes of options and answers. They have the names of the wire (`connect-wire.md` 2.6) in camelCase.

/** @typedef {string | (() => string | Promise<string>)} UserToken the person's JWT, or what gets it */
/** @typedef {{ maxTtlSeconds?: number, defaultTtlSeconds?: number, expiresAt?: string }} GrantPolicy */

/**
 * `userToken` binds the grant to that person; without it the grant is the app's own. `agent` (id or name): the grant is delegated to it.
 * `returnUrl` is needed on phones. `repairGrantId`: authorise this one again. `direct`: no page of ours before the provider's.
 * @typedef {{ allowedProviders?: string[], allowedOrigin?: string, returnUrl?: string, userToken?: UserToken, agent?: string, delegable?: boolean,
 *   scopeConstraint?: string[], requiredScopes?: Record<string, string[]>, grantPolicy?: GrantPolicy,
 *   requestedGrant?: { label: string, restrictions?: { allowedMethods?: string[], allowedEndpoints?: string[] } }, repairGrantId?: string,
 *   direct?: boolean, switchAccount?: boolean, allowUserPolicyRules?: false, metadata?: { ipAddress?: string, userAgent?: string } }} SessionOptions
 */
/**
 * `sessionToken` is for `AlterConnect.open({ token })`; `connectUrl` for a link.
 * @typedef {{ sessionToken: string, connectUrl: string, expiresIn: number, expiresAt: string, scopeConstraintWarnings?: string[] | null,
 *   singleProvider?: boolean | null, direct?: boolean | null }} ConnectSession
 */
/**
 * @typedef {{ grantId: string, providerId: string, accountIdentifier?: string | null, scopes?: string[], apiBaseUrl?: string | null,
 *   operation?: "creation" | "reauth" | null, grantPolicy?: object | null,
 *   delegation?: { agentId: string, delegable: boolean, policyRefused?: boolean } | null }} ConnectedGrant
 */
/**
 * @typedef {{ status: "pending" | "completed" | "error" | "expired", grants?: ConnectedGrant[],
 *   failedGrants?: { providerId: string, reason: string, message: string }[], declinedProviders?: { providerId: string, errorCode: string, declinedAt: string }[],
 *   error?: { errorCode: string, errorMessage: string, retryAfterSeconds?: number } }} SessionStanding
 */
/** @typedef {{ providerId?: string, status?: string, account?: string, label?: string, userToken?: UserToken, limit?: number, offset?: number }} GrantFilter */
/**
 * @typedef {{ grantKind: "oauth" | "managed_secret", grantId: string, status: string, createdAt: string, principalType: "user" | "group" | "system" | "agent",
 *   providerId?: string, scopes?: string[], accountIdentifier?: string | null, accountDisplayName?: string | null, label?: string | null,
 *   scopeMismatch?: boolean, needsReconnect?: boolean, expiresAt?: string | null, grantExpiresAt?: string | null, lastUsedAt?: string | null,
 *   accessVia?: string, depth?: number | null, delegable?: boolean | null, delegatedAgentIds?: string[], [more: string]: unknown }} Grant
 */
/** @typedef {{ grants: Grant[], total: number, limit: number, offset: number, hasMore: boolean }} GrantList */
/** @typedef {{ success: boolean, message: string, grantId: string, revokedAt: string }} Revoked */
/** @typedef {{ delegable?: boolean, scopeConstraint?: string[], ttlSeconds?: number }} DelegateOptions */
/** @typedef {{ grantId: string, grantKind: string, parentGrantId: string, depth: number, delegable: boolean, status: string, expiresAt?: string | null }} Delegated */
/**
 * Which credential is used, and how. One of `grantId`, `provider`, `resource`: a resource takes its `delegatedToken` in place of the key;
 * a provider is resolved for the person of `userToken`, and `account` or `label` tells several apart. `host`: another of the provider's
 * hosts than its first. `json`: the body, as JSON. The rest is as for `fetch`.
 * @typedef {{ grantId?: string, provider?: string, resource?: string, delegatedToken?: string, userToken?: UserToken, account?: string, label?: string,
 *   host?: string, reason?: string, query?: Record<string, string | number | boolean | string[] | undefined>, json?: unknown, method?: string,
 *   headers?: HeadersInit, body?: BodyInit | null, signal?: AbortSignal }} RequestOptions
 */
/**
 * @typedef {{ id: string, name: string, type: "agent" | "service", status: "active" | "inactive" | "revoked", version: number, createdAt: string,
 *   displayName?: string | null, scopes?: Record<string, string[]>, scopesPending?: Record<string, string[]> | null, scopesAppliesAt?: string | null,
 *   policy?: object, metadata?: Record<string, unknown>, lastUsedAt?: string | null, parentAgentId?: string | null, rateLimitPerMinute?: number | null }} Agent
 */
/** `apiKey` is shown once; null when the same creation is repeated. @typedef {Agent & { apiKey: string | null, keyId: string }} NewAgent */
/** @typedef {{ keyId: string, keyPrefix: string, name: string, createdAt: string, deprecatedAt?: string | null, revokedAt?: string | null, lastUsedAt?: string | null }} AgentKey */
/** @typedef {{ name: string, type?: "agent" | "service", scopes?: Record<string, string[]>, metadata?: Record<string, unknown>, displayName?: string, policy?: object, idempotencyKey?: string }} AgentOptions */
/**
 * `scopes` needs `expectedVersion`, the `version` that was read. Narrower scopes apply after `graceSeconds` (a day, unless told otherwise).
 * @typedef {{ displayName?: string | null, metadata?: Record<string, unknown>, scopes?: Record<string, string[]>, policy?: object, graceSeconds?: number, expectedVersion?: number }} AgentChanges
 */
/** @typedef {{ items: Agent[], total: number, limit: number, offset: number, hasMore: boolean }} AgentList */

export {};
