//! The fields of a resource as sent, what they wish for, and the form that gives them back.

use crate::pages::developers::Desk;
use crate::pages::developers::fields::{Said, Several, is_on, text};
use crate::views::Name;
use crate::views::developers::{ResourceForm, ScopeEntry, VaultFields};
use oauth::resource::{Resource, ResourceScope, Risk, ScopeWish, Wish};
use serde::Deserialize;
use std::sync::Arc;
use vault::provider::Provider;

/// The kind of a resource that is accounts at other services.
pub(super) const VAULT: &str = "vault";

/// What both forms send.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Sent {
    #[serde(default)]
    pub(super) key: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    audience: String,
    #[serde(default)]
    runtime_endpoint: String,
    allow_chains: Option<String>,
    open_audience: Option<String>,
    #[serde(default)]
    scope_name: Several,
    #[serde(default)]
    scope_text: Several,
    #[serde(default)]
    scope_risk: Several,
    /// `vault` for accounts at other services.
    #[serde(default)]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) provider: String,
    #[serde(default)]
    scope_provider_scopes: Several,
    #[serde(default)]
    scope_allow: Several,
    add: Option<String>,
    remove: Option<String>,
    confirm: Option<String>,
}

impl Sent {
    /// The form as it is before anybody types.
    pub(super) fn of(resource: &Resource) -> Sent {
        let each = |text: fn(&ResourceScope) -> String| Several::Many(resource.scopes.iter().map(text).collect());
        let ticked = |is_on: bool| is_on.then(|| "on".to_owned());
        Sent {
            key: resource.key.clone(),
            name: resource.name.clone(),
            description: resource.description.clone().unwrap_or_default(),
            audience: resource.audience.clone(),
            runtime_endpoint: resource.runtime_endpoint.clone().unwrap_or_default(),
            allow_chains: ticked(resource.allow_chains),
            open_audience: ticked(resource.open_audience),
            scope_name: each(|scope| scope.name.clone()),
            scope_text: each(|scope| scope.text.clone()),
            scope_risk: each(|scope| scope.risk.as_str().to_owned()),
            kind: if resource.is_vault() { VAULT } else { "" }.to_owned(),
            provider: resource.provider.clone().unwrap_or_default(),
            scope_provider_scopes: each(|scope| scope.provider_scopes.join(" ")),
            scope_allow: each(|scope| scope.allow.join("\n")),
            ..Sent::default()
        }
    }

    /// An empty form of a kind.
    pub(super) fn of_kind(kind: &str) -> Sent {
        Sent { kind: kind.to_owned(), ..Sent::default() }
    }

    /// The same for a resource that is there, whose kind and provider stay what they are.
    pub(super) fn about(mut self, resource: &Resource) -> Sent {
        (if resource.is_vault() { VAULT } else { "" }).clone_into(&mut self.kind);
        self.provider = resource.provider.clone().unwrap_or_default();
        self
    }

    pub(super) fn is_vault(&self) -> bool {
        self.kind == VAULT
    }

    /// True when only a row of the scopes is to come or go.
    pub(super) fn is_reshaped(&self) -> bool {
        self.add.is_some() || self.remove.is_some()
    }

    pub(super) fn is_confirmed(&self) -> bool {
        is_on(self.confirm.as_deref())
    }

    /// What is wished for. Rows in which nothing was typed are left out.
    pub(super) fn wish(&self) -> Wish {
        if self.is_vault() {
            // Where it is reached, this server says; who may ask, the provider's people.
            return Wish {
                name: Some(self.name.clone()),
                description: text(&self.description),
                scopes: Some(self.typed_scopes()),
                provider: Some(self.provider.clone()),
                ..Wish::default()
            };
        }
        Wish {
            name: Some(self.name.clone()),
            description: text(&self.description),
            audience: Some(self.audience.trim().to_owned()),
            runtime_endpoint: text(&self.runtime_endpoint),
            allow_chains: Some(is_on(self.allow_chains.as_deref())),
            open_audience: Some(is_on(self.open_audience.as_deref())),
            scopes: Some(self.typed_scopes()),
            provider: None,
        }
    }

    /// The places that the form names and `old` does not, by field.
    pub(super) fn places(&self, old: Option<&Resource>) -> Vec<(&'static str, &str)> {
        if self.is_vault() {
            return Vec::new();
        }
        let typed = [("audience", self.audience.trim()), ("runtime_endpoint", self.runtime_endpoint.trim())];
        let stays = |place: &str| {
            old.is_some_and(|old| old.audience == place || old.runtime_endpoint.as_deref() == Some(place))
        };
        typed.into_iter().filter(|(_, place)| place.contains("://") && !stays(place)).collect()
    }

    fn typed_scopes(&self) -> Vec<ScopeWish> {
        let mut rows = self.rows();
        rows.retain(|row| {
            let has_more = !row.provider_scopes.is_empty() || !row.allow.is_empty();
            !row.name.is_empty() || !row.text.is_empty() || has_more
        });
        rows
    }

    /// The rows in their order, of which browsers send each field once.
    fn rows(&self) -> Vec<ScopeWish> {
        let (names, texts) = (self.scope_name.clone().into_all(), self.scope_text.clone().into_all());
        let risks = self.scope_risk.clone().into_all();
        let count = names.len().max(texts.len()).max(risks.len());
        let at = |list: &[String], place: usize| list.get(place).map(|text| text.trim().to_owned()).unwrap_or_default();
        let (words, calls) = if self.is_vault() {
            (self.scope_provider_scopes.clone().into_all(), self.scope_allow.clone().into_all())
        } else {
            (Vec::new(), Vec::new())
        };
        let row = |place| ScopeWish {
            name: at(&names, place),
            text: at(&texts, place),
            risk: at(&risks, place),
            provider_scopes: at(&words, place).split_whitespace().map(str::to_owned).collect(),
            allow: at(&calls, place)
                .lines()
                .map(str::trim)
                .filter(|line| !line.is_empty())
                .map(str::to_owned)
                .collect(),
        };
        (0..count).map(row).collect()
    }

    /// The rows to show: after a button, those it leaves; else those that were judged.
    fn shown_rows(&self) -> Vec<ScopeWish> {
        let mut rows = if self.is_reshaped() { self.rows() } else { self.typed_scopes() };
        let removed = self.remove.as_deref().and_then(|place| place.parse::<usize>().ok());
        if let Some(place) = removed.filter(|place| *place < rows.len()) {
            rows.remove(place);
        }
        if self.add.is_some() || rows.is_empty() {
            rows.push(ScopeWish { risk: Risk::Low.as_str().to_owned(), ..ScopeWish::default() });
        }
        rows
    }

    /// The form with what was typed and what is said about it. `has_key` where the key is asked.
    pub(super) fn form(&self, desk: &Desk, has_key: bool, said: &Said, providers: &[Arc<Provider>]) -> ResourceForm {
        let scope = |(place, row): (usize, &ScopeWish)| {
            let entry = |field: &str, typed: &str| said.entry(&format!("scopes[{place}].{field}"), typed);
            ScopeEntry {
                name: entry("name", &row.name),
                text: entry("text", &row.text),
                risk: entry("risk", &row.risk),
                provider_scopes: entry("provider_scopes", &row.provider_scopes.join(" ")),
                allow: entry("allow", &row.allow.join("\n")),
            }
        };
        let entry = |field: &str, typed: &str| said.entry(field, typed);
        ResourceForm {
            vault: self.is_vault().then(|| VaultFields {
                provider: entry("provider", &self.provider),
                providers: providers.iter().map(|own| (own.id.clone(), Name::new(&own.name))).collect(),
            }),
            key: has_key.then(|| entry("key", &self.key)),
            name: entry("name", &self.name),
            description: entry("description", &self.description),
            audience: entry("audience", &self.audience),
            runtime_endpoint: entry("runtime_endpoint", &self.runtime_endpoint),
            allow_chains: is_on(self.allow_chains.as_deref()),
            open_audience: is_on(self.open_audience.as_deref()),
            scopes: self.shown_rows().iter().enumerate().map(scope).collect(),
            mistake: said.entry("scopes", "").error,
            suspends: None,
            may_change: desk.may_change(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(add: Option<&str>, remove: Option<&str>) -> Sent {
        let many = |texts: &[&str]| Several::Many(texts.iter().map(|text| (*text).to_owned()).collect());
        Sent {
            scope_name: many(&["ask", "", "erase"]),
            scope_text: many(&["Ask", " ", "Erase"]),
            scope_risk: many(&["low", "low", "high"]),
            add: add.map(str::to_owned),
            remove: remove.map(str::to_owned),
            ..Sent::default()
        }
    }

    fn names(rows: &[ScopeWish]) -> Vec<&str> {
        rows.iter().map(|row| row.name.as_str()).collect()
    }

    #[test]
    fn a_row_comes_or_goes_and_the_others_stay_as_typed() {
        assert_eq!(names(&sent(Some("scope"), None).shown_rows()), ["ask", "", "erase", ""]);
        let left = sent(None, Some("0")).shown_rows();
        assert_eq!((names(&left), left[1].risk.as_str()), (vec!["", "erase"], "high"));
        assert_eq!(names(&sent(None, Some("7")).shown_rows()), ["ask", "", "erase"]);
        assert_eq!(names(&Sent::default().shown_rows()), [""], "there is always one to type in");
    }

    #[test]
    fn what_only_accounts_elsewhere_have_is_kept_there_and_dropped_elsewhere() {
        let typed = Sent {
            scope_provider_scopes: Several::Many(vec!["a  b".to_owned()]),
            scope_allow: Several::Many(vec![" GET /x/** \r\n\r\nPOST /y\r\n".to_owned()]),
            provider: "google".to_owned(),
            ..sent(None, None)
        };
        let plain = typed.wish();
        assert!(plain.provider.is_none() && plain.scopes.unwrap().iter().all(|row| row.allow.is_empty()));
        let wish = Sent { kind: VAULT.to_owned(), ..typed }.wish();
        let first = wish.scopes.unwrap().remove(0);
        assert_eq!(
            (first.provider_scopes, first.allow),
            (vec!["a".to_owned(), "b".to_owned()], vec!["GET /x/**".to_owned(), "POST /y".to_owned()])
        );
        assert_eq!((wish.provider.as_deref(), wish.audience), (Some("google"), None));
    }

    #[test]
    fn rows_in_which_nothing_was_typed_are_not_judged() {
        assert_eq!(names(&sent(None, None).wish().scopes.unwrap()), ["ask", "erase"]);
        assert_eq!(names(&sent(None, None).shown_rows()), ["ask", "erase"], "so complaints stand at the right row");
    }
}
