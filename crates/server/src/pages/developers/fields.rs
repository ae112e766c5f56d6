//! What forms send, and the sentences that go back to their fields.

use crate::views::Entry;
use oauth::app::{Change, Complaint};
use serde::Deserialize;

/// A field that may occur once, often or not at all.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(untagged)]
pub(super) enum Several {
    #[default]
    None,
    One(String),
    Many(Vec<String>),
}

impl Several {
    /// Also the empty ones, where the place of each means something.
    pub(super) fn into_all(self) -> Vec<String> {
        match self {
            Several::None => Vec::new(),
            Several::One(text) => vec![text],
            Several::Many(texts) => texts,
        }
    }

    pub(super) fn into_filled(self) -> Vec<String> {
        let all = self.into_all();
        all.into_iter().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()).collect()
    }
}

/// What a verb complained about, to be told at the fields.
#[derive(Debug, Default)]
pub(super) struct Said(pub(super) Vec<Complaint>);

impl Said {
    /// The field as typed, with its sentence if there is one.
    pub(super) fn entry(&self, field: &str, typed: &str) -> Entry {
        match self.0.iter().find(|complaint| complaint.field == field) {
            Some(complaint) => Entry::refused(typed, spoken(&complaint.sentence)),
            None => Entry::of(typed),
        }
    }

    /// The fields of a list as typed.
    pub(super) fn entries(&self, field: &str, typed: &[String]) -> Vec<Entry> {
        let mut entries: Vec<_> =
            typed.iter().enumerate().map(|(place, text)| self.entry(&format!("{field}[{place}]"), text)).collect();
        if let Some(complaint) = self.0.iter().find(|complaint| complaint.field == field) {
            entries.push(Entry::refused("", spoken(&complaint.sentence)));
        }
        entries
    }

    /// The sentence about a field or about one of its list.
    pub(super) fn about(&self, field: &str) -> Option<String> {
        let is_its =
            |complaint: &&Complaint| complaint.field == field || complaint.field.starts_with(&format!("{field}["));
        self.0.iter().find(is_its).map(|complaint| spoken(&complaint.sentence))
    }
}

/// A sentence of the domain begins in the middle (*is between 300 and …*); on a page it stands alone.
fn spoken(sentence: &str) -> String {
    let mut letters = sentence.chars();
    let capital: String = letters.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    let whole = match sentence.split_once(' ') {
        Some(("is", rest)) => format!("It is {rest}"),
        Some(("has", rest)) => format!("It has {rest}"),
        Some(("holds", rest)) => format!("It holds {rest}"),
        _ => format!("{capital}{}", letters.as_str()),
    };
    format!("{whole}.")
}

/// A text that may be emptied.
pub(super) fn text(typed: &str) -> Change<String> {
    if typed.trim().is_empty() { Change::Clear } else { Change::Set(typed.trim().to_owned()) }
}

/// Seconds that may be emptied. What is no number is out of every range, and is refused as that.
pub(super) fn secs(typed: &str) -> Change<i64> {
    match typed.trim() {
        "" => Change::Clear,
        text => Change::Set(text.parse().unwrap_or(i64::MIN)),
    }
}

/// A box that was ticked.
pub(super) fn is_on(sent: Option<&str>) -> bool {
    sent == Some("on")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_go_to_their_fields_and_stand_alone() {
        let said = Said(vec![
            Complaint::about("redirect_uris[1]", "use https"),
            Complaint::about("name", "has between 2 and 64 characters"),
            Complaint::about("redirect_uris", "name at least one"),
        ]);
        let entries = said.entries("redirect_uris", &["a".to_owned(), "b".to_owned()]);
        let told: Vec<_> = entries.iter().map(|entry| (entry.value.as_str(), entry.error.as_deref())).collect();
        assert_eq!(told, [("a", None), ("b", Some("Use https.")), ("", Some("Name at least one."))]);
        assert_eq!(said.entry("name", "x").error.as_deref(), Some("It has between 2 and 64 characters."));
        assert_eq!(said.about("scopes"), None);
    }

    #[test]
    fn empty_fields_of_a_list_are_left_out() {
        let read = |json: &str| serde_json::from_str::<Several>(json).unwrap().into_filled();
        assert_eq!(read(r#""""#), [""; 0]);
        assert_eq!(read(r#"[" https://a.test ",""]"#), ["https://a.test"]);
        assert_eq!((secs(" "), secs("60"), secs("x")), (Change::Clear, Change::Set(60), Change::Set(i64::MIN)));
    }
}
