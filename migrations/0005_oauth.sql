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
