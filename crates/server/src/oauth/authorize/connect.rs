//! The question about another app: who asks, for what, where, when, and as whom.

use super::questions::{Desk, Question, compared};
use super::{who, who_at};
use crate::app::App;
use crate::edge::page;
use crate::views::{Connect, ConnectAgain, Line, LinkedChoice, May, Name, Persona, Risk, When};
use ledger::Presence;
use oauth::ask::{Connector, Proposal};
use oauth::interaction::{Ask, Standing};
use oauth::resource;
use vault::connection::Connection;

/// What is put to the person, whole or in one sentence.
pub(super) fn question(
    app: &App,
    proposal: &Proposal,
    (asked, standing): (&Connector, &Standing),
    ask: &Ask,
    personas: Vec<Persona>,
    desk: &Desk<'_>,
    (service, accounts): (Option<Name>, &[Connection]),
) -> Question {
    let frame = page::frame(app).with_csrf(&desk.signed.csrf);
    let (source, target) = (who_at(&proposal.app, &proposal.redirect), who(&asked.owner));
    let (action, flow) = (desk.action.to_owned(), desk.flow.to_owned());
    let may = May { lines: lines(asked, standing) };
    let is_away = standing.presence == Some(Presence::Background);
    let wants_all = proposal.prompt.consent || proposal.prompt.select_account || personas.len() > 1;
    let resource = Name::new(&asked.resource.name);
    let chosen = personas.iter().find(|persona| persona.is_chosen).cloned();
    let own = accounts.iter().find(|own| standing.connection.as_ref() == Some(&own.id));
    let is_settled = !asked.resource.is_vault() || own.is_some();
    if let (true, false, Some(persona)) = (standing.covers(asked) && is_settled, wants_all, chosen) {
        let account = own.map(|own| (own.id.as_str().to_owned(), Name::new(&own.label)));
        let view = ConnectAgain { frame, app: source, target, resource, action, flow, persona, may, is_away, account };
        return Question::ConnectAgain(Box::new(view));
    }
    let when = match (asked.offers_background, is_away) {
        (true, is_away) => When::Asked { is_away },
        (false, true) => When::Away,
        (false, false) => When::Using,
    };
    Question::Connect(Box::new(Connect {
        frame,
        app: source,
        target,
        resource,
        description: asked.resource.description.clone(),
        action,
        flow,
        switch_url: desk.switch_url(&personas),
        personas,
        may,
        when,
        opens_sign_in: !ask.is_remembered,
        is_suspended: standing.is_suspended,
        is_in_development: proposal.app.development_mode,
        account: service.map(|service| choice(service, accounts, standing)),
    }))
}

/// The accounts to choose from; the one that it was on before stands first.
fn choice(service: Name, accounts: &[Connection], standing: &Standing) -> LinkedChoice {
    let account = |own: &Connection| {
        let is_chosen = standing.connection.as_ref() == Some(&own.id);
        (own.id.as_str().to_owned(), Name::new(&own.label), is_chosen)
    };
    LinkedChoice { service, accounts: accounts.iter().map(account).collect() }
}

/// One line a scope in the owner's words, tagged when some were allowed before and some were not.
fn lines(asked: &Connector, standing: &Standing) -> Vec<Line> {
    let is_mixed = !standing.scope.is_empty();
    let scopes = asked.scope.iter().filter_map(|name| asked.resource.find_scope(name));
    let line = |scope: &resource::ResourceScope| {
        compared(Line::new(risk(scope.risk), &scope.text), &scope.name, is_mixed, &standing.scope)
    };
    scopes.map(line).collect()
}

/// The mark of a risk.
pub(crate) fn risk(risk: resource::Risk) -> Risk {
    match risk {
        resource::Risk::Low => Risk::Sees,
        resource::Risk::Medium => Risk::Changes,
        resource::Risk::High => Risk::Acts,
    }
}
