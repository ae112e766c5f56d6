//! `/account`, `/login`, `/recover`, `/approve` and what is around them.

use testkit::{Answer, Browser, World};

const PLACES: &[&str] = &[
    "/account",
    "/account/access",
    "/account/activity",
    "/account/identities",
    "/account/identities/new",
    "/account/passkeys",
    "/account/passkeys/new",
    "/account/codes",
    "/account/devices",
    "/account/devices/end",
    "/account/data",
    "/account/data/end",
    "/approve",
    "/step-up",
];

/// Opens a page, fills the form that has this field and sends it.
async fn sends(browser: &mut Browser<'_>, target: &str, form: &str, action: &str, fields: &[(&str, &str)]) -> Answer {
    let page = browser.opens(target).await;
    assert_eq!(page.status, 200, "{target}: {page:?}");
    answers(browser, &page, form, action, fields).await
}

async fn answers(
    browser: &mut Browser<'_>,
    page: &Answer,
    form: &str,
    action: &str,
    fields: &[(&str, &str)],
) -> Answer {
    let mut all = page.form_with(form);
    for (name, value) in fields {
        all.insert((*name).to_owned(), (*value).to_owned());
    }
    let all: Vec<(&str, &str)> = all.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.posts(action, &all).await
}

fn main_identity(done: &Answer) -> String {
    done.json()["identity"]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn who_is_not_signed_in_is_sent_to_sign_in_and_comes_back() {
    let world = World::new().await;
    for place in PLACES {
        let answer = world.browser().opens(place).await;
        assert_eq!(answer.status, 303, "{place}");
        assert_eq!(answer.location_field("return_to").as_deref(), Some(*place));
    }
}

#[tokio::test]
async fn every_page_of_the_account_opens_on_both_engines() {
    for world in World::both().await {
        let mut ada = world.person("ada").await;
        for place in PLACES {
            let page = ada.opens(place).await;
            assert_eq!(page.status, 200, "{place} on {}: {page:?}", world.engine);
            assert!(page.text().contains("<h1"), "{place}");
        }
        assert!(ada.opens("/").await.text().contains("Your account"));
    }
}

#[tokio::test]
async fn a_deed_that_needs_a_proof_asks_for_it_first_and_comes_back() {
    let world = World::new().await;
    let mut ada = world.person("ada").await;
    world.clock.advance_secs(301);
    for place in ["/account/passkeys/new", "/account/codes", "/account/data/end"] {
        let answer = ada.opens(place).await;
        assert_eq!((answer.status, answer.location_field("return_to").as_deref()), (303, Some(place)), "{place}");
        assert!(answer.location().starts_with("/step-up?"));
    }
    let exported = sends(&mut ada, "/account/data", "csrf", "/account/data/export", &[]).await;
    assert!(exported.location().starts_with("/step-up?return_to=%2Faccount%2Fdata"));
    let page = ada.opens("/step-up?return_to=/account/codes").await.text();
    assert!(page.contains("make new recovery codes") && !page.contains("Use a recovery code"));
}

#[tokio::test]
async fn where_to_go_on_is_always_a_path_of_ours() {
    let world = World::new().await;
    let mut ada = world.person("ada").await;
    for sent in
        ["https://evil.test", "//evil.test", "/\\evil.test", "javascript:alert(1)", "%2F%2Fevil.test", "/%09/evil.test"]
    {
        let answer = ada.opens(&format!("/login?return_to={sent}")).await;
        assert!(
            answer.location().starts_with('/') && !answer.location().contains("//"),
            "{sent}: {}",
            answer.location()
        );
    }
}

#[tokio::test]
async fn a_recovery_code_signs_in_on_the_page_once() {
    let world = World::new().await;
    let mut ada = world.browser();
    let codes = ada.registers("ada").await.json()["recoveryCodes"].clone();
    let code = codes[0].as_str().unwrap().to_owned();
    let typed = [("handle", "ada"), ("code", code.as_str())];
    let mut phone = world.browser();
    let entered = sends(&mut phone, "/recover?return_to=/account/codes", "code", "/recover", &typed).await;
    assert_eq!((entered.status, entered.location()), (303, "/account/codes"), "{entered:?}");
    assert_eq!(phone.opens("/account").await.status, 200);
    let mut other = world.browser();
    let refused = sends(&mut other, "/recover", "code", "/recover", &typed).await;
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("value=\"ada\"") && !refused.text().contains(&code));
    assert_eq!(other.opens("/account").await.status, 303);
}

#[tokio::test]
async fn one_device_lets_another_one_in_without_a_script() {
    let world = World::new().await;
    let mut ada = world.person("ada").await;
    let mut phone = world.browser();
    let asked = sends(&mut phone, "/login/approval", "csrf", "/login/approval", &[]).await;
    let waiting = asked.location().to_owned();
    let page = phone.opens(&waiting).await.text();
    let (_, rest) = page.split_once("class=\"compare\">").unwrap();
    let code = rest.split('<').next().unwrap().to_owned();
    assert_eq!(code.len(), 9, "{code}");

    let wrong = sends(&mut ada, "/approve", "code", "/approve", &[("code", "0000 0000")]).await;
    assert_eq!(wrong.status, 404);
    let shown = sends(&mut ada, "/approve", "code", "/approve", &[("code", &code)]).await;
    assert!(shown.text().contains("Let this device in?") && shown.text().contains(&code));
    let said = answers(&mut ada, &shown, "request", "/approve/decide", &[("decision", "approve")]).await;
    assert_eq!(said.status, 200, "{said:?}");

    let approved = phone.opens(&waiting).await;
    let elsewhere = world.browser().opens(&waiting).await.text();
    assert!(elsewhere.contains("run out") && !elsewhere.contains(&code));
    let entered = answers(&mut phone, &approved, "request", "/login/approval/finish", &[]).await;
    assert_eq!(entered.status, 303, "{entered:?}");
    assert_eq!(phone.opens("/account").await.status, 200);
    assert_eq!(answers(&mut phone, &approved, "request", "/login/approval/finish", &[]).await.status, 403);
}

#[tokio::test]
async fn a_one_time_link_signs_in_by_its_button_alone() {
    let world = World::new().await;
    world.person("ada").await;
    let secret = world.app.people.sign_in_link("ada").await.unwrap();
    let link = format!("/login/link?token={}", secret.reveal());
    let mut browser = world.browser();
    for _ in 0..2 {
        assert!(browser.opens(&link).await.text().contains("You will be signed in as ada"));
        assert_eq!(browser.opens("/account").await.status, 303);
    }
    let entered = sends(&mut browser, &link, "token", "/login/link", &[]).await;
    assert_eq!((entered.status, entered.location()), (303, "/account"));
    assert_eq!(browser.opens("/account").await.status, 200);
    let spent = world.browser().opens(&link).await;
    assert_eq!(spent.status, 410);
    assert!(spent.text().contains("Ask for another one"));
}

#[tokio::test]
async fn an_identity_is_made_changed_given_a_picture_and_deleted() {
    let world = World::new().await;
    let mut ada = world.person("ada").await;
    let taken = sends(
        &mut ada,
        "/account/identities/new",
        "handle",
        "/account/identities",
        &[("displayName", "Work"), ("handle", "ADA")],
    )
    .await;
    assert_eq!(taken.status, 422);
    assert!(taken.text().contains("This handle is taken. Choose another.") && taken.text().contains("value=\"Work\""));
    let made = sends(
        &mut ada,
        "/account/identities/new",
        "handle",
        "/account/identities",
        &[("displayName", "Work"), ("handle", "ada_w")],
    )
    .await;
    let place = made.location().to_owned();

    let changed = sends(&mut ada, &place, "handle", &place, &[("displayName", "Countess"), ("handle", "ada_w")]).await;
    assert_eq!(changed.location(), format!("{place}?done=saved"));
    let page = ada.opens(changed.location()).await;
    assert!(page.text().contains("Countess") && page.text().contains("Saved."));

    let csrf = page.form_with("csrf")["csrf"].clone();
    let picture = base::raster::SMALLEST_PNG;
    // What a camera writes beside the pixels stays behind.
    let sent = [picture, b"52.5N 13.4E"].concat();
    let kept = uploads(&mut ada, &place, &csrf, &sent).await;
    assert_eq!(kept.status, 303, "{kept:?}");
    let page = ada.opens(&place).await.text();
    let (_, rest) = page.split_once("/pictures/").unwrap();
    let path = format!("/pictures/{}", &rest[..36]);
    let served = world.browser().opens(&path).await;
    assert_eq!((served.header("content-type"), served.body.as_slice()), (Some("image/png"), picture));
    assert_eq!(served.header("x-content-type-options"), Some("nosniff"));
    let svg = uploads(&mut ada, &place, &csrf, b"<svg onload=alert(1)>").await;
    assert_eq!(svg.status, 422);
    assert!(svg.text().contains("This is no PNG, JPEG, WebP or GIF."));
    assert_eq!(uploads(&mut ada, &place, "wrong", picture).await.status, 403);

    let made_main = sends(&mut ada, &place, "csrf", &format!("{place}/main"), &[]).await;
    assert_eq!(made_main.status, 303);
    assert_eq!(ada.opens(&format!("{place}/end")).await.status, 404);
    let first = ada.opens("/account/identities").await.text();
    let first = first
        .split("/account/identities/")
        .find(|part| !part.starts_with(&place[20..]) && part.len() > 36 && part.as_bytes()[8] == b'-');
    let first = format!("/account/identities/{}", &first.unwrap()[..36]);
    let ended = sends(&mut ada, &format!("{first}/end"), "csrf", &format!("{first}/end"), &[]).await;
    assert_eq!(ended.location(), "/account/identities?done=deleted");
}

async fn uploads(browser: &mut Browser<'_>, place: &str, csrf: &str, bytes: &[u8]) -> Answer {
    let mut body = format!(
        "--b0\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{csrf}\r\n--b0\r\nContent-Disposition: form-data; name=\"picture\"; filename=\"x.svg\"\r\nContent-Type: image/svg+xml\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(bytes);
    body.extend_from_slice(b"\r\n--b0--\r\n");
    let headers = [("Content-Type", "multipart/form-data; boundary=b0"), ("Origin", &*browser.world.issuer.clone())];
    browser.sends("POST", &format!("{place}/picture"), &headers, &body).await
}

#[tokio::test]
async fn an_address_is_proven_on_the_way_to_an_app() {
    let world = World::new().await;
    let mut ada = world.browser();
    let identity = main_identity(&ada.registers("ada").await);
    let ask = format!("/account/email?identity={identity}&return_to=%2Faccount%2Faccess");
    let page = ada.opens(&ask).await;
    assert!(page.text().contains("Go on without"));
    let (_, rest) =
        page.text().split_once("action=\"/account/email?").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let action =
        format!("/account/email?{}", rest.split('"').next().unwrap().replace("&amp;", "&").replace("&#38;", "&"));
    let wrong = answers(&mut ada, &page, "email", &action, &[("email", "ada")]).await;
    assert!(wrong.text().contains("This is no e-mail address. Check it."));
    let sent = answers(&mut ada, &page, "email", &action, &[("email", "ada@example.org")]).await;
    let code_page = sent.location().to_owned();
    assert!(code_page.starts_with("/account/email/code?"), "{code_page}");
    let mails = world.mails();
    assert_eq!(mails[0].to, "ada@example.org");
    let code = mails[0].subject.split(' ').next().unwrap().to_owned();
    assert!(mails[0].text.contains("@ada") && mails[0].text.contains(&code));

    let wrong = if code == "000000" { "111111" } else { "000000" };
    assert_eq!(sends(&mut ada, &code_page, "code", &code_page, &[("code", wrong)]).await.status, 422);
    let proven = sends(&mut ada, &code_page, "code", &code_page, &[("code", &code)]).await;
    assert_eq!((proven.status, proven.location()), (303, "/account/access"));
    let page = ada.opens(&format!("/account/identities/{identity}")).await;
    assert!(page.text().contains("ada@example.org"));
    let removed = answers(&mut ada, &page, "csrf", &format!("/account/identities/{identity}/email/remove"), &[]).await;
    assert_eq!(removed.status, 303);
    assert!(!ada.opens(&format!("/account/identities/{identity}")).await.text().contains("ada@example.org"));
}

#[tokio::test]
async fn nobody_opens_somebody_elses_identity() {
    let world = World::new().await;
    let mut ada = world.browser();
    let identity = main_identity(&ada.registers("ada").await);
    let mut eve = world.person("eve").await;
    assert_eq!(eve.opens(&format!("/account/email?identity={identity}")).await.status, 404);
    assert_eq!(eve.opens(&format!("/account/identities/{identity}")).await.status, 404);
    assert_eq!(eve.opens(&format!("/account/identities/{identity}/end")).await.status, 404);
}

#[tokio::test]
async fn an_app_is_left_under_access_and_its_tokens_end() {
    let world = World::new().await;
    let app = world.app("app", "").await;
    let mut ada = world.person("ada").await;
    assert!(ada.opens("/account/access").await.text().contains("No app knows you yet"));
    ada.approves(&app, "openid profile").await;
    let page = ada.opens("/account/access").await.text();
    assert!(page.contains("knows your name"), "{page}");
    let (_, rest) = page.split_once("/account/access/").unwrap();
    let end = format!("/account/access/{}/end", &rest[..36]);
    let mut eve = world.person("eve").await;
    assert_eq!(eve.opens(&end).await.status, 404);
    let csrf = eve.opens("/account/data").await.form_with("csrf")["csrf"].clone();
    assert_eq!(eve.posts(&end, &[("csrf", &csrf)]).await.status, 404);
    let ended = sends(&mut ada, &end, "csrf", &end, &[]).await;
    assert_eq!(ended.location(), "/account/access?done=ended");
    assert!(ada.opens("/account/access").await.text().contains("No app knows you yet"));
    assert!(ada.opens("/account/activity").await.text().contains("You ended what"));
}

#[tokio::test]
async fn devices_are_signed_out_one_by_one_and_all_at_once() {
    let world = World::new().await;
    let mut ada = world.person("ada").await;
    let passkey = ada.passkey.clone();
    let mut others = Vec::new();
    for _ in 0..2 {
        let mut browser = world.browser();
        browser.passkey.clone_from(&passkey);
        world.clock.advance_secs(1);
        // Each sign-in moves the counter of the one passkey.
        browser.passkey.as_mut().unwrap().counter += u32::try_from(others.len()).unwrap();
        assert_eq!(browser.signs_in().await.status, 200);
        others.push(browser);
    }
    let page = ada.opens("/account/devices").await.text();
    let (_, rest) = page.split_once("/account/devices/end").unwrap();
    let (_, rest) = rest.split_once("/account/devices/").unwrap();
    let end = format!("/account/devices/{}/end", &rest[..36]);
    assert_eq!(sends(&mut ada, &end, "csrf", &end, &[]).await.status, 303);
    let mut open = 0;
    for browser in &mut others {
        open += u32::from(browser.opens("/account").await.status == 200);
    }
    assert_eq!(open, 1);
    assert_eq!(sends(&mut ada, "/account/devices/end", "csrf", "/account/devices/end", &[]).await.status, 303);
    for browser in &mut others {
        assert_eq!(browser.opens("/account").await.status, 303);
    }
    assert_eq!(ada.opens("/account").await.status, 200);
}

#[tokio::test]
async fn codes_are_shown_once_and_data_leaves_as_a_file() {
    let world = World::new().await;
    let mut ada = world.person("ada").await;
    let shown = sends(&mut ada, "/account/codes", "csrf", "/account/codes", &[]).await;
    assert_eq!(shown.header("cache-control"), Some("no-store"));
    assert_eq!(shown.text().matches("<li>").count(), 10);
    assert!(shown.text().contains("Your older codes no longer work."));
    let file = sends(&mut ada, "/account/data", "csrf", "/account/data/export", &[]).await;
    assert!(file.header("content-disposition").unwrap().starts_with("attachment"));
    assert_eq!(file.json()["identities"][0]["handle"], "ada");
}

#[tokio::test]
async fn an_account_is_deleted_by_typing_its_handle() {
    let world = World::new().await;
    let mut ada = world.person("ada").await;
    let slip = sends(&mut ada, "/account/data/end", "confirm", "/account/data/end", &[("confirm", "eve")]).await;
    assert_eq!(slip.status, 422);
    let gone = sends(&mut ada, "/account/data/end", "confirm", "/account/data/end", &[("confirm", "ada")]).await;
    assert_eq!(gone.status, 200);
    assert_eq!(gone.header("set-login"), Some("logged-out"));
    assert_eq!(ada.opens("/account").await.status, 303);
    assert_eq!(ada.signs_in().await.status, 400);
    world.person("ada").await;
}

#[tokio::test]
async fn an_unknown_invitation_is_none_and_no_mailbox_is_shown_outside_the_demo() {
    let world = World::new().await;
    let page = world.browser().opens("/register?invitation=piv_x").await.text();
    assert!(page.contains("Make my passkey") && !page.contains("piv_x"));
    assert_eq!(world.browser().opens("/dev/mailbox").await.status, 404);
}

#[tokio::test]
async fn whoever_does_not_confirm_can_go_back() {
    let world = World::new().await;
    let mut ada = world.person("ada").await;
    world.clock.advance_secs(301);
    for path in ["/account/codes", "/account/passkeys/new", "/account/data/end"] {
        let asked = ada.opens(path).await;
        assert!(asked.location().starts_with("/step-up"), "{path}");
        let page = ada.opens(asked.location()).await.text();
        let (before, _) = page.split_once("\">Back</a>").unwrap();
        let (_, back) = before.rsplit_once('"').unwrap();
        assert_eq!(ada.opens(back).await.status, 200, "{path} leads back to {back}");
    }
}
