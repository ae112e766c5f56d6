//! Any version to the latest: rows written at each step are there at the end.

use super::{number, rows, run};
use base::Time;
use db::migrate::{MIGRATIONS, latest};
use db::testing::{Database, empty_postgres, empty_sqlite};
use db::{Store, args};

const NOW: Time = Time::from_ms(1_800_000_000_000);

/// A row that a database of a step can hold: the step, its table, and the columns with what is written there.
struct Fixture(i64, &'static str, &'static [(&'static str, &'static str)]);

const FIXTURES: &[Fixture] = &[
    Fixture(1, "settings", &[("name", "'epoch'"), ("value", "'3'")]),
    Fixture(1, "leases", &[("name", "'chore'"), ("holder", "'a'"), ("fence", "7"), ("until_at", "5")]),
    Fixture(1, "versions", &[("name", "'apps'"), ("version", "9")]),
    Fixture(2, "accounts", &[("id", "'acc_1'"), ("user_handle", "'u1'"), ("is_operator", "TRUE"), ("created_at", "1")]),
    Fixture(
        2,
        "identities",
        &[
            ("id", "'i1'"),
            ("account_id", "'acc_1'"),
            ("handle", "'ada'"),
            ("likeness", "'ada'"),
            ("display_name", "'Ada Ünï'"),
            ("is_primary", "TRUE"),
            ("email", "'ada@a.test'"),
            ("email_verified_at", "2"),
            ("created_at", "1"),
            ("updated_at", "1"),
        ],
    ),
    Fixture(
        2,
        "recovery_codes",
        &[("id", "1"), ("account_id", "'acc_1'"), ("digest", "CAST('d' AS BYTEA)"), ("created_at", "1")],
    ),
    Fixture(3, "organizations", &[("id", "'org_1'"), ("name", "'One'"), ("created_at", "1"), ("updated_at", "1")]),
    Fixture(
        3,
        "members",
        &[("organization_id", "'org_1'"), ("account_id", "'acc_1'"), ("role", "'owner'"), ("joined_at", "1")],
    ),
    Fixture(
        4,
        "grants",
        &[
            ("id", "'g1'"),
            ("kind", "'sign_in'"),
            ("account_id", "'acc_1'"),
            ("identity_id", "'i1'"),
            ("app_id", "'app_1'"),
            ("target", "''"),
            ("scope", "'openid email'"),
            ("withheld", "''"),
            ("created_at", "1"),
            ("updated_at", "1"),
        ],
    ),
    Fixture(
        4,
        "journal",
        &[("id", "9007199254740993"), ("act", "'grant.opened'"), ("account_id", "'acc_1'"), ("detail", "'{}'")],
    ),
    Fixture(
        5,
        "signing_keys",
        &[
            ("id", "1"),
            ("kid", "'k1'"),
            ("alg", "'RS256'"),
            ("sealed_pkcs8", "CAST('sealed' AS BYTEA)"),
            ("public_jwk", "'{}'"),
            ("created_at", "1"),
            ("published_at", "1"),
            ("signs_from", "1"),
        ],
    ),
    Fixture(
        5,
        "families",
        &[
            ("id", "1"),
            ("app_id", "'app_1'"),
            ("scope", "'openid'"),
            ("asked_scope", "'openid email'"),
            ("expires_at", "5"),
        ],
    ),
    Fixture(6, "namespaces", &[("name", "'iris'"), ("organization_id", "'org_1'"), ("created_at", "1")]),
    Fixture(
        6,
        "delegated_tokens",
        &[
            ("id", "1"),
            ("family_id", "1"),
            ("grant_id", "'g1'"),
            ("resource_id", "'res_1'"),
            ("presence", "'background'"),
            ("expires_at", "5"),
        ],
    ),
    Fixture(
        3,
        "apps",
        &[
            ("id", "'app_7'"),
            ("organization_id", "'org_1'"),
            ("name", "'Seven'"),
            ("kind", "'confidential'"),
            ("redirect_uris", "''"),
            ("post_logout_redirect_uris", "''"),
            ("native", "FALSE"),
            ("development_mode", "FALSE"),
            ("background", "FALSE"),
            ("scopes", "''"),
            ("require_pkce", "FALSE"),
            ("auth_method", "'none'"),
            ("alg", "'RS256'"),
            ("hand_out_tokens", "TRUE"),
            ("created_at", "1"),
            ("updated_at", "1"),
        ],
    ),
    Fixture(
        7,
        "provider_clients",
        &[
            ("id", "'pcl_1'"),
            ("provider", "'google'"),
            ("app_id", "''"),
            ("client_id", "'c'"),
            ("secret", "CAST('s' AS BYTEA)"),
            ("inputs", "'{}'"),
            ("created_at", "1"),
            ("updated_at", "1"),
        ],
    ),
    Fixture(
        7,
        "app_users",
        &[
            ("id", "'u7'"),
            ("organization_id", "'org_1'"),
            ("issuer", "'https://a.test'"),
            ("subject", "'s'"),
            ("group_ids", "'[]'"),
            ("created_at", "1"),
            ("updated_at", "1"),
        ],
    ),
    Fixture(
        7,
        "connections",
        &[
            ("id", "'con_1'"),
            ("app_id", "'app_7'"),
            ("provider", "'google'"),
            ("owner", "'app'"),
            ("outside_id", "'1'"),
            ("label", "'ada@a.test'"),
            ("inputs", "'{}'"),
            ("scopes", "'a b'"),
            ("scope_mismatch", "FALSE"),
            ("sealed", "CAST('x' AS BYTEA)"),
            ("key_id", "'k'"),
            ("version", "3"),
            ("generation", "'g'"),
            ("can_refresh", "TRUE"),
            ("refreshed_at", "1"),
            ("failures", "0"),
            ("created_at", "1"),
            ("updated_at", "1"),
        ],
    ),
    Fixture(
        7,
        "call_approvals",
        &[
            ("id", "'apr_1'"),
            ("group_id", "'apr_1'"),
            ("app_id", "'app_7'"),
            ("grant_id", "'g1'"),
            ("provider", "'google'"),
            ("request", "CAST('r' AS BYTEA)"),
            ("digest", "CAST('d' AS BYTEA)"),
            ("key_id", "'k'"),
            ("status", "'pending'"),
            ("created_at", "1"),
            ("expires_at", "9"),
        ],
    ),
    Fixture(
        7,
        "deliveries",
        &[
            ("id", "5"),
            ("webhook_id", "'wh_1'"),
            ("app_id", "'app_7'"),
            ("event", "'connection.created'"),
            ("body", "'{}'"),
            ("state", "'dead'"),
            ("attempts", "9"),
            ("created_at", "1"),
        ],
    ),
];

impl Fixture {
    fn insert(&self) -> &'static str {
        let names: Vec<_> = self.2.iter().map(|(name, _)| *name).collect();
        let values: Vec<_> = self.2.iter().map(|(_, value)| *value).collect();
        leaked(format!("INSERT INTO {} ({}) VALUES ({})", self.1, names.join(", "), values.join(", ")))
    }

    /// Counts the rows that still hold every value.
    fn find(&self) -> &'static str {
        let holds: Vec<_> = self.2.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        leaked(format!("SELECT count(*) AS n FROM {} WHERE {}", self.1, holds.join(" AND ")))
    }
}

fn leaked(sql: String) -> &'static str {
    Box::leak(sql.into_boxed_str())
}

async fn engines() -> [Database; 2] {
    [empty_sqlite(), empty_postgres().await]
}

async fn steps(store: &Store) -> Vec<i64> {
    let taken = rows(store, "SELECT number FROM schema_history ORDER BY number", vec![]).await.unwrap();
    taken.iter().map(|row| row.int("number").unwrap()).collect()
}

#[tokio::test]
async fn rows_of_every_step_survive_to_the_latest() {
    for database in engines().await {
        let store = &database.store;
        assert_eq!(store.schema().await.unwrap(), None, "{}", database.name);
        for migration in MIGRATIONS {
            let taken = store.migrate_to(migration.number, NOW).await.unwrap();
            assert_eq!(
                (taken, store.schema().await.unwrap()),
                (vec![migration.name], Some(migration.number)),
                "{}",
                database.name
            );
            let own: Vec<_> = FIXTURES.iter().filter(|fixture| fixture.0 == migration.number).collect();
            assert!(!own.is_empty(), "step {} has no fixture", migration.name);
            for fixture in own {
                run(store, fixture.insert())
                    .await
                    .unwrap_or_else(|fault| panic!("{} {}: {fault}", database.name, fixture.1));
            }
        }
        for fixture in FIXTURES {
            assert_eq!(number(store, fixture.find()).await, 1, "{}: {}", database.name, fixture.1);
        }
    }
}

#[tokio::test]
async fn migrating_again_changes_nothing() {
    for database in engines().await {
        let all: Vec<_> = MIGRATIONS.iter().map(|migration| migration.name).collect();
        assert_eq!(database.store.migrate(NOW).await.unwrap(), all, "{}", database.name);
        assert!(database.store.migrate(NOW).await.unwrap().is_empty(), "{}", database.name);
        assert_eq!(steps(&database.store).await, (1..=latest()).collect::<Vec<_>>(), "{}", database.name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn threat_194_two_that_migrate_at_once_take_each_step_once() {
    for database in engines().await {
        let location = database.location.clone();
        let other = tokio::task::spawn_blocking(move || Store::open_with(&location, 2).unwrap()).await.unwrap();
        let (one, two) = tokio::join!(database.store.migrate(NOW), other.migrate(NOW));
        assert_eq!(one.unwrap().len() + two.unwrap().len(), MIGRATIONS.len(), "{}", database.name);
        assert_eq!(steps(&database.store).await, (1..=latest()).collect::<Vec<_>>(), "{}", database.name);
    }
}

#[tokio::test]
async fn threat_194_a_step_that_fails_leaves_nothing_and_can_be_taken_later() {
    for database in engines().await {
        let store = &database.store;
        store.migrate_to(latest() - 1, NOW).await.unwrap();
        // Something stands where the last step wants to build.
        let name = last_table();
        run(store, leaked(format!("CREATE TABLE {name} (id BIGINT PRIMARY KEY)"))).await.unwrap();
        assert!(store.migrate(NOW).await.is_err(), "{}", database.name);
        assert_eq!(store.schema().await.unwrap(), Some(latest() - 1), "{}", database.name);
        run(store, leaked(format!("DROP TABLE {name}"))).await.unwrap();
        assert_eq!(store.migrate(NOW).await.unwrap().len(), 1, "{}", database.name);
    }
}

/// The last table that the last step makes: by then the step has made others.
fn last_table() -> &'static str {
    let sql = MIGRATIONS.last().unwrap().sql;
    sql.rsplit_once("CREATE TABLE ").unwrap().1.split_whitespace().next().unwrap()
}

#[tokio::test]
async fn threat_194_a_newer_schema_is_refused() {
    for database in engines().await {
        let store = &database.store;
        store.migrate(NOW).await.unwrap();
        let newer = latest() + 1;
        let insert = "INSERT INTO schema_history (number, name, applied_at) VALUES ($1, 'from the future', 1)";
        store.write(move |tx| tx.run(insert, args![newer])).await.unwrap();
        let refused = store.migrate(NOW).await.unwrap_err();
        assert!(refused.cause().contains("this program knows only"), "{refused}");
    }
}
