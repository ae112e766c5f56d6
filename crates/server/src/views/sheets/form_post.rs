//! The answer of `response_mode=form_post`: a form that sends itself to the app.

use crate::views::pages;
use crate::views::parts::Frame;
use askama::Template;

/// Hidden fields and a script that submits them; without a script, a button. Send it with `Cache-Control: no-store`
/// and the headers of `headers(Some(&nonce))`.
#[derive(Clone, Template)]
#[template(path = "sheets/form_post.html")]
pub struct FormPost {
    pub frame: Frame,
    /// The redirect URI.
    pub action: String,
    /// The app's host, for whoever reads it.
    pub host: String,
    /// `code`, `state`, `iss`, or `error`, ….
    pub fields: Vec<(String, String)>,
    /// Of the one inline script; fresh for each answer.
    pub nonce: String,
}

pages!(App: FormPost);
