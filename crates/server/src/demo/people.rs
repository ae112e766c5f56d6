//! Ada, who exists in every demo: somebody to be on a computer without an authenticator, with something to look at.

use crate::app::App;
use crate::failure::Failure;
use crate::links;
use base::Secret;
use people::device::Described;
use people::{Error, Visit};

/// What the console prints about Ada.
pub(super) struct Ada {
    /// A whole URL, good once, for ten minutes.
    pub(super) link: String,
    pub(super) codes: Vec<Secret>,
}

/// Makes Ada with two identities, then signs her out everywhere.
pub(super) async fn make_ada(app: &App) -> Result<Ada, Failure> {
    let people = &app.people;
    let (identity, codes) = people.introduce("ada", "Ada Moreau").await.map_err(told)?;
    let link = people.sign_in_link("ada").await.map_err(told)?;
    let (device, visit) = (Described::of_agent(""), Visit::new("127.0.0.1", ""));
    let opened = people.follow_link(link.reveal(), device, visit, None).await.map_err(told)?;
    let mail = people.start_email(&opened.session, identity.id.as_str(), "ada@moreau.example").await.map_err(told)?;
    people.verify_email(&opened.session, identity.id.as_str(), &code_in(&mail.text)).await.map_err(told)?;
    people.create_identity(&opened.session, "A. M., evenings", "ada_evenings").await.map_err(told)?;
    people.sign_out(&opened.session).await.map_err(told)?;
    let link = people.sign_in_link("ada").await.map_err(told)?;
    Ok(Ada { link: links::sign_in(&app.config.issuer, &link), codes })
}

/// The code of a mail that nobody has to read: the only six digits in a row.
fn code_in(text: &str) -> String {
    let words = text.split(|letter: char| !letter.is_ascii_digit());
    words.filter(|digits| digits.len() == 6).collect()
}

fn told(error: Error) -> Failure {
    match error {
        Error::Refused(refusal) => Failure::new(format!("demo: {}", refusal.sentence)),
        Error::Fault(fault) => fault.into(),
    }
}
