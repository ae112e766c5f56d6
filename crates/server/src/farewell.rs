//! Deleting an account: what people and apps know of it goes in one transaction.

use crate::app::App;
use base::Fault;
use oauth::app::Error;
use oauth::organization;
use people::Session;

/// Deletes the account of this session with its personal apps. Needs an authentication within five minutes.
pub async fn delete_account(app: &App, session: &Session) -> people::Result<()> {
    let (seams, account) = (app.seams.clone(), session.account.clone());
    let apps_too = move |tx: &mut db::Tx<'_>| {
        for app in organization::apps_that_go_with(tx, &account)? {
            vault::forget_app(tx, &app)?;
        }
        organization::forget_account(tx, &seams, &account).map_err(broken)
    };
    let done = app.people.delete_account_and(session, apps_too).await;
    app.oauth.apps.forget();
    done
}

/// Nothing about leaving can be refused.
fn broken(error: Error) -> Fault {
    match error {
        Error::Fault(fault) => fault,
        other => Fault::new(format!("account delete: its organizations refused: {other}")),
    }
}
