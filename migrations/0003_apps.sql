-- Teams of developers. A personal one belongs to the account that it was made for.
CREATE TABLE organizations (
    id TEXT NOT NULL PRIMARY KEY,
    key TEXT UNIQUE,
    name TEXT NOT NULL,
    personal_of TEXT UNIQUE,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE members (
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    account_id TEXT NOT NULL,
    role TEXT NOT NULL,
    joined_at BIGINT NOT NULL,
    PRIMARY KEY (organization_id, account_id)
);

CREATE INDEX members_account ON members (account_id);

-- OAuth clients. Lists of URIs hold one in a line; lifetimes that are absent follow the server's settings.
CREATE TABLE apps (
    id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    key TEXT,
    name TEXT NOT NULL,
    description TEXT,
    kind TEXT NOT NULL,
    website TEXT,
    logo_id TEXT,
    accent TEXT,
    redirect_uris TEXT NOT NULL,
    post_logout_redirect_uris TEXT NOT NULL,
    backchannel_logout_uri TEXT,
    native BOOLEAN NOT NULL,
    development_mode BOOLEAN NOT NULL,
    background BOOLEAN NOT NULL,
    scopes TEXT NOT NULL,
    require_pkce BOOLEAN NOT NULL,
    auth_method TEXT NOT NULL,
    alg TEXT NOT NULL,
    access_ttl_secs BIGINT,
    refresh_idle_secs BIGINT,
    refresh_absolute_secs BIGINT,
    refresh_replay_secs BIGINT,
    hand_out_tokens BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    disabled_at BIGINT
);

CREATE INDEX apps_organization ON apps (organization_id, id);
CREATE UNIQUE INDEX apps_key ON apps (organization_id, key) WHERE key IS NOT NULL;

CREATE TABLE app_secrets (
    id BIGINT PRIMARY KEY,
    app_id TEXT NOT NULL REFERENCES apps (id),
    digest BYTEA NOT NULL,
    hint TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT
);

CREATE INDEX app_secrets_app ON app_secrets (app_id, id);

-- A changed logo is a new row with a new id, so that browsers may keep what they have.
CREATE TABLE logos (
    id TEXT NOT NULL PRIMARY KEY,
    app_id TEXT NOT NULL REFERENCES apps (id),
    media TEXT NOT NULL,
    bytes BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE INDEX logos_app ON logos (app_id);

-- Keys to the management API, made on the machine itself.
CREATE TABLE operator_tokens (
    id BIGINT PRIMARY KEY,
    digest BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT
);
