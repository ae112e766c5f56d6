//! The same calendar as a resource: Notes knows its key and its scopes, and of the service behind it nothing. It asks and trades as for
//! Iris (`connect.rs`, `exchange.rs`), and the token that it gets is what the proxy takes.

use super::connect::Target;
use super::issuer::Answer;
use super::proxy::{Call, call};
use super::session::{Kept, Visit};
use super::tour::Step;
use super::{Notes, Trouble, exchange};
use axum::Extension;
use axum::extract::State;
use axum::response::Redirect;
use hyper::Method;

/// `POST /calendar/read`
pub(crate) async fn read(State(notes): State<Notes>, Extension(visit): Extension<Visit>) -> Result<Redirect, Trouble> {
    let mut kept = visit.kept.lock().await;
    if kept.signed_in.is_none() {
        return Ok(Redirect::to("/#resource"));
    }
    kept.accounts.events = None;
    kept.accounts.calendar_refused.clear();
    // The token at hand first. When it is over, by time or by the person, only the issuer can say whether there is another.
    if let Some(token) = kept.accounts.calendar_token.clone() {
        let answer = ask(&notes, &token).await?;
        if answer.status != 401 {
            return Ok(show(&mut kept, answer));
        }
        kept.accounts.calendar_token = None;
        kept.accounts.calendar_refused.push(("What the proxy answered to the token that Notes had", answer));
    }
    match exchange::trade(&notes, &mut kept, Target::Calendar).await {
        Ok(token) => {
            let answer = ask(&notes, &token.access_token).await?;
            kept.accounts.calendar_token = Some(token.access_token);
            kept.accounts.calendar_refused.clear();
            Ok(show(&mut kept, answer))
        }
        Err(Trouble::Refused(answer)) => {
            kept.accounts.may_use_calendar = false;
            kept.accounts.calendar_refused.push(("What Procura answered when Notes asked for a token", answer));
            Ok(Redirect::to("/accounts#resource"))
        }
        Err(trouble) => Err(trouble),
    }
}

async fn ask(notes: &Notes, token: &str) -> Result<Answer, Trouble> {
    let place = Target::Calendar.resource();
    call(notes, Call { method: Method::GET, place, bearer: token, user_token: None, reason: None, body: None }).await
}

fn show(kept: &mut Kept, answer: Answer) -> Redirect {
    if answer.status == 200 {
        kept.done.insert(Step::Resource);
        kept.accounts.events = Some(answer);
    } else {
        kept.accounts.calendar_refused.push(("What the proxy answered", answer));
    }
    Redirect::to("/accounts#resource")
}
