-- The grant ledger: who allowed whom to do what. A row is never deleted while something may ask how it ended.
CREATE TABLE grants (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    parent_id TEXT,
    account_id TEXT,
    identity_id TEXT,
    app_id TEXT,
    target TEXT NOT NULL,
    scope TEXT NOT NULL,
    -- What was asked and could not be given (an address that nobody has proven), so that it is not asked every time.
    withheld TEXT NOT NULL,
    presence TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    last_used_at BIGINT,
    expires_at BIGINT,
    ended_at BIGINT,
    ended_by TEXT
);

CREATE INDEX grants_parent ON grants (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX grants_account ON grants (account_id, kind) WHERE account_id IS NOT NULL;
CREATE INDEX grants_app ON grants (app_id, kind) WHERE app_id IS NOT NULL;
-- One live grant of a kind for the same identity, app and target.
CREATE UNIQUE INDEX grants_one_live ON grants (identity_id, app_id, kind, target)
    WHERE ended_at IS NULL AND identity_id IS NOT NULL;

-- The journal: what happened, written in the transaction of what it tells. The number tells the time.
CREATE TABLE journal (
    id BIGINT PRIMARY KEY,
    act TEXT NOT NULL,
    account_id TEXT,
    identity_id TEXT,
    app_id TEXT,
    organization_id TEXT,
    grant_id TEXT,
    source TEXT,
    detail TEXT
);

CREATE INDEX journal_account ON journal (account_id, id) WHERE account_id IS NOT NULL;
CREATE INDEX journal_organization ON journal (organization_id, id) WHERE organization_id IS NOT NULL;
CREATE INDEX journal_app ON journal (app_id, id) WHERE app_id IS NOT NULL;
