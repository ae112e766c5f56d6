//! Backups: whole, sealed, and refused when anything about them is not right.

use super::{number, run};
use base::{Fault, Secret, SeededEntropy, SystemEntropy};
use db::seal::Kms;
use db::testing::{postgres, sqlite};
use db::{Location, Sealer, Store, archive, args};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

struct Fixed(Secret);

impl Kms for Fixed {
    fn master_keys(&self) -> Result<Secret, Fault> {
        Ok(self.0.clone())
    }
}

fn sealer(seed: u64) -> Sealer {
    Sealer::from_kms(&Fixed(Sealer::new_key_text(&SeededEntropy::new(seed)).unwrap())).unwrap()
}

/// A database of several pieces with a word in it that must not be readable in its backup.
async fn filled(store: &Store) {
    run(store, "CREATE TABLE bodies (id BIGINT PRIMARY KEY, body BYTEA NOT NULL)").await.unwrap();
    for id in 0..5i64 {
        let body = b"canary ".repeat(100_000);
        store.write(move |tx| tx.run("INSERT INTO bodies (id, body) VALUES ($1, $2)", args![id, body])).await.unwrap();
    }
}

fn contains(path: &Path, word: &[u8]) -> bool {
    std::fs::read(path).unwrap().windows(word.len()).any(|window| window == word)
}

#[tokio::test]
async fn threat_191_a_backup_is_unreadable_without_the_key_and_for_other_users() {
    let database = sqlite().await;
    filled(&database.store).await;
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("one.backup");
    assert!(archive::write(&database.store, &database.location, &sealer(1), &SystemEntropy, &target).await.unwrap());
    assert!(contains(database.location.file().unwrap(), b"canary") || contains(&wal(&database.location), b"canary"));
    assert!(!contains(&target, b"canary") && !contains(&target, b"SQLite format"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o600);
    }
    // Nothing else is left, neither beside the backup nor beside the database.
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let beside = std::fs::read_dir(database.location.file().unwrap().parent().unwrap()).unwrap();
    assert!(beside.into_iter().all(|entry| !entry.unwrap().file_name().to_string_lossy().contains("copy")));
    let opened = folder.path().join("opened.db");
    assert!(archive::read(&sealer(2), &target, &opened).unwrap_err().cause().contains("another master key"));
    assert!(!opened.exists());
}

fn wal(location: &Location) -> std::path::PathBuf {
    let mut name = location.file().unwrap().as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

#[tokio::test]
async fn a_backup_opens_into_the_same_data() {
    let database = sqlite().await;
    filled(&database.store).await;
    let folder = tempfile::tempdir().unwrap();
    let (target, opened) = (folder.path().join("one.backup"), folder.path().join("opened.db"));
    archive::write(&database.store, &database.location, &sealer(1), &SystemEntropy, &target).await.unwrap();
    archive::read(&sealer(1), &target, &opened).unwrap();
    let copy = Store::open(&Location::Sqlite(opened)).unwrap();
    assert_eq!(copy.complaint().await.unwrap(), None);
    assert_eq!(number(&copy, "SELECT count(*) AS n FROM bodies").await, 5);
    assert_eq!(copy.schema().await.unwrap(), database.store.schema().await.unwrap());
    assert!(
        archive::write(&database.store, &database.location, &sealer(1), &SystemEntropy, &target).await.is_err(),
        "overwritten"
    );
}

#[tokio::test]
async fn a_changed_shortened_or_extended_backup_is_refused() {
    let database = sqlite().await;
    filled(&database.store).await;
    let folder = tempfile::tempdir().unwrap();
    let (target, opened) = (folder.path().join("one.backup"), folder.path().join("opened.db"));
    archive::write(&database.store, &database.location, &sealer(1), &SystemEntropy, &target).await.unwrap();
    let whole = std::fs::read(&target).unwrap();
    let piece = (1 << 20) + 16;
    assert!(whole.len() > 40 + 3 * piece, "several pieces");
    let flipped = |place: usize| {
        let mut bytes = whole.clone();
        bytes[place] ^= 1;
        bytes
    };
    let swapped =
        [&whole[..40], &whole[40 + piece..40 + 2 * piece], &whole[40..40 + piece], &whole[40 + 2 * piece..]].concat();
    let cases = [
        ("magic", flipped(0)),
        ("key id", flipped(17)),
        ("salt", flipped(30)),
        ("first piece", flipped(41)),
        ("last byte", flipped(whole.len() - 1)),
        ("cut between pieces", whole[..40 + 2 * piece].to_vec()),
        ("cut inside a piece", whole[..40 + piece + 5].to_vec()),
        ("head only", whole[..40].to_vec()),
        ("empty", Vec::new()),
        ("one more byte", [&whole[..], b"x"].concat()),
        ("swapped pieces", swapped),
    ];
    for (name, bytes) in cases {
        std::fs::write(folder.path().join("bad.backup"), bytes).unwrap();
        assert!(archive::read(&sealer(1), &folder.path().join("bad.backup"), &opened).is_err(), "{name}");
        assert!(!opened.exists(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_backup_is_consistent_while_writes_go_on() {
    let database = sqlite().await;
    filled(&database.store).await;
    run(&database.store, "CREATE TABLE pairs (id BIGINT PRIMARY KEY, twin BIGINT NOT NULL)").await.unwrap();
    let done = Arc::new(AtomicBool::new(false));
    let (store, told) = (database.store.clone(), done.clone());
    let writing = tokio::spawn(async move {
        let mut next = 0i64;
        while !told.load(Ordering::SeqCst) {
            let both = store.write(move |tx| {
                tx.run("INSERT INTO pairs (id, twin) VALUES ($1, $2)", args![next, next + 1])?;
                tx.run("INSERT INTO pairs (id, twin) VALUES ($1, $2)", args![next + 1, next])
            });
            both.await.unwrap();
            next += 2;
        }
        next
    });
    let folder = tempfile::tempdir().unwrap();
    for turn in 0..3 {
        let (target, opened) = (folder.path().join(format!("{turn}.backup")), folder.path().join(format!("{turn}.db")));
        archive::write(&database.store, &database.location, &sealer(1), &SystemEntropy, &target).await.unwrap();
        archive::read(&sealer(1), &target, &opened).unwrap();
        let copy = Store::open(&Location::Sqlite(opened)).unwrap();
        assert_eq!(copy.complaint().await.unwrap(), None);
        let lonely = "SELECT count(*) AS n FROM pairs a WHERE NOT EXISTS (SELECT 1 FROM pairs b WHERE b.id = a.twin)";
        assert_eq!(number(&copy, lonely).await, 0);
    }
    done.store(true, Ordering::SeqCst);
    assert!(writing.await.unwrap() > 0);
}

#[tokio::test]
async fn postgresql_is_left_to_its_own_tools() {
    let database = postgres().await;
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("one.backup");
    assert!(!archive::write(&database.store, &database.location, &sealer(1), &SystemEntropy, &target).await.unwrap());
    assert!(!target.exists());
}
