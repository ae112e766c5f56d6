-- The keys that sign our tokens. A retired key keeps its public half alone.
CREATE TABLE signing_keys (
    id BIGINT PRIMARY KEY,
    kid TEXT NOT NULL UNIQUE,
    alg TEXT NOT NULL,
    sealed_pkcs8 BYTEA,
    public_jwk TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    published_at BIGINT NOT NULL,
    signs_from BIGINT NOT NULL,
    retired_at BIGINT,
    gone_after BIGINT,
    CHECK ((sealed_pkcs8 IS NULL) = (retired_at IS NOT NULL)),
    CHECK ((retired_at IS NULL) = (gone_after IS NULL))
);

-- A stored authorization request, while its person signs in and decides. `request` is what arrived, as JSON pairs.
CREATE TABLE interactions (
    id BIGINT PRIMARY KEY,
    digest BYTEA NOT NULL,
    request TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    spent_at BIGINT
);

-- What one authorization yielded: the code while it waits, then the family of tokens it bought.
CREATE TABLE families (
    id BIGINT PRIMARY KEY,
    code_digest BYTEA,
    app_id TEXT NOT NULL,
    account_id TEXT,
    identity_id TEXT,
    grant_id TEXT,
    session_grant_id TEXT,
    scope TEXT NOT NULL,
    asked_scope TEXT NOT NULL,
    redirect_uri TEXT,
    code_challenge TEXT,
    nonce TEXT,
    auth_time BIGINT,
    amr TEXT,
    acr TEXT,
    code_expires_at BIGINT,
    spent_at BIGINT,
    burned_at BIGINT,
    ended_at BIGINT,
    ended_by TEXT,
    expires_at BIGINT NOT NULL
);

CREATE TABLE access_tokens (
    id BIGINT PRIMARY KEY,
    digest BYTEA NOT NULL,
    family_id BIGINT NOT NULL,
    scope TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT
);

CREATE TABLE refresh_tokens (
    id BIGINT PRIMARY KEY,
    digest BYTEA NOT NULL,
    family_id BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    -- The sealed answer of its use, for as long as the app's replay window lasts.
    replay_key TEXT,
    replay_answer BYTEA,
    ended_at BIGINT
);

CREATE INDEX refresh_tokens_replay ON refresh_tokens (used_at) WHERE replay_answer IS NOT NULL;
