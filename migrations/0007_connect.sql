-- Descriptors of an operator's own. One with the id of the catalogue stands in its place.
CREATE TABLE providers (
    id TEXT NOT NULL PRIMARY KEY,
    descriptor TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- How this server is known at a provider: for one app, or for every app (`app_id` is empty).
CREATE TABLE provider_clients (
    id TEXT NOT NULL PRIMARY KEY,
    provider TEXT NOT NULL,
    app_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    secret BYTEA,
    -- Space-separated; nothing allows whatever the descriptor names.
    scopes_allowed TEXT,
    scopes_default TEXT,
    -- What the descriptor's `{name}`s stand for, as JSON.
    inputs TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    -- The token endpoint refused the credentials: the operator has to look.
    refused_at BIGINT,
    UNIQUE (provider, app_id)
);

CREATE INDEX provider_clients_app ON provider_clients (app_id);

-- Whose JWTs an app's `user_token` may be, besides our own.
CREATE TABLE identity_issuers (
    id TEXT NOT NULL PRIMARY KEY,
    app_id TEXT NOT NULL UNIQUE REFERENCES apps (id),
    organization_id TEXT NOT NULL,
    issuer TEXT NOT NULL,
    audience TEXT NOT NULL,
    jwks_uri TEXT,
    subject_claim TEXT NOT NULL,
    email_claim TEXT NOT NULL,
    name_claim TEXT NOT NULL,
    groups_claim TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- People whom we know only by what an app's own identity provider says of them.
CREATE TABLE app_users (
    id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL,
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    email TEXT,
    name TEXT,
    -- JSON list.
    group_ids TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    suspended_at BIGINT,
    UNIQUE (organization_id, issuer, subject)
);

-- Keys with which backends and agents call. The digest is of the whole text.
CREATE TABLE app_keys (
    id TEXT NOT NULL PRIMARY KEY,
    app_id TEXT NOT NULL REFERENCES apps (id),
    agent_id TEXT,
    -- The name in a manifest.
    key TEXT,
    kind TEXT NOT NULL,
    digest BYTEA NOT NULL UNIQUE,
    hint TEXT NOT NULL,
    name TEXT NOT NULL,
    -- Space-separated; an agent's keys have none and are held by the agent's own.
    scopes TEXT NOT NULL,
    scope_version BIGINT NOT NULL,
    -- JSON list of networks; nothing lets every address in.
    networks TEXT,
    rate_limit_rpm BIGINT,
    metadata TEXT NOT NULL,
    parent_id TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    deprecated_at BIGINT,
    -- Set by a rotation: from then on the old key is refused.
    grace_until BIGINT,
    revoked_at BIGINT,
    last_used_at BIGINT
);

CREATE INDEX app_keys_app ON app_keys (app_id, id);
CREATE INDEX app_keys_agent ON app_keys (agent_id, id) WHERE agent_id IS NOT NULL;
CREATE INDEX app_keys_parent ON app_keys (parent_id) WHERE parent_id IS NOT NULL;
CREATE UNIQUE INDEX app_keys_named ON app_keys (app_id, key) WHERE key IS NOT NULL AND revoked_at IS NULL;

-- What a signed request may say only once.
CREATE TABLE nonces (
    id BIGINT PRIMARY KEY,
    key_id TEXT NOT NULL,
    nonce TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    UNIQUE (key_id, nonce)
);

-- Answers that a repeated request gets again (`Idempotency-Key`).
CREATE TABLE idempotency_keys (
    id BIGINT PRIMARY KEY,
    app_id TEXT NOT NULL,
    name TEXT NOT NULL,
    request BYTEA NOT NULL,
    outcome TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    UNIQUE (app_id, name)
);

-- Actors of an app that are no persons.
CREATE TABLE agents (
    id TEXT NOT NULL PRIMARY KEY,
    app_id TEXT NOT NULL REFERENCES apps (id),
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    display_name TEXT,
    -- Each of these is JSON.
    scopes TEXT NOT NULL,
    scopes_pending TEXT,
    scopes_applies_at BIGINT,
    policy TEXT NOT NULL,
    metadata TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    suspended_at BIGINT,
    revoked_at BIGINT,
    last_used_at BIGINT
);

CREATE INDEX agents_app ON agents (app_id, id);
CREATE UNIQUE INDEX agents_name ON agents (app_id, name) WHERE revoked_at IS NULL;

-- Secrets of a company, used through the proxy. Each credential is a connection.
CREATE TABLE managed_secrets (
    id TEXT NOT NULL PRIMARY KEY,
    app_id TEXT NOT NULL REFERENCES apps (id),
    slug TEXT NOT NULL,
    name TEXT NOT NULL,
    -- `header:NAME`, `query:NAME`, `bearer`, `basic`
    inject TEXT NOT NULL,
    -- One in a line.
    hosts TEXT NOT NULL,
    template TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    removed_at BIGINT
);

CREATE UNIQUE INDEX managed_secrets_slug ON managed_secrets (app_id, slug) WHERE removed_at IS NULL;

-- Linked accounts. `identity_id`, `app_user_id` or neither: a person, an app's person, the app itself.
CREATE TABLE connections (
    id TEXT NOT NULL PRIMARY KEY,
    app_id TEXT NOT NULL REFERENCES apps (id),
    provider TEXT NOT NULL,
    provider_client_id TEXT,
    managed_secret_id TEXT,
    account_id TEXT,
    identity_id TEXT,
    app_user_id TEXT,
    -- The owner in one word, so that one index tells whose it is: `identity:…`, `app_user:…`, `app`.
    owner TEXT NOT NULL,
    -- The account at the other service: the id that never changes, and what people recognise it by.
    outside_id TEXT NOT NULL,
    label TEXT NOT NULL,
    -- Where its API is, when the account has a place of its own.
    api_base TEXT,
    inputs TEXT NOT NULL,
    -- What the service granted, space-separated.
    scopes TEXT NOT NULL,
    -- A call found that a scope is missing.
    scope_mismatch BOOLEAN NOT NULL,
    -- The credential, sealed: JSON. Wiped when the connection ends.
    sealed BYTEA,
    -- The key it is sealed under.
    key_id TEXT NOT NULL,
    -- Changes with every new credential: compare-and-set.
    version BIGINT NOT NULL,
    generation TEXT NOT NULL,
    expires_at BIGINT,
    can_refresh BOOLEAN NOT NULL,
    refreshed_at BIGINT NOT NULL,
    -- A refresh has been sent and its answer is not stored.
    refresh_sent_at BIGINT,
    -- No refresh before this moment.
    refresh_after BIGINT,
    failures BIGINT NOT NULL,
    -- Why it has to be connected again; nothing while it works.
    trouble TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    last_used_at BIGINT,
    ended_at BIGINT
);

CREATE UNIQUE INDEX connections_one_live ON connections (app_id, owner, provider, outside_id) WHERE ended_at IS NULL;
CREATE INDEX connections_account ON connections (account_id, id) WHERE account_id IS NOT NULL AND ended_at IS NULL;
CREATE INDEX connections_key ON connections (key_id) WHERE ended_at IS NULL;
CREATE INDEX connections_keepalive ON connections (refreshed_at) WHERE can_refresh AND ended_at IS NULL;

-- What Connect adds to a node of the ledger.
ALTER TABLE grants ADD COLUMN app_user_id TEXT;
ALTER TABLE grants ADD COLUMN connection_id TEXT;
ALTER TABLE grants ADD COLUMN agent_id TEXT;
ALTER TABLE grants ADD COLUMN label TEXT;
ALTER TABLE grants ADD COLUMN limits TEXT;

CREATE INDEX grants_connection ON grants (connection_id) WHERE connection_id IS NOT NULL AND ended_at IS NULL;
CREATE INDEX grants_agent ON grants (agent_id) WHERE agent_id IS NOT NULL AND ended_at IS NULL;
CREATE INDEX grants_app_user ON grants (app_user_id, app_id, kind) WHERE app_user_id IS NOT NULL AND ended_at IS NULL;
-- One live grant of a kind for the same app user, app and target; and for the app itself.
CREATE UNIQUE INDEX grants_one_live_app_user ON grants (app_user_id, app_id, kind, target)
    WHERE ended_at IS NULL AND app_user_id IS NOT NULL;
CREATE UNIQUE INDEX grants_one_live_app ON grants (app_id, kind, target)
    WHERE ended_at IS NULL AND connection_id IS NOT NULL AND identity_id IS NULL AND app_user_id IS NULL;

-- The provider whose accounts a resource of kind `vault` reaches.
ALTER TABLE resources ADD COLUMN provider TEXT;

-- Which agent did it.
ALTER TABLE journal ADD COLUMN agent_id TEXT;
ALTER TABLE journal ADD COLUMN app_user_id TEXT;

-- A backend's leave for one browser to link accounts (`sess_…`). The number is in the token.
CREATE TABLE connect_sessions (
    id BIGINT PRIMARY KEY,
    digest BYTEA NOT NULL,
    app_id TEXT NOT NULL REFERENCES apps (id),
    -- `provider`, `secret`, or `sign_in` (2.6.13)
    kind TEXT NOT NULL,
    account_id TEXT,
    identity_id TEXT,
    app_user_id TEXT,
    agent_id TEXT,
    origin TEXT,
    return_url TEXT,
    -- JSON: providers, scopes, label, policy, and all else that the backend asked.
    terms TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- The browser that it belongs to since it was first opened.
    browser BYTEA,
    -- `popup`, `redirect`, fixed when the page takes the session.
    transport TEXT,
    confirmed_at BIGINT,
    -- `page` or `provider`: where the person is.
    stage TEXT NOT NULL,
    -- JSON: what came of it so far (granted, declined, failed), and the error that ended it.
    outcome TEXT NOT NULL,
    ended_at BIGINT
);

CREATE INDEX connect_sessions_app ON connect_sessions (app_id, id);

-- A person on the way to a provider and back. The number is in `state`.
CREATE TABLE links (
    id BIGINT PRIMARY KEY,
    digest BYTEA NOT NULL,
    session_id BIGINT,
    -- A request on the consent page that the link serves.
    interaction_id TEXT,
    app_id TEXT NOT NULL,
    provider TEXT NOT NULL,
    provider_client_id TEXT NOT NULL,
    account_id TEXT,
    identity_id TEXT,
    app_user_id TEXT,
    -- The connection that is repaired.
    connection_id TEXT,
    scopes TEXT NOT NULL,
    inputs TEXT NOT NULL,
    verifier BYTEA NOT NULL,
    browser BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    taken_at BIGINT
);

-- What calls need. Deny wins; what cannot be judged is denied.
CREATE TABLE policies (
    id TEXT NOT NULL PRIMARY KEY,
    app_id TEXT NOT NULL REFERENCES apps (id),
    provider TEXT,
    agent_id TEXT,
    grant_id TEXT,
    -- `operator`, `developer`, `person`
    made_by TEXT NOT NULL,
    kind TEXT NOT NULL,
    -- JSON: patterns of method and path, and what the kind needs besides.
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    removed_at BIGINT
);

CREATE INDEX policies_app ON policies (app_id) WHERE removed_at IS NULL;

-- How often something was done in a window: limits that hold across nodes.
CREATE TABLE counters (
    name TEXT NOT NULL PRIMARY KEY,
    used BIGINT NOT NULL,
    until_at BIGINT NOT NULL
);

-- Calls that wait for a person. The request is sealed and bound to its digest.
CREATE TABLE call_approvals (
    id TEXT NOT NULL PRIMARY KEY,
    group_id TEXT NOT NULL,
    app_id TEXT NOT NULL,
    agent_id TEXT,
    grant_id TEXT NOT NULL,
    account_id TEXT,
    app_user_id TEXT,
    provider TEXT NOT NULL,
    request BYTEA NOT NULL,
    digest BYTEA NOT NULL,
    key_id TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    decided_at BIGINT,
    decided_by TEXT,
    reason TEXT,
    executed_at BIGINT,
    result BYTEA,
    execution_error TEXT
);

CREATE INDEX call_approvals_account ON call_approvals (account_id, id) WHERE account_id IS NOT NULL;
CREATE INDEX call_approvals_app ON call_approvals (app_id, id);

-- Where an app hears of what happened.
CREATE TABLE webhooks (
    id TEXT NOT NULL PRIMARY KEY,
    app_id TEXT NOT NULL REFERENCES apps (id),
    url TEXT NOT NULL,
    secret BYTEA NOT NULL,
    -- Space-separated; empty for all of them.
    events TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    disabled_at BIGINT
);

CREATE INDEX webhooks_app ON webhooks (app_id, id);

CREATE TABLE deliveries (
    id BIGINT PRIMARY KEY,
    webhook_id TEXT NOT NULL,
    app_id TEXT NOT NULL,
    event TEXT NOT NULL,
    body TEXT NOT NULL,
    -- `waiting`, `delivered`, `dead`
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    next_at BIGINT,
    last_status BIGINT,
    last_error TEXT,
    created_at BIGINT NOT NULL,
    delivered_at BIGINT
);

CREATE INDEX deliveries_due ON deliveries (next_at) WHERE state = 'waiting';
CREATE INDEX deliveries_webhook ON deliveries (webhook_id, id);

-- What clients tell of their runs (2.7.5), bounded for each app.
CREATE TABLE spans (
    id BIGINT PRIMARY KEY,
    app_id TEXT NOT NULL,
    trace_id TEXT NOT NULL,
    span_id TEXT NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (app_id, trace_id, span_id)
);
