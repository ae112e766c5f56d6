-- What an app offers to other apps. `scopes` is a JSON list of {name, text, risk}; `terms` counts the changes that a person
-- would have to be asked about again: a grant made under older ones is suspended.
CREATE TABLE resources (
    id TEXT NOT NULL PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    -- The key with look-alike letters made one, so that no second one can pass for it.
    likeness TEXT NOT NULL UNIQUE,
    app_id TEXT NOT NULL REFERENCES apps (id),
    name TEXT NOT NULL,
    description TEXT,
    kind TEXT NOT NULL,
    audience TEXT NOT NULL UNIQUE,
    runtime_endpoint TEXT,
    allow_chains BOOLEAN NOT NULL,
    open_audience BOOLEAN NOT NULL,
    scopes TEXT NOT NULL,
    terms BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    paused_at BIGINT
);

CREATE INDEX resources_app ON resources (app_id, id);

-- Who may register keys that begin with `name:`, or with something that looks like it: the organization that did so first.
CREATE TABLE namespaces (
    name TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- What the person allowed on the connector page, as JSON, until the code is redeemed.
ALTER TABLE families ADD COLUMN connector TEXT;

-- The terms of the resource that a connector grant was made under.
ALTER TABLE grants ADD COLUMN terms BIGINT;

-- Who holds permissions on a resource: connector grants by its key, sign-ins by its audience.
CREATE INDEX grants_target ON grants (target, id) WHERE target <> '' AND ended_at IS NULL;

-- The audience of a family's JWT, where it is not this server (RFC 8707).
ALTER TABLE families ADD COLUMN audience TEXT;

-- The app at which something was done, where two apps took part.
ALTER TABLE journal ADD COLUMN target_app_id TEXT;
CREATE INDEX journal_target ON journal (target_app_id, id) WHERE target_app_id IS NOT NULL;

-- The tokens that exchanges yielded. The number is their `jti`; the token itself is a JWT and proves itself.
CREATE TABLE delegated_tokens (
    id BIGINT PRIMARY KEY,
    family_id BIGINT NOT NULL,
    grant_id TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    -- The delegated token that it was exchanged for, in a chain.
    subject_id BIGINT,
    presence TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT
);

CREATE INDEX delegated_tokens_subject ON delegated_tokens (subject_id) WHERE subject_id IS NOT NULL;

-- A person's own key to the list of what they allowed (`pst_…`), made with a fresh passkey.
CREATE TABLE session_tokens (
    id BIGINT PRIMARY KEY,
    digest BYTEA NOT NULL,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    last_used_at BIGINT,
    ended_at BIGINT
);

CREATE INDEX session_tokens_account ON session_tokens (account_id);
CREATE INDEX session_tokens_expiry ON session_tokens (expires_at);

-- The secret under which a session is seen inside frames, never the one of its cookie.
ALTER TABLE sessions ADD COLUMN embed_digest BYTEA;
