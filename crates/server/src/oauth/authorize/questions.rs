//! The questions as pages: sign-in here, what is done at another app in `connect`.

use super::{account, connect, who_at};
use crate::app::App;
use crate::edge::faults::PageError;
use crate::edge::page::{self, PageResult};
use crate::edge::session::Signed;
use crate::views::{
    self, Connect, ConnectAgain, Consent, ConsentNote, Continue, Email, Line, May, Name, Page as _, Tag, Tile, knows,
    scope_line,
};
use base::{Fault, Scope};
use oauth::ask::Proposal;
use oauth::interaction::{Ask, Withheld};

/// Where the question is put: its form posts there, and another identity is fetched from there.
pub(in crate::oauth) struct Desk<'a> {
    pub action: &'a str,
    pub switch: &'a str,
    /// Where a person comes back to who went to add an address.
    pub home: &'a str,
    pub flow: &'a str,
    pub signed: &'a Signed,
}

impl<'a> Desk<'a> {
    /// A page of its own.
    pub(in crate::oauth) fn page(flow: &'a str, signed: &'a Signed) -> Desk<'a> {
        Desk { action: "/signin/decision", switch: "/signin", home: "/signin", flow, signed }
    }

    /// A piece of a page in an app's frame.
    pub(in crate::oauth) fn frame(flow: &'a str, signed: &'a Signed) -> Desk<'a> {
        Desk { action: "/signin/embed/decision", switch: "/signin/embed/question", home: "/signin", flow, signed }
    }

    /// What an identity's id is added to, where there are several.
    pub(super) fn switch_url(&self, personas: &[views::Persona]) -> Option<String> {
        (personas.len() > 1).then(|| format!("{}?flow={}&identity=", self.switch, self.flow))
    }
}

/// One of the questions.
pub(in crate::oauth) enum Question {
    Consent(Box<Consent>),
    Continue(Box<Continue>),
    Connect(Box<Connect>),
    ConnectAgain(Box<ConnectAgain>),
}

impl Question {
    /// The same question, for an app that gets the answer without a page of its own.
    pub(in crate::oauth) fn for_backend(mut self) -> Question {
        if let Question::Consent(view) = &mut self {
            view.notes.push(ConsentNote::Backend);
        }
        self
    }

    pub(in crate::oauth) fn show(&self) -> PageResult {
        match self {
            Question::Consent(view) => page::show(&**view),
            Question::Continue(view) => page::show(&**view),
            Question::Connect(view) => page::show(&**view),
            Question::ConnectAgain(view) => page::show(&**view),
        }
    }

    pub(in crate::oauth) fn html(&self) -> Result<String, Fault> {
        match self {
            Question::Consent(view) => view.html(),
            Question::Continue(view) => view.html(),
            Question::Connect(view) => view.html(),
            Question::ConnectAgain(view) => view.html(),
        }
    }
}

/// What is put to the person.
pub(in crate::oauth) async fn question(
    app: &App,
    proposal: &Proposal,
    ask: &Ask,
    desk: &Desk<'_>,
) -> Result<Question, PageError> {
    let personas = personas(app, desk.signed, ask).await?;
    if let (Some(asked), Some(standing)) = (&proposal.connector, &ask.standing) {
        let accounts = account::accounts(app, asked, desk.signed, &ask.identity).await?;
        let service = account::service(app, asked).await?;
        return Ok(connect::question(app, proposal, (asked, standing), ask, personas, desk, (service, &accounts)));
    }
    let frame = page::frame(app).with_csrf(&desk.signed.csrf);
    let (who, action, flow) = (who_at(&proposal.app, &proposal.redirect), desk.action.to_owned(), desk.flow.to_owned());
    let is_short =
        ask.is_remembered && !proposal.prompt.consent && !proposal.prompt.select_account && personas.len() == 1;
    let chosen = personas.iter().find(|persona| persona.is_chosen).cloned();
    if let (true, Some(persona)) = (is_short, chosen.clone()) {
        let scopes: Vec<&str> = proposal.scope.iter().collect();
        let view = Continue { frame, app: who, action, flow, persona, knows: knows(&scopes), other_url: None };
        return Ok(Question::Continue(Box::new(view)));
    }
    let email = chosen.map_or(Email::Absent, |persona| persona.email);
    let add_email_url = (ask.withheld == Withheld::Email).then(|| {
        let back: String =
            url::form_urlencoded::byte_serialize(format!("{}?flow={flow}", desk.home).as_bytes()).collect();
        format!("/account/email?identity={}&return_to={back}", ask.identity)
    });
    let view = Consent {
        frame,
        app: who,
        action,
        flow,
        switch_url: desk.switch_url(&personas),
        personas,
        may: May { lines: lines(proposal, &ask.already, &email) },
        add_email_url,
        notes: notes(proposal),
    };
    Ok(Question::Consent(Box::new(view)))
}

/// The identities to choose from.
async fn personas(app: &App, signed: &Signed, ask: &Ask) -> Result<Vec<views::Persona>, PageError> {
    let identities = app.people.identities(&signed.session.account).await.map_err(PageError::people)?;
    let persona = |identity: &people::identity::Identity| {
        let name = Name::new(&identity.display_name);
        views::Persona {
            id: identity.id.as_str().to_owned(),
            tile: Tile::person(identity.id.as_str(), &name, identity.picture.clone()).small(),
            name,
            handle: identity.handle.clone(),
            email: identity.email.clone().map_or(Email::Absent, Email::Verified),
            is_chosen: identity.id == ask.identity,
        }
    };
    Ok(identities.iter().map(persona).collect())
}

/// One line a scope, tagged when some were allowed before and some were not. What is asked of another server is in its words.
fn lines(proposal: &Proposal, already: &Scope, email: &Email) -> Vec<Line> {
    let is_mixed = !already.is_empty();
    let of_target = |scope: &str| proposal.target.as_ref().and_then(|target| target.resource.find_scope(scope));
    let line = |scope: &str| match of_target(scope) {
        Some(theirs) => Line::new(connect::risk(theirs.risk), &theirs.text),
        None => scope_line(scope, email),
    };
    proposal.scope.iter().map(|scope| compared(line(scope), scope, is_mixed, already)).collect()
}

/// The line, tagged with what is new where some of it is not.
pub(super) fn compared(line: Line, scope: &str, is_mixed: bool, already: &Scope) -> Line {
    match (is_mixed, already.has(scope)) {
        (false, _) => line,
        (true, true) => line.tagged(Tag::AlreadyAllowed),
        (true, false) => line.tagged(Tag::New),
    }
}

fn notes(proposal: &Proposal) -> Vec<ConsentNote> {
    let mut notes = Vec::new();
    if proposal.app.is_quick() {
        notes.push(ConsentNote::Unregistered);
    }
    if proposal.app.development_mode {
        notes.push(ConsentNote::DevelopmentMode);
    }
    if proposal.scope.has("user_id") {
        notes.push(ConsentNote::SeesAccount);
    }
    if let Some(target) = &proposal.target {
        let place = url::Url::parse(&target.resource.audience).ok();
        let host = place.as_ref().and_then(url::Url::host_str).map_or_else(|| target.owner.host(), str::to_owned);
        notes.push(ConsentNote::Target { name: Name::new(&target.resource.name), host });
    }
    notes
}
