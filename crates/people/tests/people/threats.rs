//! The attacks of the threat table that people must meet before any HTTP is involved.

use crate::kit::{Guest, Hall, ORIGIN, answered, flow, halls, halls_with, laptop, person, refused, visit};
use serde_json::{Value, json};
use testkit::SoftPasskey;
use testkit::passkey::Twist;

#[tokio::test]
async fn threat_097_every_proof_gives_a_new_secret_and_the_old_one_is_dead() {
    for hall in halls().await {
        let (mut ada, mut eve) = (hall.registers("ada").await, hall.registers("eve").await);
        // Again by the same person: the planted cookie dies.
        let (planted, browser) = (ada.opened.clone(), ada.flow.clone());
        let (id, answer) = answered(&hall, &mut ada, &browser).await;
        let before = hall.session(&planted).await;
        let renewed = hall.people.login(&ada.flow, &id, &answer, laptop(), visit(), before).await.unwrap();
        assert!(hall.session(&planted).await.is_none());
        assert_eq!(renewed.session.grant, planted.session.grant);
        // By somebody else in the same browser: the first person's session ends.
        let (id, answer) = answered(&hall, &mut eve, &browser).await;
        let before = hall.session(&renewed).await;
        let other = hall.people.login(&ada.flow, &id, &answer, laptop(), visit(), before).await.unwrap();
        assert!(hall.session(&renewed).await.is_none());
        assert_eq!(other.session.account, eve.opened.session.account);
    }
}

#[tokio::test]
async fn threat_098_nobody_can_be_signed_in_with_an_answer_that_another_browser_began() {
    for hall in halls().await {
        let mut mallory = hall.registers("mallory").await;
        let (own, victims) = (flow(), flow());
        let (id, answer) = answered(&hall, &mut mallory, &own).await;
        assert_eq!(
            refused(hall.people.login(&victims, &id, &answer, laptop(), visit(), None).await),
            "ceremony_expired"
        );
        // The attempt has spent nothing of the rightful browser's.
        hall.people.login(&own, &id, &answer, laptop(), visit(), None).await.unwrap();
    }
}

#[tokio::test]
async fn threat_104_no_answer_tells_whether_somebody_is_known() {
    for hall in halls().await {
        let ada = hall.registers("ada").await;
        let shape = |value: &Value| {
            let mut fields: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
            fields.sort();
            fields
        };
        let (one, other) =
            (hall.people.begin_login(&flow()).await.unwrap(), hall.people.begin_login(&flow()).await.unwrap());
        assert_eq!(shape(&one.options), shape(&other.options));
        assert_eq!(one.options["allowCredentials"], json!([]));
        assert_eq!(one.options["userVerification"], "required");

        let known = hall.people.recover("ada", "not a code", laptop(), visit(), None).await.unwrap_err().to_string();
        let unknown =
            hall.people.recover("nobody", "not a code", laptop(), visit(), None).await.unwrap_err().to_string();
        let others = hall
            .people
            .recover("nobody", ada.codes[0].reveal(), laptop(), visit(), None)
            .await
            .unwrap_err()
            .to_string();
        assert_eq!([&known, &known], [&unknown, &others]);

        let asked = [Some("ada"), Some("nobody"), None];
        for handle in asked {
            let asked = hall.people.ask_approval(&flow(), handle, laptop(), visit()).await.unwrap();
            assert_eq!(asked.code.len(), 9);
        }
        // The same address may be proven by several: nothing tells that it is known.
        let eve = hall.registers("eve").await;
        for guest in [&ada, &eve] {
            hall.people.start_email(&guest.opened.session, &guest.identity, "shared@example.org").await.unwrap();
        }
    }
}

#[tokio::test]
async fn threat_104_an_unknown_handle_runs_into_the_same_limit() {
    for hall in halls_with(|settings| settings.limits = true).await {
        hall.registers("ada").await;
        let mut walls = Vec::new();
        for (handle, source) in [("ada", "192.0.2.7"), ("nobody", "192.0.2.8")] {
            let visit = people::Visit::new(source, "");
            let mut tries = 0;
            loop {
                match refused(hall.people.recover(handle, "WRONG", laptop(), visit.clone(), None).await) {
                    "rate_limited" => break,
                    _ => tries += 1,
                }
            }
            walls.push(tries);
        }
        assert_eq!(walls, [5, 5], "on {}", hall.name);
    }
}

/// Signs in with a twisted answer to a challenge of its own.
async fn twisted(hall: &Hall, guest: &mut Guest, origin: &str, twist: &Twist) -> &'static str {
    let browser = flow();
    let started = hall.people.begin_login(&browser).await.unwrap();
    let answer = guest.passkey.assert_with(&started.options, origin, twist);
    refused(hall.people.login(&browser, started.id.reveal(), &answer, laptop(), visit(), None).await)
}

#[tokio::test]
async fn threat_105_an_assertion_that_differs_in_anything_is_refused() {
    for hall in halls().await {
        let (mut ada, mut eve) = (hall.registers("ada").await, hall.registers("eve").await);
        let old = hall.people.begin_login(&flow()).await.unwrap().options["challenge"].as_str().unwrap().to_owned();
        let twists = [
            Twist { unverified: true, ..Twist::default() },
            Twist { absent: true, ..Twist::default() },
            Twist { cross_origin: true, ..Twist::default() },
            Twist { rp_id: Some("evil.test"), ..Twist::default() },
            Twist { kind: Some("webauthn.create"), ..Twist::default() },
            Twist { forged: true, ..Twist::default() },
            Twist { challenge: Some(old), ..Twist::default() },
            Twist { challenge: Some(String::new()), ..Twist::default() },
            // Another user's credential, and one's own under another user's name.
            Twist { credential_id: Some(eve.passkey.credential_id.clone()), ..Twist::default() },
            Twist { user_handle: Some(eve.passkey.user_handle.clone()), ..Twist::default() },
            Twist { user_handle: Some(b"not a uuid".to_vec()), ..Twist::default() },
            Twist { credential_id: Some(vec![7; 32]), ..Twist::default() },
        ];
        for twist in &twists {
            assert_eq!(twisted(&hall, &mut ada, ORIGIN, twist).await, "passkey_refused", "{twist:?}");
        }
        for origin in [
            "https://localhost:8460",
            "http://localhost:8461",
            "http://127.0.0.1:8460",
            "http://evil.localhost:8460",
            "null",
        ] {
            assert_eq!(twisted(&hall, &mut ada, origin, &Twist::default()).await, "passkey_refused", "{origin}");
        }
        hall.signs_in(&mut ada).await.unwrap();
        hall.signs_in(&mut eve).await.unwrap();
    }
}

#[tokio::test]
async fn threat_105_a_challenge_is_answered_once_in_its_time_and_for_its_purpose() {
    for hall in halls().await {
        let mut ada = hall.registers("ada").await;
        let browser = flow();
        let (id, answer) = answered(&hall, &mut ada, &browser).await;
        hall.people.login(&browser, &id, &answer, laptop(), visit(), None).await.unwrap();
        assert_eq!(
            refused(hall.people.login(&browser, &id, &answer, laptop(), visit(), None).await),
            "ceremony_expired"
        );

        let (id, answer) = answered(&hall, &mut ada, &browser).await;
        hall.clock.advance_secs(301);
        assert_eq!(
            refused(hall.people.login(&browser, &id, &answer, laptop(), visit(), None).await),
            "ceremony_expired"
        );

        // A wrong answer spends the challenge: the right one comes too late.
        let (id, answer) = answered(&hall, &mut ada, &browser).await;
        assert_eq!(
            refused(hall.people.login(&browser, &id, &json!({}), laptop(), visit(), None).await),
            "passkey_refused"
        );
        assert_eq!(
            refused(hall.people.login(&browser, &id, &answer, laptop(), visit(), None).await),
            "ceremony_expired"
        );

        // The ceremony of a registration signs nobody in, and the reverse.
        let started = hall.people.begin_registration(&browser, "eve", None, None).await.unwrap();
        let as_login = hall.people.login(&browser, started.id.reveal(), &answer, laptop(), visit(), None).await;
        assert_eq!(refused(as_login), "ceremony_expired");
        let (id, _) = answered(&hall, &mut ada, &browser).await;
        let (_, made) = SoftPasskey::register(&started.options, ORIGIN);
        assert_eq!(
            refused(hall.people.register(&browser, &id, &made, person("eve"), laptop(), visit(), None).await),
            "ceremony_expired"
        );
    }
}

#[tokio::test]
async fn threat_105_a_new_passkey_that_differs_in_anything_is_refused() {
    for hall in halls().await {
        let twists = [
            (ORIGIN, Twist { unverified: true, ..Twist::default() }),
            (ORIGIN, Twist { absent: true, ..Twist::default() }),
            (ORIGIN, Twist { cross_origin: true, ..Twist::default() }),
            (ORIGIN, Twist { rp_id: Some("evil.test"), ..Twist::default() }),
            (ORIGIN, Twist { kind: Some("webauthn.get"), ..Twist::default() }),
            (ORIGIN, Twist { challenge: Some("AAAA".into()), ..Twist::default() }),
            (ORIGIN, Twist { alg: Some(-8), ..Twist::default() }),
            (ORIGIN, Twist { alg: Some(-36), ..Twist::default() }),
            (ORIGIN, Twist { torn: true, ..Twist::default() }),
            (ORIGIN, Twist { padding: 64 << 10, ..Twist::default() }),
            (ORIGIN, Twist { credential_id: Some(vec![1; 1024]), ..Twist::default() }),
            (ORIGIN, Twist { backed_up: true, ..Twist::default() }),
            ("http://evil.test", Twist::default()),
        ];
        for (origin, twist) in &twists {
            let browser = flow();
            let started = hall.people.begin_registration(&browser, "ada", None, None).await.unwrap();
            let (_, answer) = SoftPasskey::register_with(&started.options, origin, twist);
            let outcome = hall
                .people
                .register(&browser, started.id.reveal(), &answer, person("ada"), laptop(), visit(), None)
                .await;
            assert_eq!(refused(outcome), "passkey_refused", "{origin} {twist:?}");
        }
        for garbage in [
            json!(null),
            json!([]),
            json!({ "id": 1 }),
            json!({ "id": "x", "rawId": "x", "type": "public-key", "response": {} }),
        ] {
            let browser = flow();
            let started = hall.people.begin_registration(&browser, "ada", None, None).await.unwrap();
            let outcome = hall
                .people
                .register(&browser, started.id.reveal(), &garbage, person("ada"), laptop(), visit(), None)
                .await;
            assert_eq!(refused(outcome), "passkey_refused", "{garbage}");
        }
        assert_eq!(hall.count("accounts").await, 0);
    }
}

#[tokio::test]
async fn threat_106_a_counter_that_goes_back_is_refused_and_told() {
    for hall in halls().await {
        let mut ada = hall.registers("ada").await;
        let mut copy = ada.passkey.clone();
        hall.signs_in(&mut ada).await.unwrap();
        hall.signs_in(&mut ada).await.unwrap();
        // The copy is one assertion behind.
        std::mem::swap(&mut ada.passkey, &mut copy);
        assert_eq!(refused(hall.signs_in(&mut ada).await), "passkey_copied");
        assert_eq!(hall.acts(&ada).await[0], "passkey.copied");
        std::mem::swap(&mut ada.passkey, &mut copy);
        hall.signs_in(&mut ada).await.unwrap();
    }
}

#[tokio::test]
async fn threat_106_backup_flags_that_contradict_are_refused() {
    for hall in halls().await {
        let mut ada = hall.registers("ada").await;
        for twist in [
            Twist { backed_up: true, ..Twist::default() },
            Twist { backup_eligible: true, ..Twist::default() },
            Twist { backup_eligible: true, backed_up: true, ..Twist::default() },
        ] {
            assert_eq!(twisted(&hall, &mut ada, ORIGIN, &twist).await, "passkey_refused", "{twist:?}");
        }
    }
}

#[tokio::test]
async fn threat_106_a_credential_belongs_to_one_account() {
    for hall in halls().await {
        let ada = hall.registers("ada").await;
        let browser = flow();
        let started = hall.people.begin_registration(&browser, "eve", None, None).await.unwrap();
        let answer = ada.passkey.attestation(&started.options, ORIGIN, &Twist::default());
        let outcome =
            hall.people.register(&browser, started.id.reveal(), &answer, person("eve"), laptop(), visit(), None).await;
        assert_eq!(refused(outcome), "passkey_exists");

        let eve = hall.registers("eve").await;
        let started = hall.people.begin_adding(&eve.opened.session, &eve.flow).await.unwrap();
        let answer = ada.passkey.attestation(&started.options, ORIGIN, &Twist::default());
        assert_eq!(
            refused(hall.people.finish_adding(&eve.opened.session, &eve.flow, &answer, "Stolen").await),
            "passkey_exists"
        );
        // One's own twice is refused as well.
        let started = hall.people.begin_adding(&eve.opened.session, &eve.flow).await.unwrap();
        let answer = eve.passkey.attestation(&started.options, ORIGIN, &Twist::default());
        assert_eq!(
            refused(hall.people.finish_adding(&eve.opened.session, &eve.flow, &answer, "Again").await),
            "passkey_refused"
        );
    }
}

#[tokio::test]
async fn threat_107_a_ceremony_ends_in_the_browser_and_the_account_it_began_in() {
    for hall in halls().await {
        let (ada, eve) = (hall.registers("ada").await, hall.registers("eve").await);
        let started = hall.people.begin_adding(&ada.opened.session, &ada.flow).await.unwrap();
        let (_, answer) = SoftPasskey::register(&started.options, ORIGIN);
        for (session, browser) in
            [(&eve.opened.session, &ada.flow), (&eve.opened.session, &eve.flow), (&ada.opened.session, &eve.flow)]
        {
            assert_eq!(refused(hall.people.finish_adding(session, browser, &answer, "x").await), "ceremony_expired");
        }
        hall.people.finish_adding(&ada.opened.session, &ada.flow, &answer, "x").await.unwrap();

        let browser = flow();
        let started = hall.people.begin_registration(&browser, "bob", None, None).await.unwrap();
        let (_, answer) = SoftPasskey::register(&started.options, ORIGIN);
        let elsewhere =
            hall.people.register(&flow(), started.id.reveal(), &answer, person("bob"), laptop(), visit(), None).await;
        assert_eq!(refused(elsewhere), "ceremony_expired");
        // Nor under another name than the one the passkey was made for.
        let renamed = hall
            .people
            .register(&browser, started.id.reveal(), &answer, person("carol"), laptop(), visit(), None)
            .await;
        assert_eq!(refused(renamed), "ceremony_expired");

        let phone = flow();
        let asked = hall.people.ask_approval(&phone, None, laptop(), visit()).await.unwrap();
        hall.people.approve(&ada.opened.session, &asked.id, &asked.code).await.unwrap();
        assert!(hall.people.approval(&flow(), &asked.id).await.unwrap().is_none());
        assert_eq!(refused(hall.people.finish_approval(&flow(), &asked.id, visit(), None).await), "approval_gone");
    }
}

#[tokio::test]
async fn threat_108_what_changes_how_one_signs_in_needs_a_proof_within_five_minutes() {
    for hall in halls().await {
        let mut ada = hall.registers("ada").await;
        let begun = hall.people.begin_adding(&ada.opened.session, &ada.flow).await.unwrap();
        let (_, made) = SoftPasskey::register(&begun.options, ORIGIN);
        hall.clock.advance_secs(301);
        let (people, session) = (&hall.people, ada.opened.session.clone());
        let passkey = people.passkeys(&session.account).await.unwrap()[0].id.as_str().to_owned();
        assert_eq!(refused(people.begin_adding(&session, &ada.flow).await), "step_up_required");
        assert_eq!(refused(people.finish_adding(&session, &ada.flow, &made, "x").await), "step_up_required");
        assert_eq!(refused(people.remove_passkey(&session, &passkey).await), "step_up_required");
        assert_eq!(refused(people.renew_codes(&session).await), "step_up_required");
        assert_eq!(refused(people.export(&session).await), "step_up_required");
        assert_eq!(refused(people.delete_account(&session).await), "step_up_required");
        hall.steps_up(&mut ada).await;
        people.begin_adding(&ada.opened.session, &ada.flow).await.unwrap();
    }
}

#[tokio::test]
async fn threat_109_codes_cannot_be_guessed_reused_or_stretched() {
    for hall in halls_with(|settings| settings.limits = true).await {
        let (ada, eve) = (hall.registers("ada").await, hall.registers("eve").await);
        // Another person's code is no code.
        let swapped = hall.people.recover("ada", eve.codes[0].reveal(), laptop(), visit(), None).await;
        assert_eq!(refused(swapped), "code_refused");
        for _ in 0..4 {
            assert_eq!(refused(hall.people.recover("ada", "0000-0000", laptop(), visit(), None).await), "code_refused");
        }
        // From another address the handle is still counted, so that even the right code waits.
        let elsewhere = people::Visit::new("192.0.2.99", "");
        let right = || hall.people.recover("ada", ada.codes[0].reveal(), laptop(), elsewhere.clone(), None);
        assert_eq!(refused(right().await), "rate_limited");
        hall.clock.advance_secs(30 * 60 + 1);
        right().await.unwrap();
        assert_eq!(refused(right().await), "code_refused");
        // A good try is not counted: ten codes can be used in a row.
        for code in ada.codes.iter().skip(1) {
            hall.people.recover("ada", code.reveal(), laptop(), elsewhere.clone(), None).await.unwrap();
        }
    }
}

#[tokio::test]
async fn threat_109_a_disabled_account_recovers_nothing() {
    for hall in halls().await {
        let ada = hall.registers("ada").await;
        let link = hall.people.sign_in_link("ada").await.unwrap();
        let phone = flow();
        let asked = hall.people.ask_approval(&phone, None, laptop(), visit()).await.unwrap();
        hall.people.approve(&ada.opened.session, &asked.id, &asked.code).await.unwrap();
        hall.people.disable_account(&ada.opened.session.account).await.unwrap();
        assert_eq!(
            refused(hall.people.recover("ada", ada.codes[0].reveal(), laptop(), visit(), None).await),
            "code_refused"
        );
        assert_eq!(refused(hall.people.follow_link(link.reveal(), laptop(), visit(), None).await), "link_spent");
        assert_eq!(refused(hall.people.finish_approval(&phone, &asked.id, visit(), None).await), "approval_gone");
        assert_eq!(refused(hall.people.sign_in_link("ada").await), "not_found");
    }
}

#[tokio::test]
async fn threat_109_a_code_in_a_mail_dies_after_five_wrong_tries() {
    for hall in halls().await {
        let ada = hall.registers("ada").await;
        let session = &ada.opened.session;
        let mail = hall.people.start_email(session, &ada.identity, "ada@example.org").await.unwrap();
        let code = mail.subject.split(' ').next().unwrap().to_owned();
        let wrong = if code == "000000" { "111111" } else { "000000" };
        for _ in 0..5 {
            assert_eq!(refused(hall.people.verify_email(session, &ada.identity, wrong).await), "code_refused");
        }
        assert_eq!(refused(hall.people.verify_email(session, &ada.identity, &code).await), "code_refused");
        assert!(hall.people.identity(&session.account, &ada.identity).await.unwrap().email.is_none());
    }
}

#[tokio::test]
async fn threat_111_a_handle_that_looks_like_another_is_refused() {
    for hall in halls().await {
        hall.registers("paypal").await;
        for taken in ["paypal", "PayPal", "paypa1", "PAYPA1", " @paypal "] {
            assert_eq!(refused(hall.people.check_handle(taken).await), "handle_taken", "{taken}");
        }
        for invalid in ["раураl", "pаypal", "ｐａｙｐａｌ", "pay\u{200b}pal", "paypal\u{0}", "ßpaypal"] {
            assert_eq!(refused(hall.people.check_handle(invalid).await), "handle_invalid", "{invalid}");
        }
        hall.people.check_handle("paypals").await.unwrap();
    }
}

#[tokio::test]
async fn threat_182_what_people_type_is_kept_without_what_hides_or_turns_text() {
    for hall in halls().await {
        let ada = hall.registers("ada").await;
        let session = &ada.opened.session;
        let changed = hall
            .people
            .change_identity(session, &ada.identity, Some("Bank\u{202e}\u{0} <b>x</b>\n"), None)
            .await
            .unwrap();
        assert_eq!(changed.display_name, "Bank <b>x</b>");
        assert_eq!(
            refused(hall.people.change_identity(session, &ada.identity, Some("\u{200b}"), None).await),
            "name_invalid"
        );
    }
}

#[tokio::test]
async fn threat_185_no_secret_is_in_the_database() {
    for hall in halls().await {
        let ada = hall.registers("ada").await;
        let link = hall.people.sign_in_link("ada").await.unwrap();
        let mail = hall.people.start_email(&ada.opened.session, &ada.identity, "ada@example.org").await.unwrap();
        let code = mail.subject.split(' ').next().unwrap().to_owned();
        let mut secrets = vec![ada.opened.cookie.clone(), link];
        secrets.extend(ada.codes.iter().cloned());
        secrets.extend(ada.codes.iter().map(|code| base::Secret::new(code.reveal().replace('-', ""))));
        let store = &hall.database.store;
        let texts = store
            .read(|tx| {
                let mut all = String::new();
                for sql in [
                    "SELECT amr || source || user_agent || grant_id AS text FROM sessions",
                    "SELECT purpose AS text FROM one_time_links",
                    "SELECT state AS text FROM ceremonies",
                    "SELECT address AS text FROM email_codes",
                    "SELECT act || coalesce(detail, '') AS text FROM journal",
                    "SELECT credential AS text FROM passkeys",
                ] {
                    for row in tx.all(sql, &[])? {
                        all.push_str(&row.text("text")?);
                    }
                }
                for sql in [
                    "SELECT digest AS bytes FROM sessions",
                    "SELECT digest AS bytes FROM recovery_codes",
                    "SELECT sealed_code AS bytes FROM email_codes",
                ] {
                    for row in tx.all(sql, &[])? {
                        all.push_str(&String::from_utf8_lossy(&row.bytes("bytes")?));
                    }
                }
                Ok::<_, base::Fault>(all)
            })
            .await
            .unwrap();
        assert!(!secrets.iter().any(|secret| texts.contains(secret.reveal())));
        assert!(!texts.contains(&format!("\"{code}\"")));
    }
}

#[tokio::test]
async fn threat_116_another_identity_is_no_way_to_send_more_mail() {
    for hall in halls_with(|settings| settings.limits = true).await {
        let ada = hall.registers("ada").await;
        let session = &ada.opened.session;
        let other = hall.people.create_identity(session, "Other", "ada_other").await.unwrap();
        for number in 0..8 {
            let address = format!("stranger{number}@example.org");
            hall.people.start_email(session, &ada.identity, &address).await.unwrap();
        }
        let more = hall.people.start_email(session, other.id.as_str(), "stranger@example.org").await;
        assert_eq!(refused(more), "rate_limited", "{}", hall.name);
    }
}

#[tokio::test]
async fn threat_191_a_restore_brings_no_link_and_no_approval_back() {
    for hall in halls().await {
        let ada = hall.registers("ada").await;
        let link = hall.people.bootstrap_link().await.unwrap().unwrap();
        let sign_in = hall.people.sign_in_link("ada").await.unwrap();
        let browser = flow();
        let asked = hall.people.ask_approval(&browser, None, laptop(), visit()).await.unwrap();
        hall.people.approve(&ada.opened.session, &asked.id, &asked.code).await.unwrap();
        let begun = hall.people.begin_login(&browser).await.unwrap();
        let now = hall.seams.now();
        hall.database.store.write(move |tx| people::restored::end_all(tx, now)).await.unwrap();
        assert!(!hall.people.is_invitation(link.reveal()).await.unwrap());
        assert_eq!(refused(hall.people.link_target(sign_in.reveal()).await), "link_spent");
        assert_eq!(refused(hall.people.finish_approval(&browser, &asked.id, visit(), None).await), "approval_gone");
        let late = hall.people.login(&browser, begun.id.reveal(), &json!({}), laptop(), visit(), None).await;
        assert_eq!(refused(late), "ceremony_expired");
    }
}
