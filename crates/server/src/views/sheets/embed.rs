//! What stands in an app's page: a gate that gives nothing away, and the answer as a message.

use crate::views::pages;
use crate::views::parts::{Frame, Who};
use askama::Template;

/// What the gate says is asked.
#[derive(Debug, Clone)]
pub enum GateQuestion {
    /// Sign in to the app.
    SignIn,
    /// Use this other app in one's name.
    Connect(Who),
}

/// A frame's first page: one button that opens a window of ours (`web/gate.js` says what each attribute is for).
#[derive(Debug, Clone, Template)]
#[template(path = "sheets/gate.html")]
pub struct Gate {
    pub frame: Frame,
    pub app: Who,
    pub question: GateQuestion,
    pub relay_url: String,
    pub relay_id: String,
    /// The app's origins.
    pub origins: Vec<String>,
    /// The same request without a frame, for browsers that block the window.
    pub top_url: String,
    /// Where the form itself comes from, once the frame is proven to be seen.
    pub consent_url: Option<String>,
}

/// The end of a flow in a frame or popup (`web/relay.js`).
#[derive(Debug, Clone, Template)]
#[template(path = "sheets/relay.html")]
pub struct Relay {
    pub frame: Frame,
    /// What is told, as JSON.
    pub message: String,
    pub origins: Vec<String>,
    /// The request that a gate waits for.
    pub relay_id: Option<String>,
    /// Where to go when nobody waits.
    pub next: Option<String>,
}

pages!(Away: Gate);
pages!(NothingInPopup: Relay);
