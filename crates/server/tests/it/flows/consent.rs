//! What is asked, what is remembered, and what a decision does.

use testkit::World;

#[tokio::test]
async fn only_what_is_new_is_asked_again() {
    let world = World::new().await;
    let app = world.app("notes", "").await;
    let mut ada = world.person("ada").await;
    ada.approves(&app, "openid profile").await;
    assert_eq!(ada.is_sent_by(&app, "openid").await.status, 303, "a part of what was allowed");
    let more = ada.is_sent_by(&app, "openid profile offline_access").await;
    assert_eq!(more.status, 200);
    assert!(more.text().contains("Already allowed") && more.text().contains("New"), "{more:?}");
    let asked = ada.opens(&app.request(&[("prompt", "consent")])).await;
    assert_eq!(asked.status, 200, "prompt=consent always asks");
    assert_eq!(ada.opens(&app.request(&[("prompt", "select_account")])).await.status, 200);
}

#[tokio::test]
async fn denying_tells_the_app_and_keeps_nothing() {
    let world = World::new().await;
    let app = world.app("notes", "").await;
    let mut ada = world.person("ada").await;
    let page = ada.is_sent_by(&app, "openid").await;
    let denied = ada.decides(&page, "deny").await;
    assert_eq!(denied.location_field("error").as_deref(), Some("access_denied"));
    assert_eq!(denied.location_field("state").as_deref(), Some("st4te"));
    assert_eq!(ada.is_sent_by(&app, "openid").await.status, 200);
    assert_eq!(ada.decides(&page, "allow").await.status, 410);
}

#[tokio::test]
async fn a_hint_of_another_person_is_not_answered_with_this_one() {
    let world = World::new().await;
    let app = world.app("notes", "").await;
    let (mut ada, mut bob) = (world.person("ada").await, world.person("bob").await);
    let code = ada.approves(&app, "openid").await;
    let hint = app.redeems(&code).await.json()["id_token"].as_str().unwrap().to_owned();
    bob.approves(&app, "openid").await;
    let silent = bob.opens(&app.request(&[("prompt", "none"), ("id_token_hint", &hint)])).await;
    assert_eq!(silent.location_field("error").as_deref(), Some("login_required"));
    assert!(
        ada.opens(&app.request(&[("prompt", "none"), ("id_token_hint", &hint)])).await.location_field("code").is_some()
    );
    let forged = ada.opens(&app.request(&[("id_token_hint", "a.b.c")])).await;
    assert_eq!(forged.location_field("error").as_deref(), Some("invalid_request"));
}

#[tokio::test]
async fn taking_consent_back_ends_every_token_at_once() {
    for world in World::both().await {
        let app = world.app("notes", "").await;
        let mut ada = world.person("ada").await;
        let code = ada.approves(&app, "openid offline_access").await;
        let tokens = app.redeems(&code).await.json();
        let access = tokens["access_token"].as_str().unwrap();
        assert!(app.sees_active(access).await);
        let ended = world.store.write(|tx| {
            let ids = tx.all("SELECT id FROM grants WHERE kind = 'sign_in' AND ended_at IS NULL", db::args![])?;
            for row in ids {
                let id = base::GrantId::from_text(row.text("id")?);
                ledger::grant::end(tx, &id, ledger::EndedBy::Person, testkit::START)?;
            }
            Ok::<(), base::Fault>(())
        });
        ended.await.unwrap();
        assert!(!app.sees_active(access).await);
        assert!(
            app.refreshes(tokens["refresh_token"].as_str().unwrap())
                .await
                .refusal()
                .starts_with("400 invalid_grant: Invalid refresh token")
        );
        assert_eq!(ada.is_sent_by(&app, "openid").await.status, 200, "and the next request asks again");
    }
}

#[tokio::test]
async fn a_missing_address_is_asked_for_once_and_never_blocks() {
    let world = World::new().await;
    let app = world.app("notes", "").await;
    let mut ada = world.person("ada").await;
    let page = ada.is_sent_by(&app, "openid email").await;
    assert!(page.text().contains("/account/email?"), "offers to add one: {page:?}");
    let code = ada.decides(&page, "allow").await.location_field("code").unwrap();
    let tokens = app.redeems(&code).await.json();
    assert_eq!(tokens["scope"], "openid");
    assert!(tokens["user"]["email"].is_null());
    assert_eq!(ada.is_sent_by(&app, "openid email").await.status, 303, "gone on without it once is enough");
}
