//! What may be used once is used once: 32 tasks at each, on both engines.

use crate::kit::{Hall, ORIGIN, answered, flow, halls, laptop, person, visit};
use people::{Code, Error};
use std::future::Future;
use testkit::SoftPasskey;

const RIVALS: usize = 32;

/// Runs the same deed in many tasks. Gives how many did it, and with what code the others were refused.
async fn race<F, T>(deed: impl Fn(usize) -> F) -> (usize, Vec<Code>)
where
    F: Future<Output = Result<T, Error>> + Send + 'static,
    T: Send + 'static,
{
    let tasks: Vec<_> = (0..RIVALS).map(|number| tokio::spawn(deed(number))).collect();
    let (mut won, mut lost) = (0, Vec::new());
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => won += 1,
            Err(Error::Refused(refusal)) => lost.push(refusal.code),
            Err(Error::Fault(fault)) => panic!("{fault}"),
        }
    }
    (won, lost)
}

fn check(hall: &Hall, outcome: (usize, Vec<Code>), expected: Code) {
    let (won, lost) = outcome;
    assert_eq!(won, 1, "on {}", hall.name);
    assert!(lost.iter().all(|code| *code == expected), "{lost:?} on {}", hall.name);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_recovery_code_is_spent_once() {
    for hall in halls().await {
        let ada = hall.registers("ada").await;
        let code = ada.codes[0].reveal().to_owned();
        let outcome = race(|_| {
            let (people, code) = (hall.people.clone(), code.clone());
            async move { people.recover("ada", &code, laptop(), visit(), None).await }
        });
        check(&hall, outcome.await, Code::CodeRefused);
        assert_eq!(hall.people.codes(&ada.opened.session.account).await.unwrap().left, 9);
        assert_eq!(hall.people.sessions(&ada.opened.session.account).await.unwrap().len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_challenge_is_answered_once() {
    for hall in halls().await {
        let mut ada = hall.registers("ada").await;
        let browser = flow();
        let (id, answer) = answered(&hall, &mut ada, &browser).await;
        let outcome = race(|_| {
            let (people, browser, id, answer) = (hall.people.clone(), browser.clone(), id.clone(), answer.clone());
            async move { people.login(&browser, &id, &answer, laptop(), visit(), None).await }
        });
        check(&hall, outcome.await, Code::CeremonyExpired);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_approval_is_given_once_and_used_once() {
    for hall in halls().await {
        let ada = hall.registers("ada").await;
        let phone = flow();
        let asked = hall.people.ask_approval(&phone, None, laptop(), visit()).await.unwrap();
        let outcome = race(|number| {
            let (people, session, asked) = (hall.people.clone(), ada.opened.session.clone(), asked.clone());
            async move {
                if number % 2 == 0 {
                    people.approve(&session, &asked.id, &asked.code).await
                } else {
                    people.deny(&session, &asked.id, &asked.code).await
                }
            }
        });
        check(&hall, outcome.await, Code::ApprovalGone);

        let asked = hall.people.ask_approval(&phone, None, laptop(), visit()).await.unwrap();
        hall.people.approve(&ada.opened.session, &asked.id, &asked.code).await.unwrap();
        let outcome = race(|_| {
            let (people, phone, id) = (hall.people.clone(), phone.clone(), asked.id.clone());
            async move { people.finish_approval(&phone, &id, visit(), None).await }
        });
        check(&hall, outcome.await, Code::ApprovalGone);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_one_time_link_signs_in_once() {
    for hall in halls().await {
        hall.registers("ada").await;
        let link = hall.people.sign_in_link("ada").await.unwrap();
        let outcome = race(|_| {
            let (people, link) = (hall.people.clone(), link.clone());
            async move { people.follow_link(link.reveal(), laptop(), visit(), None).await }
        });
        check(&hall, outcome.await, Code::LinkSpent);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_address_is_proven_once() {
    for hall in halls().await {
        let ada = hall.registers("ada").await;
        let mail = hall.people.start_email(&ada.opened.session, &ada.identity, "ada@example.org").await.unwrap();
        let code = mail.subject.split(' ').next().unwrap().to_owned();
        let outcome = race(|_| {
            let (people, session, id, code) =
                (hall.people.clone(), ada.opened.session.clone(), ada.identity.clone(), code.clone());
            async move { people.verify_email(&session, &id, &code).await }
        });
        check(&hall, outcome.await, Code::CodeRefused);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_handle_has_one_owner() {
    for hall in halls().await {
        let mut begun = Vec::new();
        for _ in 0..RIVALS {
            let browser = flow();
            let started = hall.people.begin_registration(&browser, "ada", None, None).await.unwrap();
            let (_, answer) = SoftPasskey::register(&started.options, ORIGIN);
            begun.push((browser, started.id.reveal().to_owned(), answer));
        }
        let outcome = race(|number| {
            let (people, (browser, id, answer)) = (hall.people.clone(), begun[number].clone());
            async move { people.register(&browser, &id, &answer, person("ada"), laptop(), visit(), None).await }
        });
        check(&hall, outcome.await, Code::HandleTaken);
        assert_eq!((hall.count("accounts").await, hall.count("passkeys").await), (1, 1));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_last_passkey_and_the_sixth_identity_survive_no_race() {
    for hall in halls().await {
        let ada = hall.registers("ada").await;
        let session = ada.opened.session.clone();
        let started = hall.people.begin_adding(&session, &ada.flow).await.unwrap();
        let (_, answer) = SoftPasskey::register(&started.options, ORIGIN);
        hall.people.finish_adding(&session, &ada.flow, &answer, "Second").await.unwrap();
        let ids: Vec<String> = hall
            .people
            .passkeys(&session.account)
            .await
            .unwrap()
            .iter()
            .map(|key| key.id.as_str().to_owned())
            .collect();
        let (won, _) = race(|number| {
            let (people, session, id) = (hall.people.clone(), session.clone(), ids[number % 2].clone());
            async move { people.remove_passkey(&session, &id).await }
        })
        .await;
        assert_eq!(won, 1, "on {}", hall.name);

        let (won, lost) = race(|number| {
            let (people, session) = (hall.people.clone(), session.clone());
            async move { people.create_identity(&session, "Ada", &format!("other_{number}x")).await }
        })
        .await;
        assert_eq!(won, 4, "on {}", hall.name);
        assert!(lost.iter().all(|code| *code == Code::TooManyIdentities), "{lost:?}");
    }
}
