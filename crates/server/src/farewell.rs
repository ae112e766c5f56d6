//! Deleting an account: what people and apps know of it goes in one transaction.

use crate::app::App;
use base::Fault;
use oauth::app::Error;
use oauth::organization;
use parking_lot::Mutex;
use people::Session;
use std::sync::Arc;

/// Deletes the account of this session with its personal apps. Needs an authentication within five minutes.
pub async fn delete_account(app: &App, session: &Session) -> people::Result<()> {
    let (seams, account, vault) = (app.seams.clone(), session.account.clone(), app.vault.clone());
    let wiped = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&wiped);
    let apps_too = move |tx: &mut db::Tx<'_>| {
        let mut removed = vault::grants::end_of_account(tx, &vault, &account)?;
        for app in organization::apps_that_go_with(tx, &account)? {
            removed.extend(vault::forget_app(tx, &vault, &app)?);
        }
        *kept.lock() = removed;
        organization::forget_account(tx, &seams, &account).map_err(broken)
    };
    let done = app.people.delete_account_and(session, apps_too).await;
    app.oauth.apps.forget();
    if done.is_ok() {
        app.vault.revoke_upstream(std::mem::take(&mut *wiped.lock()));
    }
    done
}

/// Nothing about leaving can be refused.
fn broken(error: Error) -> Fault {
    match error {
        Error::Fault(fault) => fault,
        other => Fault::new(format!("account delete: its organizations refused: {other}")),
    }
}
