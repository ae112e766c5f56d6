//! Cookies of ours (threat 99): `__Host-` and `Secure` on https; on http loopback a plain name that carries the port, since ports
//! share cookies.

use crate::app::App;
use axum::http::{HeaderMap, HeaderValue, header};

/// Which cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cookie {
    /// The browser session.
    Session,
    /// Shows the session inside frames of other sites; on https alone.
    Embed,
    /// Binds a ceremony to the browser that began it, before there is a session.
    Flow,
}

impl Cookie {
    fn stem(self) -> &'static str {
        match self {
            Cookie::Session => "procura",
            Cookie::Embed => "procura_embed",
            Cookie::Flow => "procura_flow",
        }
    }

    fn name(self, app: &App) -> String {
        if app.is_https() {
            return format!("__Host-{}", self.stem());
        }
        let port = app.host.rsplit_once(':').map_or("80", |(_, port)| port);
        format!("{}_{port}", self.stem())
    }

    /// The value that a request carries. A name that occurs twice is as good as none: somebody planted one.
    pub fn read(self, app: &App, headers: &HeaderMap) -> Option<String> {
        let name = self.name(app);
        let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
        let mut values = lines.flat_map(|line| line.split(';')).filter_map(|pair| {
            let (own, value) = pair.trim().split_once('=')?;
            (own == name).then(|| value.to_owned())
        });
        let first = values.next();
        if values.next().is_some() { None } else { first }
    }

    /// The header that sets it for so many seconds.
    pub fn set(self, app: &App, value: &str, max_age_secs: i64) -> Option<HeaderValue> {
        let secure = if app.is_https() { "; Secure" } else { "" };
        // A cookie that is `Lax` never reaches a frame of another site.
        let same_site = if self == Cookie::Embed { "None" } else { "Lax" };
        let name = self.name(app);
        HeaderValue::from_str(&format!(
            "{name}={value}; Path=/; Max-Age={max_age_secs}; HttpOnly; SameSite={same_site}{secure}"
        ))
        .ok()
    }

    /// The header that removes it.
    pub fn clear(self, app: &App) -> Option<HeaderValue> {
        self.set(app, "", 0)
    }
}
