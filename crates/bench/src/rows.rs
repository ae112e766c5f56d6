//! All SQL of the bench: other people's rows, so that growth can be measured. They are old, so that they stand before all new ones.

use crate::database::said;
use std::path::Path;
use tokio_postgres::Client;

const BATCH: u64 = 100_000;

/// One statement for each table. `$1` and `$2` are the first and the last number; text numbers have twelve digits.
const APPS: &str = "WITH RECURSIVE n(i) AS (SELECT CAST($1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < CAST($2 AS BIGINT))
    INSERT INTO apps (id, organization_id, name, kind, redirect_uris, post_logout_redirect_uris, native, development_mode, background,
                      scopes, require_pkce, auth_method, alg, hand_out_tokens, created_at, updated_at)
    SELECT 'app_' || substr(CAST(1000000000000 + i AS TEXT), 2) || '00000000000000000000', (SELECT id FROM organizations LIMIT 1),
           'Other app', 'public', 'https://other.example/callback', '', FALSE, FALSE, FALSE, 'openid', FALSE, 'none', 'RS256', FALSE, i, i
    FROM n";

const GRANTS: &str = "WITH RECURSIVE n(i) AS (SELECT CAST($1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < CAST($2 AS BIGINT))
    INSERT INTO grants (id, kind, account_id, identity_id, app_id, target, scope, withheld, created_at, updated_at)
    SELECT '01900000-0000-7000-8000-' || substr(CAST(1000000000000 + i AS TEXT), 2), 'sign_in',
           'acc_' || substr(CAST(1000000000000 + i / 10 AS TEXT), 2) || '00000000000000000000',
           '00000000-0000-4000-8000-' || substr(CAST(1000000000000 + i / 10 AS TEXT), 2),
           'app_' || substr(CAST(1000000000000 + i % 10000 AS TEXT), 2) || '00000000000000000000', '', 'openid profile', '', i, i
    FROM n";

const FAMILIES: &str = "WITH RECURSIVE n(i) AS (SELECT CAST($1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < CAST($2 AS BIGINT))
    INSERT INTO families (id, app_id, account_id, identity_id, grant_id, scope, asked_scope, redirect_uri, code_expires_at, spent_at, expires_at)
    SELECT i, 'app_' || substr(CAST(1000000000000 + i % 10000 AS TEXT), 2) || '00000000000000000000',
           'acc_' || substr(CAST(1000000000000 + i / 10 AS TEXT), 2) || '00000000000000000000',
           '00000000-0000-4000-8000-' || substr(CAST(1000000000000 + i / 10 AS TEXT), 2),
           '01900000-0000-7000-8000-' || substr(CAST(1000000000000 + i AS TEXT), 2),
           'openid profile', 'openid profile', 'https://other.example/callback', i, i, 9000000000000 + i
    FROM n";

const ACCESS: &str =
    "WITH RECURSIVE n(i) AS (SELECT CAST($1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < CAST($2 AS BIGINT))
    INSERT INTO access_tokens (id, digest, family_id, scope, expires_at)
    SELECT i, (SELECT digest FROM app_secrets LIMIT 1), i, 'openid profile', 9000000000000
    FROM n";

const REFRESH: &str =
    "WITH RECURSIVE n(i) AS (SELECT CAST($1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < CAST($2 AS BIGINT))
    INSERT INTO refresh_tokens (id, digest, family_id, expires_at)
    SELECT i, (SELECT digest FROM app_secrets LIMIT 1), i, 9000000000000
    FROM n";

const JOURNAL: &str =
    "WITH RECURSIVE n(i) AS (SELECT CAST($1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < CAST($2 AS BIGINT))
    INSERT INTO journal (id, act, account_id, identity_id, app_id)
    SELECT i, 'code.redeemed', 'acc_' || substr(CAST(1000000000000 + i / 10 AS TEXT), 2) || '00000000000000000000',
           '00000000-0000-4000-8000-' || substr(CAST(1000000000000 + i / 10 AS TEXT), 2),
           'app_' || substr(CAST(1000000000000 + i % 10000 AS TEXT), 2) || '00000000000000000000'
    FROM n";

const OF_GRANTS: [&str; 5] = [GRANTS, FAMILIES, ACCESS, REFRESH, JOURNAL];

/// First and last numbers of each batch.
fn batches(count: u64) -> impl Iterator<Item = (i64, i64)> {
    (0..count.div_ceil(BATCH)).map(move |batch| {
        let (first, last) = (batch * BATCH + 1, ((batch + 1) * BATCH).min(count));
        (i64::try_from(first).unwrap_or(i64::MAX), i64::try_from(last).unwrap_or(i64::MAX))
    })
}

pub fn fill_sqlite(file: &Path, grants: u64, apps: u64) -> Result<(), String> {
    let said = |cause: rusqlite::Error| format!("SQLite: {cause}");
    let connection = rusqlite::Connection::open(file).map_err(said)?;
    let run = |sql: &str, range: (i64, i64)| connection.execute(sql, range).map(drop).map_err(said);
    batches(apps).try_for_each(|range| run(APPS, range))?;
    batches(grants).try_for_each(|range| OF_GRANTS.iter().try_for_each(|sql| run(sql, range)))?;
    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE); ANALYZE").map_err(said)
}

pub async fn fill_postgres(client: &mut Client, grants: u64, apps: u64) -> Result<(), String> {
    for (first, last) in batches(apps) {
        client.execute(APPS, &[&first, &last]).await.map_err(said)?;
    }
    for (first, last) in batches(grants) {
        for sql in OF_GRANTS {
            client.execute(sql, &[&first, &last]).await.map_err(said)?;
        }
    }
    client.batch_execute("VACUUM ANALYZE").await.map_err(said)
}
