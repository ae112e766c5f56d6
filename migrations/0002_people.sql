-- A person. `user_handle` is what a passkey keeps of them (WebAuthn `user.id`): a random UUID that nothing else uses.
CREATE TABLE accounts (
    id TEXT NOT NULL PRIMARY KEY,
    user_handle TEXT NOT NULL UNIQUE,
    is_operator BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    disabled_at BIGINT
);

-- The personas of an account; the id is `sub`. `likeness` is the handle with look-alike letters made one.
CREATE TABLE identities (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    handle TEXT NOT NULL UNIQUE,
    likeness TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    is_primary BOOLEAN NOT NULL,
    picture_id TEXT,
    -- The address that was proven; one that waits for its code is in email_codes.
    email TEXT,
    email_verified_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK ((email IS NULL) = (email_verified_at IS NULL))
);

CREATE INDEX identities_account ON identities (account_id);
CREATE UNIQUE INDEX identities_one_primary ON identities (account_id) WHERE is_primary;

-- A changed picture is a new row with a new id, so that browsers may keep what they have.
CREATE TABLE pictures (
    id TEXT NOT NULL PRIMARY KEY,
    identity_id TEXT NOT NULL REFERENCES identities (id),
    media TEXT NOT NULL,
    bytes BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE INDEX pictures_identity ON pictures (identity_id);

-- An address that waits for its six digits; one for an identity. The code is sealed: six digits are too few to hash.
CREATE TABLE email_codes (
    identity_id TEXT NOT NULL PRIMARY KEY REFERENCES identities (id),
    address TEXT NOT NULL,
    sealed_code BYTEA NOT NULL,
    tries BIGINT NOT NULL,
    sent_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE TABLE devices (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    browser TEXT,
    os TEXT,
    fingerprint TEXT,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL
);

CREATE INDEX devices_account ON devices (account_id);
CREATE UNIQUE INDEX devices_fingerprint ON devices (account_id, fingerprint) WHERE fingerprint IS NOT NULL;

-- `credential` is the verifier's own JSON: public key, counter, flags. No secret is in it.
CREATE TABLE passkeys (
    id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    credential_id BYTEA NOT NULL UNIQUE,
    credential TEXT NOT NULL,
    counter BIGINT NOT NULL,
    is_synced BOOLEAN NOT NULL,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT
);

CREATE INDEX passkeys_account ON passkeys (account_id);

-- A ceremony under way. `binding` is the digest of what only the browser that began it holds.
CREATE TABLE ceremonies (
    id BIGINT PRIMARY KEY,
    digest BYTEA NOT NULL,
    kind TEXT NOT NULL,
    binding BYTEA NOT NULL,
    account_id TEXT,
    state TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    spent_at BIGINT
);

CREATE INDEX ceremonies_account ON ceremonies (account_id, id) WHERE account_id IS NOT NULL;
CREATE INDEX ceremonies_expiry ON ceremonies (expires_at);

-- A browser that is signed in. Its node in the ledger says whether it still is; either ends the other.
CREATE TABLE sessions (
    id BIGINT PRIMARY KEY,
    digest BYTEA NOT NULL,
    grant_id TEXT NOT NULL,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    device_id TEXT NOT NULL REFERENCES devices (id),
    auth_time BIGINT NOT NULL,
    amr TEXT NOT NULL,
    acr TEXT NOT NULL,
    source TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT
);

CREATE INDEX sessions_account ON sessions (account_id) WHERE ended_at IS NULL;
CREATE INDEX sessions_grant ON sessions (grant_id);
CREATE INDEX sessions_device ON sessions (device_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE recovery_codes (
    id BIGINT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id),
    digest BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    spent_at BIGINT
);

CREATE INDEX recovery_codes_account ON recovery_codes (account_id);

-- A browser asks to be let in by one that is signed in. `code` is shown there and typed here; it opens nothing by itself.
CREATE TABLE approvals (
    id TEXT NOT NULL PRIMARY KEY,
    flow BYTEA NOT NULL,
    code TEXT NOT NULL,
    asked_account_id TEXT,
    device_name TEXT NOT NULL,
    device_kind TEXT NOT NULL,
    device_browser TEXT,
    device_os TEXT,
    device_fingerprint TEXT,
    source TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    account_id TEXT,
    acr TEXT,
    approved_at BIGINT,
    denied_at BIGINT,
    spent_at BIGINT,
    CHECK (approved_at IS NULL OR denied_at IS NULL),
    CHECK ((approved_at IS NULL) = (account_id IS NULL))
);

CREATE INDEX approvals_code ON approvals (code);
CREATE INDEX approvals_asked ON approvals (asked_account_id) WHERE asked_account_id IS NOT NULL;
CREATE INDEX approvals_expiry ON approvals (expires_at);

-- Links that work once: to sign in, to register by invitation, to become the first operator.
CREATE TABLE one_time_links (
    id BIGINT PRIMARY KEY,
    digest BYTEA NOT NULL,
    purpose TEXT NOT NULL,
    account_id TEXT REFERENCES accounts (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    spent_at BIGINT
);

CREATE INDEX one_time_links_expiry ON one_time_links (expires_at);

-- Counts of attempts that must hold across nodes. A window begins with its first attempt.
CREATE TABLE attempts (
    gate TEXT NOT NULL,
    subject TEXT NOT NULL,
    tries BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (gate, subject)
);

CREATE INDEX attempts_expiry ON attempts (expires_at);
