//! The few parts that pages are made of. A part is a struct with a template, as a page is.

use askama::Template;
use askama::filters::HtmlSafe;
use std::borrow::Cow;
use std::fmt;

/// What every page knows: whose it is and how to post back.
#[derive(Debug, Clone, Default)]
pub struct Frame {
    /// The host of the issuer, shown at the foot and in the title: `id.example.org`.
    pub issuer_host: String,
    /// The token that forms and scripts send back; nothing on pages that post nothing.
    pub csrf: Option<String>,
    /// What has just been done, said once at the top of a place: *Acme Notes no longer has access.*
    pub notice: Option<String>,
    /// The operator's own pages at the foot: help, privacy.
    pub links: Vec<Link>,
}

impl Frame {
    /// The frame of a page at this issuer host, without anything to post.
    pub fn at(issuer_host: impl Into<String>) -> Frame {
        Frame { issuer_host: issuer_host.into(), ..Frame::default() }
    }

    /// The same with a CSRF token.
    pub fn with_csrf(self, csrf: impl Into<String>) -> Frame {
        Frame { csrf: Some(csrf.into()), ..self }
    }

    /// The same with a sentence about what has just been done.
    pub fn with_notice(self, notice: impl Into<String>) -> Frame {
        Frame { notice: Some(notice.into()), ..self }
    }

    /// The hidden field that carries the CSRF token.
    pub fn csrf_field(&self) -> CsrfField<'_> {
        CsrfField { csrf: self.csrf.as_deref() }
    }

    /// The path of an embedded asset.
    pub fn asset(&self, name: &str) -> &'static str {
        crate::assets::path(name)
    }
}

/// The hidden field of [`Frame::csrf_field`].
#[derive(Template)]
#[template(
    source = r#"{% if let Some(csrf) = csrf %}<input type="hidden" name="csrf" value="{{ csrf }}">{% endif %}"#,
    ext = "html"
)]
pub struct CsrfField<'a> {
    csrf: Option<&'a str>,
}

impl HtmlSafe for CsrfField<'_> {}

/// A link and its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub text: String,
    pub url: String,
}

impl Link {
    pub fn new(text: impl Into<String>, url: impl Into<String>) -> Link {
        Link { text: text.into(), url: url.into() }
    }
}

/// A name that a person or an app gave: of an app, an identity, a device, a passkey.
///
/// Promise: one line, at most 80 characters, nothing that is invisible or changes the direction of what follows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Name(String);

const LONGEST_NAME: usize = 80;

impl Name {
    pub fn new(text: &str) -> Name {
        let visible = text.chars().filter(|letter| !is_invisible(*letter)).collect::<String>();
        let one_line = visible.split_whitespace().collect::<Vec<_>>().join(" ");
        match one_line.char_indices().nth(LONGEST_NAME) {
            Some((end, _)) => Name(format!("{}…", one_line.get(..end).unwrap_or_default())),
            None if one_line.is_empty() => Name("No name".to_owned()),
            None => Name(one_line),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first letter or digit in upper case, for a tile without a picture.
    pub fn initial(&self) -> String {
        self.0
            .chars()
            .find(|letter| letter.is_alphanumeric())
            .map_or_else(|| "·".to_owned(), |letter| letter.to_uppercase().collect())
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Name {
        Name::new(text)
    }
}

impl From<String> for Name {
    fn from(text: String) -> Name {
        Name::new(&text)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Controls, zero-width characters, bidirectional controls, tags and other letters without a shape.
fn is_invisible(letter: char) -> bool {
    (letter.is_control() && !letter.is_whitespace())
        || matches!(letter, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// The host of an app, from its registration. One written in other letters is shown both ways, with a warning (threat 53).
#[derive(Debug, Clone, Default, PartialEq, Eq, Template)]
#[template(path = "parts/host.html")]
pub struct Host {
    /// As browsers send it: `notes.acme.test`, `xn--80ak6aa92e.com`, `localhost:8461`.
    pub ascii: String,
    /// As it would be drawn, where that differs.
    pub unicode: Option<String>,
}

impl HtmlSafe for Host {}

impl Host {
    pub fn new(ascii: &str) -> Host {
        let (name, _) = ascii.split_once(':').unwrap_or((ascii, ""));
        let unicode = name.split('.').any(|label| label.starts_with("xn--")).then(|| idna::domain_to_unicode(name).0);
        Host { ascii: ascii.to_owned(), unicode: unicode.filter(|unicode| unicode != name) }
    }
}

/// The outline of a tile: apps and things have corners, people are round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    Square,
    Round,
}

/// A picture, or an initial on a colour drawn from the id.
#[derive(Debug, Clone, Template)]
#[template(path = "parts/tile.html")]
pub struct Tile {
    pub initial: String,
    /// Which of the twelve colours.
    pub colour: u8,
    pub shape: Shape,
    /// A path of ours; raster images only.
    pub picture: Option<String>,
    /// `s` (32 px), `l` (72 px) or nothing (44 px).
    pub size: &'static str,
}

impl HtmlSafe for Tile {}

impl Tile {
    /// The tile of an app.
    pub fn app(id: &str, name: &Name, logo: Option<String>) -> Tile {
        Tile { initial: name.initial(), colour: colour(id), shape: Shape::Square, picture: logo, size: "" }
    }

    /// The tile of an identity.
    pub fn person(id: &str, name: &Name, picture: Option<String>) -> Tile {
        Tile { shape: Shape::Round, ..Tile::app(id, name, picture) }
    }

    /// The same at 32 px.
    pub fn small(&self) -> Tile {
        Tile { size: "s", ..self.clone() }
    }

    /// The same at 72 px.
    pub fn large(&self) -> Tile {
        Tile { size: "l", ..self.clone() }
    }

    fn class(&self) -> String {
        let round = if self.shape == Shape::Round { " round" } else { "" };
        let size = if self.size.is_empty() { String::new() } else { format!(" {}", self.size) };
        format!("tile c{}{size}{round}", self.colour)
    }
}

/// One of twelve colours, always the same for the same id (FNV-1a).
fn colour(id: &str) -> u8 {
    let mixed = id.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    ((mixed >> 16) % 12) as u8
}

/// An app as people see it: tile, name, and below it always the host.
#[derive(Debug, Clone, Template)]
#[template(path = "parts/who.html")]
pub struct Who {
    pub tile: Tile,
    pub name: Name,
    pub host: Host,
}

impl HtmlSafe for Who {}

impl Who {
    /// True for a Quick app in plain letters: its name is its host, and saying it twice helps nobody.
    fn is_named_by_its_host(&self) -> bool {
        self.name.as_str() == self.host.ascii && self.host.unicode.is_none()
    }

    /// `whole` when the name is the host, which should not be torn apart; else nothing.
    pub fn class(&self) -> &'static str {
        if self.name.as_str() == self.host.ascii { "whole" } else { "" }
    }

    pub fn app(id: &str, name: &str, host: &str, logo: Option<String>) -> Who {
        let name = Name::new(name);
        Who { tile: Tile::app(id, &name, logo), name, host: Host::new(host) }
    }
}

/// What an identity has for an e-mail address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Email {
    /// None.
    #[default]
    Absent,
    /// Given, but its code has not been entered.
    Unproven(String),
    /// Proven by code.
    Verified(String),
}

impl Email {
    /// The address, if it is proven.
    pub fn verified(&self) -> Option<&str> {
        match self {
            Email::Verified(address) => Some(address),
            Email::Absent | Email::Unproven(_) => None,
        }
    }
}

/// How much a permission lets happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Risk {
    /// Reading: a dot.
    Sees,
    /// Reading what is private, or changing a little: the outline of a diamond.
    Changes,
    /// Changing, acting, or giving away more than one expects: a diamond in the warning colour.
    Acts,
    /// Asked for but not given: an empty dot.
    Withheld,
}

/// What is said beside a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tag {
    New,
    AlreadyAllowed,
}

/// One permission as one sentence: text, then what is theirs in bold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub risk: Risk,
    pub text: String,
    /// The address, the calendar, the account it is about.
    pub thing: Option<String>,
    pub tag: Option<Tag>,
}

impl Line {
    pub fn new(risk: Risk, text: impl Into<String>) -> Line {
        Line { risk, text: text.into(), thing: None, tag: None }
    }

    pub fn about(self, thing: impl Into<String>) -> Line {
        Line { thing: Some(thing.into()), ..self }
    }

    pub fn tagged(self, tag: Tag) -> Line {
        Line { tag: Some(tag), ..self }
    }

    /// The mark in words, for those who do not see it.
    fn hush(&self) -> Option<&'static str> {
        match self.risk {
            Risk::Sees | Risk::Withheld => None,
            Risk::Changes => Some("Some risk:"),
            Risk::Acts => Some("High risk:"),
        }
    }

    fn class(&self) -> &'static str {
        match self.risk {
            Risk::Sees => "low",
            Risk::Changes => "some",
            Risk::Acts => "high",
            Risk::Withheld => "not",
        }
    }
}

/// What may be done, a line each.
#[derive(Debug, Clone, Template)]
#[template(path = "parts/may.html")]
pub struct May {
    pub lines: Vec<Line>,
}

impl HtmlSafe for May {}

/// What was typed into a field, and the sentence about it when it was refused.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    pub value: String,
    pub error: Option<String>,
}

impl Entry {
    /// Nothing typed yet.
    pub fn empty() -> Entry {
        Entry::default()
    }

    /// Typed, and nothing to say about it.
    pub fn of(value: impl Into<String>) -> Entry {
        Entry { value: value.into(), error: None }
    }

    /// Typed and refused: what was typed is kept, the sentence stands below the field.
    pub fn refused(value: impl Into<String>, sentence: impl Into<String>) -> Entry {
        Entry { value: value.into(), error: Some(sentence.into()) }
    }
}

/// A labelled field with its hint and error. Pages build it; handlers only fill [`Entry`].
#[derive(Debug, Clone, Template)]
#[template(path = "parts/field.html")]
pub struct Field {
    id: String,
    name: Cow<'static, str>,
    label: String,
    kind: &'static str,
    value: String,
    error: Option<String>,
    hint: String,
    autocomplete: &'static str,
    inputmode: &'static str,
    placeholder: &'static str,
    maxlength: u16,
    is_required: bool,
    is_code: bool,
    has_at: bool,
    is_listed: bool,
    check: &'static str,
}

impl HtmlSafe for Field {}

impl Field {
    pub fn new(name: impl Into<Cow<'static, str>>, label: impl Into<String>, entry: &Entry) -> Field {
        let name = name.into();
        Field {
            id: name.to_string(),
            name,
            label: label.into(),
            kind: "text",
            value: entry.value.clone(),
            error: entry.error.clone(),
            hint: String::new(),
            autocomplete: "off",
            inputmode: "",
            placeholder: "",
            maxlength: 0,
            is_required: false,
            is_code: false,
            has_at: false,
            is_listed: false,
            check: "",
        }
    }

    /// Another id than the name, where a name stands several times on a page.
    pub fn id(self, id: impl Into<String>) -> Field {
        Field { id: id.into(), ..self }
    }

    pub fn kind(self, kind: &'static str) -> Field {
        Field { kind, ..self }
    }

    pub fn hint(self, hint: impl Into<String>) -> Field {
        Field { hint: hint.into(), ..self }
    }

    pub fn autocomplete(self, autocomplete: &'static str) -> Field {
        Field { autocomplete, ..self }
    }

    pub fn inputmode(self, inputmode: &'static str) -> Field {
        Field { inputmode, ..self }
    }

    pub fn placeholder(self, placeholder: &'static str) -> Field {
        Field { placeholder, ..self }
    }

    pub fn maxlength(self, maxlength: u16) -> Field {
        Field { maxlength, ..self }
    }

    pub fn required(self) -> Field {
        Field { is_required: true, ..self }
    }

    /// Monospaced and wide: something to be copied letter by letter.
    pub fn code(self) -> Field {
        Field { is_code: true, ..self }
    }

    /// With an `@` in front: a handle.
    pub fn handle(self) -> Field {
        Field { has_at: true, ..self }
    }

    /// One of several alike, below a common heading: its label is only read out.
    pub fn listed(self) -> Field {
        Field { is_listed: true, ..self }
    }

    /// Checked as typed by `fields.js`: `handle` or `redirect`.
    pub fn checked_as(self, check: &'static str) -> Field {
        Field { check, ..self }
    }

    fn described_by(&self) -> String {
        let mut ids = Vec::new();
        if self.error.is_some() || !self.check.is_empty() {
            ids.push(format!("{}-said", self.id));
        }
        if !self.hint.is_empty() {
            ids.push(format!("{}-hint", self.id));
        }
        ids.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threat_053_a_name_cannot_hide_or_turn_around_what_follows() {
        assert_eq!(Name::new("Bank\u{202e}gpj.exe\u{200b}").as_str(), "Bankgpj.exe");
        assert_eq!(Name::new(" two\n lines\t ").as_str(), "two lines");
        assert_eq!(Name::new("\u{200b}\u{3164}").as_str(), "No name");
        assert_eq!(Name::new(&"x".repeat(200)).as_str().chars().count(), 81);
    }

    #[test]
    fn threat_053_a_host_in_other_letters_is_shown_both_ways() {
        assert_eq!(Host::new("localhost:8461").unicode, None);
        let host = Host::new("xn--80ak6aa92e.com");
        assert_eq!(host.unicode.as_deref(), Some("аррӏе.com"));
        let html = host.to_string();
        assert!(html.contains("xn--80ak6aa92e.com") && html.contains("аррӏе.com"), "{html}");
    }

    #[test]
    fn an_id_always_has_the_same_colour() {
        assert_eq!(colour("app_1"), colour("app_1"));
        assert!((0..500).map(|n| colour(&format!("app_{n}"))).collect::<std::collections::BTreeSet<_>>().len() == 12);
    }
}
