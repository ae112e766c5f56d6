//! What the pages before and around signing in share: the person who may be there, the form's token, the way on.

use crate::app::App;
use crate::edge::flow::FlowCookie;
use crate::edge::page::{self, own_path};
use crate::edge::session::Signed;
use crate::views::Frame;
use serde::Deserialize;

/// Where one comes from and goes on to.
#[derive(Debug, Default, Deserialize)]
pub struct Way {
    pub return_to: Option<String>,
}

impl Way {
    /// The path to go on to: ours, or the account.
    pub fn onward(&self) -> String {
        onward(self.return_to.as_deref())
    }
}

/// The path to go on to: ours, or the account.
pub fn onward(sent: Option<&str>) -> String {
    own_path(sent.filter(|path| !path.is_empty())).unwrap_or_else(|| "/account".to_owned())
}

/// A path of ours with a way back in its query.
pub fn with_way(path: &str, return_to: &str) -> String {
    let separator = if path.contains('?') { '&' } else { '?' };
    let back: String = url::form_urlencoded::byte_serialize(return_to.as_bytes()).collect();
    format!("{path}{separator}return_to={back}")
}

/// The frame of a page whose form works for somebody who is signed in and for somebody who is not.
pub fn frame(app: &App, signed: Option<&Signed>, flow: &FlowCookie) -> Frame {
    let csrf = signed.map_or(&flow.csrf, |signed| &signed.csrf);
    page::frame(app).with_csrf(csrf)
}
