//! What each verb promises.

use crate::kit::{ORIGIN, flow, halls, halls_with, laptop, person, refused, visit};
use base::{GrantId, IdentityId, Scope};
use ledger::{EndedBy, Kind, NewGrant, grant};
use people::account::NewPerson;
use people::approval::State;
use people::{Registration, identity, session};
use testkit::SoftPasskey;

#[tokio::test]
async fn registering_makes_a_person_with_a_passkey_ten_codes_and_a_session() {
    for hall in halls().await {
        let ada = hall.registers("ada").await;
        let session = hall.session(&ada.opened).await.unwrap();
        assert_eq!((session.amr.join(" ").as_str(), session.acr.as_str()), ("pop user", "phr"));
        assert!(!session.is_operator && session.is_fresh(hall.seams.now()));
        assert_eq!(ada.codes.len(), 10);
        assert_eq!(hall.people.passkeys(&session.account).await.unwrap().len(), 1);
        let identities = hall.people.identities(&session.account).await.unwrap();
        assert_eq!((identities[0].handle.as_str(), identities[0].is_primary), ("ada", true));
        assert_eq!(hall.acts(&ada).await, ["session.opened", "account.created"]);
    }
}

#[tokio::test]
async fn a_passkey_signs_in_on_another_browser_and_every_session_can_be_ended() {
    for hall in halls().await {
        let mut ada = hall.registers("ada").await;
        let other = hall.signs_in(&mut ada).await.unwrap();
        assert_ne!(other.session.grant, ada.opened.session.grant);
        assert_eq!(hall.people.sessions(&other.session.account).await.unwrap().len(), 2);

        assert_eq!(hall.people.end_other_sessions(&other.session).await.unwrap(), 1);
        assert!(hall.session(&ada.opened).await.is_none());
        hall.people.sign_out(&other.session).await.unwrap();
        assert!(hall.session(&other).await.is_none());
        assert_eq!(refused(hall.people.end_session(&other.session, other.session.grant.as_str()).await), "not_found");
    }
}

#[tokio::test]
async fn a_session_ends_with_its_node_its_account_its_idleness_and_its_age() {
    for hall in halls().await {
        let mut ada = hall.registers("ada").await;
        let (node, now) = (ada.opened.session.grant.clone(), hall.seams.now());
        hall.database.store.write(move |tx| grant::end(tx, &node, EndedBy::Operator, now)).await.unwrap();
        assert!(hall.session(&ada.opened).await.is_none());

        let idle = hall.signs_in(&mut ada).await.unwrap();
        hall.clock.advance_secs(14 * 86_400 + 1);
        assert!(hall.session(&idle).await.is_none());

        let old = hall.signs_in(&mut ada).await.unwrap();
        for _ in 0..29 {
            hall.clock.advance_secs(86_400);
            assert!(hall.session(&old).await.is_some());
        }
        hall.clock.advance_secs(86_401);
        assert!(hall.session(&old).await.is_none());

        let last = hall.signs_in(&mut ada).await.unwrap();
        assert!(hall.people.disable_account(&last.session.account).await.unwrap());
        assert!(hall.session(&last).await.is_none());
        assert_eq!(refused(hall.signs_in(&mut ada).await), "passkey_refused");
    }
}

#[tokio::test]
async fn being_seen_is_written_at_most_once_a_minute() {
    for hall in halls().await {
        let ada = hall.registers("ada").await;
        let opened_at = hall.seams.now();
        hall.clock.advance_secs(59);
        hall.session(&ada.opened).await.unwrap();
        assert_eq!(hall.session(&ada.opened).await.unwrap().last_seen_at, opened_at);
        hall.clock.advance_secs(1);
        hall.session(&ada.opened).await.unwrap();
        assert_eq!(hall.session(&ada.opened).await.unwrap().last_seen_at, hall.seams.now());
    }
}

#[tokio::test]
async fn the_check_is_one_statement_and_works_inside_a_transaction() {
    for hall in halls().await {
        let ada = hall.registers("ada").await;
        let (cookie, now) = (ada.opened.cookie.reveal().to_owned(), hall.seams.now());
        let found = hall.database.store.read(move |tx| session::check(tx, &cookie, now, 60)).await.unwrap();
        assert_eq!(found.unwrap().account, ada.opened.session.account);
        let broken = format!("{}x", ada.opened.cookie.reveal());
        assert!(hall.people.check_session(&broken).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn a_step_up_gives_a_new_cookie_and_keeps_the_node() {
    for hall in halls().await {
        let mut ada = hall.registers("ada").await;
        let before = ada.opened.clone();
        hall.clock.advance_secs(301);
        assert!(!hall.session(&before).await.unwrap().is_fresh(hall.seams.now()));
        hall.steps_up(&mut ada).await;
        assert!(hall.session(&before).await.is_none());
        let now = hall.session(&ada.opened).await.unwrap();
        assert!(now.is_fresh(hall.seams.now()));
        assert_eq!((now.grant, now.expires_at), (before.session.grant, before.session.expires_at));
    }
}

#[tokio::test]
async fn another_persons_passkey_is_no_step_up() {
    for hall in halls().await {
        let (ada, mut eve) = (hall.registers("ada").await, hall.registers("eve").await);
        let (id, answer) = crate::kit::answered(&hall, &mut eve, &ada.flow).await;
        assert_eq!(
            refused(hall.people.step_up(&ada.opened.session, &ada.flow, &id, &answer, visit()).await),
            "passkey_refused"
        );
        assert!(hall.session(&ada.opened).await.is_some());
    }
}

#[tokio::test]
async fn a_second_passkey_can_be_added_and_the_last_one_stays() {
    for hall in halls().await {
        let ada = hall.registers("ada").await;
        let session = &ada.opened.session;
        let first = hall.people.passkeys(&session.account).await.unwrap()[0].id.as_str().to_owned();
        assert_eq!(refused(hall.people.remove_passkey(session, &first).await), "last_passkey");

        hall.clock.advance_secs(1);
        let started = hall.people.begin_adding(session, &ada.flow).await.unwrap();
        assert_eq!(started.options["excludeCredentials"].as_array().unwrap().len(), 1);
        assert_eq!(started.options["user"]["name"], "ada");
        let (_, answer) = SoftPasskey::register(&started.options, ORIGIN);
        let second = hall.people.finish_adding(session, &ada.flow, &answer, "Blue key").await.unwrap();
        let names: Vec<String> =
            hall.people.passkeys(&session.account).await.unwrap().into_iter().map(|key| key.name).collect();
        assert_eq!(names, ["Laptop", "Blue key"]);
        hall.people.rename_passkey(session, second.as_str(), "Red key").await.unwrap();
        hall.people.remove_passkey(session, &first).await.unwrap();
        assert_eq!(refused(hall.people.remove_passkey(session, second.as_str()).await), "last_passkey");
    }
}

#[tokio::test]
async fn a_recovery_code_signs_in_once_and_the_person_is_told() {
    for hall in halls().await {
        let ada = hall.registers("ada").await;
        proves_email(&hall, &ada, "ada@example.org").await;
        let code = ada.codes[3].reveal().to_lowercase();
        let recovered = hall.people.recover("ADA", &code, laptop(), visit(), None).await.unwrap();
        assert_eq!(
            (recovered.opened.session.amr.join(" ").as_str(), recovered.opened.session.acr.as_str()),
            ("otp", "1")
        );
        assert_eq!(recovered.left, 9);
        assert_eq!(recovered.mails.len(), 1);
        assert_eq!(recovered.mails[0].to, "ada@example.org");
        assert_eq!(refused(hall.people.recover("ada", &code, laptop(), visit(), None).await), "code_refused");
        let acts = hall.acts(&ada).await;
        assert!(
            acts.contains(&"recovery_code.used".to_owned()) && acts.contains(&"recovery_code.refused".to_owned()),
            "{acts:?}"
        );

        let renewed = hall.people.renew_codes(&ada.opened.session).await.unwrap();
        assert_eq!(
            refused(hall.people.recover("ada", ada.codes[4].reveal(), laptop(), visit(), None).await),
            "code_refused"
        );
        assert!(hall.people.recover("ada", renewed[0].reveal(), laptop(), visit(), None).await.is_ok());
    }
}

#[tokio::test]
async fn a_signed_in_device_lets_another_one_in() {
    for hall in halls().await {
        let ada = hall.registers("ada").await;
        let (phone, session) = (flow(), &ada.opened.session);
        let asked = hall.people.ask_approval(&phone, None, laptop(), visit()).await.unwrap();
        assert_eq!(asked.state, State::Pending);
        let found = hall.people.find_approval(session, &asked.code).await.unwrap();
        assert_eq!((found.id.as_str(), found.device_name.as_str()), (asked.id.as_str(), "Laptop"));
        assert_eq!(refused(hall.people.finish_approval(&phone, &asked.id, visit(), None).await), "approval_gone");
        hall.people.approve(session, &asked.id, &asked.code).await.unwrap();
        assert_eq!(hall.people.approval(&phone, &asked.id).await.unwrap().unwrap().state, State::Approved);
        let opened = hall.people.finish_approval(&phone, &asked.id, visit(), None).await.unwrap();
        assert_eq!(opened.session.account, session.account);
        assert_eq!((opened.session.amr.join(" ").as_str(), opened.session.acr.as_str()), ("pop user mca", "phr"));
        assert_eq!(refused(hall.people.finish_approval(&phone, &asked.id, visit(), None).await), "approval_gone");
    }
}

#[tokio::test]
async fn an_approval_proves_no_more_than_the_device_that_gave_it() {
    for hall in halls().await {
        let ada = hall.registers("ada").await;
        let by_code = hall.people.recover("ada", ada.codes[0].reveal(), laptop(), visit(), None).await.unwrap().opened;
        let phone = flow();
        let asked = hall.people.ask_approval(&phone, None, laptop(), visit()).await.unwrap();
        hall.people.approve(&by_code.session, &asked.id, &asked.code).await.unwrap();
        let opened = hall.people.finish_approval(&phone, &asked.id, visit(), None).await.unwrap();
        assert_eq!(opened.session.acr, "1");
    }
}

#[tokio::test]
async fn an_approval_needs_the_code_a_fresh_proof_the_right_person_and_time() {
    for hall in halls().await {
        let (mut ada, eve) = (hall.registers("ada").await, hall.registers("eve").await);
        let phone = flow();
        let asked = hall.people.ask_approval(&phone, Some("ada"), laptop(), visit()).await.unwrap();
        assert_eq!(hall.people.pending_approvals(&ada.opened.session).await.unwrap().len(), 1);
        assert!(hall.people.pending_approvals(&eve.opened.session).await.unwrap().is_empty());
        assert!(hall.people.pending_approvals(&ada.opened.session).await.unwrap()[0].code.is_empty());
        assert_eq!(refused(hall.people.approve(&eve.opened.session, &asked.id, &asked.code).await), "approval_gone");
        assert_eq!(refused(hall.people.approve(&ada.opened.session, &asked.id, "0000 0000").await), "approval_gone");
        hall.clock.advance_secs(299);
        hall.people.deny(&ada.opened.session, &asked.id, &asked.code).await.unwrap();
        assert_eq!(hall.people.approval(&phone, &asked.id).await.unwrap().unwrap().state, State::Denied);

        let late = hall.people.ask_approval(&phone, None, laptop(), visit()).await.unwrap();
        hall.clock.advance_secs(2);
        assert_eq!(refused(hall.people.approve(&ada.opened.session, &late.id, &late.code).await), "step_up_required");
        hall.clock.advance_secs(300);
        hall.steps_up(&mut ada).await;
        assert_eq!(refused(hall.people.approve(&ada.opened.session, &late.id, &late.code).await), "approval_gone");
    }
}

#[tokio::test]
async fn a_one_time_link_signs_in_once_within_ten_minutes() {
    for hall in halls().await {
        let ada = hall.registers("ada").await;
        let link = hall.people.sign_in_link("ada").await.unwrap();
        for _ in 0..2 {
            assert_eq!(hall.people.link_target(link.reveal()).await.unwrap().id.as_str(), ada.identity);
        }
        let opened = hall.people.follow_link(link.reveal(), laptop(), visit(), None).await.unwrap();
        assert_eq!((opened.session.amr.join(" ").as_str(), opened.session.acr.as_str()), ("otp", "1"));
        assert_eq!(refused(hall.people.follow_link(link.reveal(), laptop(), visit(), None).await), "link_spent");
        assert_eq!(refused(hall.people.link_target(link.reveal()).await), "link_spent");

        let late = hall.people.sign_in_link("ada").await.unwrap();
        hall.clock.advance_secs(601);
        assert_eq!(refused(hall.people.follow_link(late.reveal(), laptop(), visit(), None).await), "link_spent");
        assert_eq!(refused(hall.people.sign_in_link("nobody").await), "not_found");
    }
}

#[tokio::test]
async fn the_first_operator_registers_by_a_link_and_invites_others() {
    for hall in halls_with(|settings| settings.registration = Registration::Closed).await {
        assert_eq!(refused(hall.people.begin_registration(&flow(), "ada", None, None).await), "registration_closed");
        let dead = hall.people.bootstrap_link().await.unwrap().unwrap();
        let link = hall.people.bootstrap_link().await.unwrap().unwrap();
        assert!(!hall.people.is_invitation(dead.reveal()).await.unwrap());
        let invited = |handle: &str, link: &base::Secret| NewPerson {
            invitation: Some(link.reveal().to_owned()),
            ..person(handle)
        };
        let ada = hall.registers_as(&hall.people, invited("ada", &link)).await;
        assert!(hall.session(&ada.opened).await.unwrap().is_operator);
        assert!(hall.people.bootstrap_link().await.unwrap().is_none());
        assert!(!hall.people.is_invitation(link.reveal()).await.unwrap());

        let by_invitation = hall.with(|settings| settings.registration = Registration::Invite);
        let invitation = by_invitation.invite(&ada.opened.session).await.unwrap();
        let eve = hall.registers_as(&by_invitation, invited("eve", &invitation)).await;
        assert!(!eve.opened.session.is_operator);
        assert_eq!(
            refused(by_invitation.begin_registration(&flow(), "bob", None, Some(invitation.reveal())).await),
            "registration_closed"
        );
        assert_eq!(refused(by_invitation.invite(&eve.opened.session).await), "not_found");
    }
}

#[tokio::test]
async fn in_the_demo_alone_the_first_person_is_operator_and_a_code_stands_in_for_a_passkey() {
    for hall in halls_with(|settings| settings.demo = true).await {
        let (known, codes) = hall.people.introduce("ada_demo", "Ada").await.unwrap();
        assert_eq!((codes.len(), hall.people.introduce("ada_demo", "Ada").await.unwrap().1.len()), (10, 0));
        let (first, second) = (hall.registers("first").await, hall.registers("second").await);
        assert!(first.opened.session.is_operator && !second.opened.session.is_operator);

        let ada = hall.people.recover("ada_demo", codes[0].reveal(), laptop(), visit(), None).await.unwrap().opened;
        assert_eq!(ada.session.account, known.account);
        hall.clock.advance_secs(400);
        let renewed = hall.people.step_up_by_code(&ada.session, codes[1].reveal(), visit()).await.unwrap();
        assert!(renewed.session.is_fresh(hall.seams.now()));
        assert!(hall.session(&ada).await.is_none());
        assert_eq!(
            refused(hall.people.step_up_by_code(&renewed.session, codes[1].reveal(), visit()).await),
            "code_refused"
        );
        let plain = hall.with(|settings| settings.demo = false);
        assert_eq!(refused(plain.step_up_by_code(&renewed.session, codes[2].reveal(), visit()).await), "not_found");
    }
}

async fn proves_email(hall: &crate::kit::Hall, guest: &crate::kit::Guest, address: &str) {
    let mail = hall.people.start_email(&guest.opened.session, &guest.identity, address).await.unwrap();
    hall.people.verify_email(&guest.opened.session, &guest.identity, &code_in(&mail.text)).await.unwrap();
}

fn code_in(text: &str) -> String {
    text.split(|letter: char| !letter.is_ascii_digit()).find(|digits| digits.len() == 6).unwrap().to_owned()
}

#[tokio::test]
async fn an_address_counts_once_its_code_came_back_and_the_old_one_stays_until_then() {
    for hall in halls().await {
        let ada = hall.registers("ada").await;
        let session = &ada.opened.session;
        let mail = hall.people.start_email(session, &ada.identity, "Ada@Example.org").await.unwrap();
        assert_eq!(mail.to, "Ada@example.org");
        assert_eq!(hall.people.identity(&session.account, &ada.identity).await.unwrap().email, None);
        let code = code_in(&mail.text);
        let wrong = if code == "000000" { "111111" } else { "000000" };
        assert_eq!(refused(hall.people.verify_email(session, &ada.identity, wrong).await), "code_refused");
        let proven = hall.people.verify_email(session, &ada.identity, &code).await.unwrap();
        assert_eq!(proven.email.as_deref(), Some("Ada@example.org"));
        assert_eq!(refused(hall.people.verify_email(session, &ada.identity, &code).await), "code_refused");

        hall.people.start_email(session, &ada.identity, "new@example.org").await.unwrap();
        assert_eq!(hall.people.identity(&session.account, &ada.identity).await.unwrap().email, proven.email);
        assert_eq!(refused(hall.people.resend_email(session, &ada.identity).await), "rate_limited");
        hall.clock.advance_secs(61);
        let again = hall.people.resend_email(session, &ada.identity).await.unwrap();
        hall.clock.advance_secs(15 * 60 + 1);
        assert_eq!(
            refused(hall.people.verify_email(session, &ada.identity, &code_in(&again.text)).await),
            "code_refused"
        );
        hall.people.remove_email(session, &ada.identity).await.unwrap();
        assert_eq!(hall.people.identity(&session.account, &ada.identity).await.unwrap().email, None);
    }
}

#[tokio::test]
async fn an_account_has_up_to_five_identities_and_always_a_main_one() {
    for hall in halls().await {
        let (ada, eve) = (hall.registers("ada").await, hall.registers("eve").await);
        let session = &ada.opened.session;
        for number in 2..=5 {
            hall.people.create_identity(session, "Ada", &format!("ada_{number}")).await.unwrap();
        }
        assert_eq!(refused(hall.people.create_identity(session, "Ada", "ada_6").await), "too_many_identities");
        let all = hall.people.identities(&session.account).await.unwrap();
        let (main, other) = (all[0].id.as_str(), all[1].id.as_str());
        assert_eq!(refused(hall.people.delete_identity(session, main).await), "main_identity");
        hall.people.make_primary(session, other).await.unwrap();
        hall.people.delete_identity(session, main).await.unwrap();
        assert_eq!(hall.people.identities(&session.account).await.unwrap()[0].id.as_str(), other);
        assert_eq!(refused(hall.people.change_identity(session, other, None, Some("eve")).await), "handle_taken");
        assert_eq!(refused(hall.people.change_identity(session, &eve.identity, Some("X"), None).await), "not_found");
        assert_eq!(refused(hall.people.delete_identity(session, &eve.identity).await), "not_found");
        // The handle of a deleted identity is free again.
        hall.people.change_identity(session, other, Some("Countess"), Some("ada")).await.unwrap();
    }
}

async fn allows(hall: &crate::kit::Hall, guest: &crate::kit::Guest, identity: &str) -> GrantId {
    let new = NewGrant {
        account: Some(guest.opened.session.account.clone()),
        identity: Some(IdentityId::from_text(identity)),
        app: Some(base::AppId::from_text("app_00000000000000000000000000000000")),
        scope: Scope::of(["openid"]),
        ..NewGrant::of(Kind::SignIn, &hall.seams).unwrap()
    };
    let (id, now) = (new.id.clone(), hall.seams.now());
    hall.database.store.write(move |tx| grant::open(tx, &new, now)).await.unwrap();
    id
}

async fn is_live(hall: &crate::kit::Hall, id: &GrantId) -> bool {
    let id = id.clone();
    hall.database.store.read(move |tx| grant::find(tx, &id)).await.unwrap().unwrap().ended_at.is_none()
}

#[tokio::test]
async fn deleting_an_identity_ends_what_it_allowed_and_nothing_else() {
    for hall in halls().await {
        let ada = hall.registers("ada").await;
        let session = &ada.opened.session;
        let other = hall.people.create_identity(session, "Work", "ada_work").await.unwrap();
        let (of_main, of_other) =
            (allows(&hall, &ada, &ada.identity).await, allows(&hall, &ada, other.id.as_str()).await);
        hall.people.delete_identity(session, other.id.as_str()).await.unwrap();
        assert!(is_live(&hall, &of_main).await && !is_live(&hall, &of_other).await);
        assert!(hall.session(&ada.opened).await.is_some());
    }
}

#[tokio::test]
async fn what_was_allowed_is_listed_and_ends_by_its_own_person_alone() {
    for hall in halls().await {
        let (ada, eve) = (hall.registers("ada").await, hall.registers("eve").await);
        let id = allows(&hall, &ada, &ada.identity).await;
        assert_eq!(hall.people.access(&ada.opened.session.account).await.unwrap().len(), 1);
        assert_eq!(refused(hall.people.end_access(&eve.opened.session, id.as_str()).await), "not_found");
        let session_node = ada.opened.session.grant.as_str();
        assert_eq!(refused(hall.people.end_access(&ada.opened.session, session_node).await), "not_found");
        assert_eq!(hall.people.end_access(&ada.opened.session, id.as_str()).await.unwrap(), 1);
        assert!(!is_live(&hall, &id).await);
        assert_eq!(refused(hall.people.end_access(&ada.opened.session, id.as_str()).await), "not_found");
    }
}

#[tokio::test]
async fn a_picture_is_raster_small_and_ones_own() {
    for hall in halls().await {
        let (ada, eve) = (hall.registers("ada").await, hall.registers("eve").await);
        let session = &ada.opened.session;
        let png = base::raster::SMALLEST_PNG.to_vec();
        let path = hall.people.set_picture(session, &ada.identity, png.clone()).await.unwrap();
        let served = hall.people.picture(path.trim_start_matches("/pictures/")).await.unwrap();
        assert_eq!((served.media.as_str(), served.bytes), ("image/png", png.clone()));
        assert_eq!(hall.people.identity(&session.account, &ada.identity).await.unwrap().picture, Some(path.clone()));
        assert_eq!(
            refused(hall.people.set_picture(session, &ada.identity, b"<svg/>".to_vec()).await),
            "picture_invalid"
        );
        let mut huge = png.clone();
        huge.resize((1 << 20) + 1, 0);
        assert_eq!(refused(hall.people.set_picture(session, &ada.identity, huge).await), "picture_invalid");
        assert_eq!(refused(hall.people.set_picture(&eve.opened.session, &ada.identity, png).await), "not_found");
        hall.people.remove_picture(session, &ada.identity).await.unwrap();
        assert_eq!(refused(hall.people.picture(path.trim_start_matches("/pictures/")).await), "not_found");
    }
}

#[tokio::test]
async fn an_export_tells_everything_but_no_secret() {
    for hall in halls().await {
        let ada = hall.registers("ada").await;
        allows(&hall, &ada, &ada.identity).await;
        let text = hall.people.export(&ada.opened.session).await.unwrap().to_string();
        for part in
            ["\"handle\":\"ada\"", "\"passkeys\":[{", "\"sessions\":[{", "\"authorizedApps\":[{", "account.created"]
        {
            assert!(text.contains(part), "{part}: {text}");
        }
        let cookie = ada.opened.cookie.reveal();
        assert!(!text.contains(cookie) && !ada.codes.iter().any(|code| text.contains(code.reveal())));
        hall.clock.advance_secs(301);
        assert_eq!(refused(hall.people.export(&ada.opened.session).await), "step_up_required");
    }
}

#[tokio::test]
async fn deleting_an_account_ends_everything_and_leaves_no_row_about_the_person() {
    for hall in halls().await {
        let mut ada = hall.registers("ada").await;
        let other = hall.signs_in(&mut ada).await.unwrap();
        let id = allows(&hall, &ada, &ada.identity).await;
        hall.people.set_picture(&ada.opened.session, &ada.identity, base::raster::SMALLEST_PNG.to_vec()).await.unwrap();
        hall.people.start_email(&ada.opened.session, &ada.identity, "ada@example.org").await.unwrap();
        hall.people.sign_in_link("ada").await.unwrap();
        let phone = flow();
        let asked = hall.people.ask_approval(&phone, Some("ada"), laptop(), visit()).await.unwrap();
        hall.people.approve(&ada.opened.session, &asked.id, &asked.code).await.unwrap();

        hall.clock.advance_secs(301);
        assert_eq!(refused(hall.people.delete_account(&ada.opened.session).await), "step_up_required");
        hall.steps_up(&mut ada).await;
        hall.people.delete_account(&ada.opened.session).await.unwrap();
        assert!(hall.session(&ada.opened).await.is_none() && hall.session(&other).await.is_none());
        assert!(!is_live(&hall, &id).await);
        for table in [
            "accounts",
            "identities",
            "pictures",
            "email_codes",
            "devices",
            "passkeys",
            "sessions",
            "recovery_codes",
            "approvals",
            "one_time_links",
        ] {
            assert_eq!(hall.count(table).await, 0, "{table} on {}", hall.name);
        }
        assert_eq!(refused(hall.signs_in(&mut ada).await), "passkey_refused");
        hall.registers("ada").await;
    }
}

#[tokio::test]
async fn sweeping_forgets_what_has_expired_and_nothing_else() {
    for hall in halls().await {
        let mut ada = hall.registers("ada").await;
        hall.people.begin_login(&flow()).await.unwrap();
        hall.people.start_email(&ada.opened.session, &ada.identity, "ada@example.org").await.unwrap();
        hall.people.sign_in_link("ada").await.unwrap();
        hall.people.ask_approval(&flow(), None, laptop(), visit()).await.unwrap();
        assert_eq!(people::sweep(&hall.people, 100).await.unwrap(), 0);

        hall.clock.advance_secs(13 * 86_400);
        assert!(hall.session(&ada.opened).await.is_some());
        assert!(people::sweep(&hall.people, 100).await.unwrap() > 0);
        for table in ["ceremonies", "email_codes", "one_time_links", "approvals", "attempts"] {
            assert_eq!(hall.count(table).await, 0, "{table} on {}", hall.name);
        }
        assert_eq!((hall.count("sessions").await, hall.count("devices").await), (1, 1));

        let node = ada.opened.session.grant.clone();
        hall.clock.advance_secs(15 * 86_400);
        while people::sweep(&hall.people, 100).await.unwrap() > 0 {}
        assert_eq!((hall.count("sessions").await, hall.count("devices").await), (0, 0));
        assert!(!is_live(&hall, &node).await);
        assert_eq!(hall.count("recovery_codes").await, 10);
        hall.signs_in(&mut ada).await.unwrap();
    }
}

#[tokio::test]
async fn a_device_with_the_same_fingerprint_is_the_same_and_removing_it_signs_it_out() {
    for hall in halls().await {
        let mut ada = hall.registers("ada").await;
        let phone = || people::device::Described::new("Phone", "phone", None, None, Some("f1"));
        let mut opened = Vec::new();
        for _ in 0..2 {
            let browser = flow();
            let (id, answer) = crate::kit::answered(&hall, &mut ada, &browser).await;
            opened.push(hall.people.login(&browser, &id, &answer, phone(), visit(), None).await.unwrap());
        }
        assert!(opened[0].device.is_new && !opened[1].device.is_new);
        assert_eq!(opened[0].device.id, opened[1].device.id);
        let session = &ada.opened.session;
        assert_eq!(refused(hall.people.remove_device(session, session.device.as_str()).await), "not_found");
        hall.people.rename_device(session, opened[0].device.id.as_str(), "Old phone").await.unwrap();
        hall.people.remove_device(session, opened[0].device.id.as_str()).await.unwrap();
        assert!(hall.session(&opened[0]).await.is_none() && hall.session(&opened[1]).await.is_none());
        assert_eq!(hall.people.devices(&session.account).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn an_identity_is_found_by_its_sub_inside_a_transaction() {
    for hall in halls().await {
        let ada = hall.registers("ada").await;
        let id = IdentityId::from_text(&ada.identity);
        let found = hall.database.store.write(move |tx| identity::find(tx, &id)).await.unwrap().unwrap();
        assert_eq!((found.account, found.is_disabled), (ada.opened.session.account.clone(), false));
        assert!(base::Uuid::parse(&ada.identity).is_some());
    }
}
