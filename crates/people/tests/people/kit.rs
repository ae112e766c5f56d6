//! A hall: people on one engine, with a clock that moves when told to; and guests, who hold a browser and a passkey.

use base::{ManualClock, Seams, Secret, SystemEntropy, Time};
use db::seal::Kms;
use db::testing::{Database, engines};
use db::{Sealer, args};
use people::account::NewPerson;
use people::device::Described;
use people::{Error, Flow, Opened, People, Session, Settings, Visit};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use testkit::SoftPasskey;

pub const ORIGIN: &str = "http://localhost:8460";

pub struct Hall {
    pub people: People,
    pub clock: Arc<ManualClock>,
    pub seams: Seams,
    pub database: Database,
    pub name: &'static str,
    sealer: Sealer,
}

pub struct Guest {
    pub flow: Flow,
    pub passkey: SoftPasskey,
    pub opened: Opened,
    pub codes: Vec<Secret>,
    pub identity: String,
}

struct Key(Secret);

impl Kms for Key {
    fn master_keys(&self) -> Result<Secret, base::Fault> {
        Ok(self.0.clone())
    }
}

/// A hall on each engine, without limits.
pub async fn halls() -> Vec<Hall> {
    halls_with(|_| {}).await
}

/// A hall on each engine, with other settings.
pub async fn halls_with(change: impl Fn(&mut Settings)) -> Vec<Hall> {
    let mut halls = Vec::new();
    for database in engines().await {
        let mut settings = Settings::of(ORIGIN, "Procura");
        settings.limits = false;
        change(&mut settings);
        let clock = Arc::new(ManualClock::at(Time::from_secs(1_900_000_000)));
        let seams = Seams::new(clock.clone(), Arc::new(SystemEntropy));
        let sealer = Sealer::from_kms(&Key(Sealer::new_key_text(&SystemEntropy).unwrap())).unwrap();
        let people = People::new(database.store.clone(), seams.clone(), sealer.clone(), settings).unwrap();
        halls.push(Hall { people, clock, seams, name: database.name, database, sealer });
    }
    halls
}

/// A browser's own secret, another at each call.
pub fn flow() -> Flow {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    Flow::of(&Secret::new(format!("browser {}", NEXT.fetch_add(1, Ordering::SeqCst))))
}

pub fn visit() -> Visit {
    Visit::new("192.0.2.1", "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0")
}

pub fn laptop() -> Described {
    Described::new("Laptop", "computer", Some("Firefox"), Some("Linux"), None)
}

pub fn person(handle: &str) -> NewPerson {
    NewPerson { display_name: "Ada Moreau".into(), handle: handle.into(), email: None, invitation: None }
}

/// What was refused, by its code.
pub fn refused<T>(outcome: Result<T, Error>) -> &'static str {
    match outcome {
        Err(Error::Refused(refusal)) => refusal.code.as_str(),
        Err(Error::Fault(fault)) => panic!("{fault}"),
        Ok(_) => panic!("it was not refused"),
    }
}

impl Hall {
    /// The same people with other settings, over the same database.
    pub fn with(&self, change: impl Fn(&mut Settings)) -> People {
        let mut settings = self.people.settings().clone();
        change(&mut settings);
        People::new(self.database.store.clone(), self.seams.clone(), self.sealer.clone(), settings).unwrap()
    }

    pub async fn registers(&self, handle: &str) -> Guest {
        self.registers_as(&self.people, person(handle)).await
    }

    pub async fn registers_as(&self, people: &People, person: NewPerson) -> Guest {
        let flow = flow();
        let started =
            people.begin_registration(&flow, &person.handle, None, person.invitation.as_deref()).await.unwrap();
        let (passkey, answer) = SoftPasskey::register(&started.options, ORIGIN);
        let done = people.register(&flow, started.id.reveal(), &answer, person, laptop(), visit(), None).await.unwrap();
        let identity = done.identity.id.as_str().to_owned();
        Guest { flow, passkey, opened: done.opened, codes: done.codes, identity }
    }

    /// Signs in with the guest's passkey in a browser of its own.
    pub async fn signs_in(&self, guest: &mut Guest) -> Result<Opened, Error> {
        let flow = flow();
        let started = self.people.begin_login(&flow).await.unwrap();
        let answer = guest.passkey.assert(&started.options, ORIGIN);
        self.people.login(&flow, started.id.reveal(), &answer, laptop(), visit(), None).await
    }

    /// Proves again who one is.
    pub async fn steps_up(&self, guest: &mut Guest) {
        let started = self.people.begin_login(&guest.flow).await.unwrap();
        let answer = guest.passkey.assert(&started.options, ORIGIN);
        let session = &guest.opened.session;
        guest.opened = self.people.step_up(session, &guest.flow, started.id.reveal(), &answer, visit()).await.unwrap();
    }

    /// The live session of a cookie.
    pub async fn session(&self, opened: &Opened) -> Option<Session> {
        self.people.check_session(opened.cookie.reveal()).await.unwrap()
    }

    /// The acts of an account, newest first.
    pub async fn acts(&self, guest: &Guest) -> Vec<String> {
        let told = self.people.activity(&guest.opened.session.account, i64::MAX, 100).await.unwrap();
        told.into_iter().map(|told| told.act).collect()
    }

    /// How many rows a table holds.
    pub async fn count(&self, table: &'static str) -> i64 {
        let sql = format!("SELECT count(*) AS count FROM {table}");
        let row = self.database.store.read(move |tx| tx.one(&sql, args![])).await.unwrap();
        row.unwrap().int("count").unwrap()
    }
}

/// A challenge and its ceremony, answered.
pub async fn answered(hall: &Hall, guest: &mut Guest, flow: &Flow) -> (String, Value) {
    let started = hall.people.begin_login(flow).await.unwrap();
    let answer = guest.passkey.assert(&started.options, ORIGIN);
    (started.id.reveal().to_owned(), answer)
}
