//! Patterns of calls: `DELETE /**`, `POST /calendar/v3/**`, `* /x/*`, `GET https://upload.example.com/files/*`.
//!
//! `*` stands for one segment, `**` at the end for any number of them. A pattern without a host is for the host that is meant when
//! none is named where it allows something, and for every host where it forbids something.

use crate::proxy::Plan;

/// A pattern that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// Nothing for every method.
    method: Option<String>,
    host: Option<String>,
    segments: Vec<Segment>,
    /// `/**` at its end.
    is_open: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Any,
    Text(String),
}

impl Pattern {
    /// Reads a pattern; nothing when it is none.
    pub fn parse(text: &str) -> Option<Pattern> {
        let (method, place) = text.trim().split_once(' ')?;
        Pattern::of(method, place.trim())
    }

    /// For a path alone: every method.
    pub fn of_path(text: &str) -> Option<Pattern> {
        Pattern::of("*", text)
    }

    fn of(method: &str, place: &str) -> Option<Pattern> {
        let is_method = method == "*"
            || (!method.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-'));
        let (host, path) = match place.strip_prefix("https://").or_else(|| place.strip_prefix("http://")) {
            Some(rest) => {
                let (host, path) = rest.split_once('/')?;
                (Some(host.to_ascii_lowercase()), path)
            }
            None => (None, place.strip_prefix('/')?),
        };
        let is_bad = |byte: u8| byte.is_ascii_control() || matches!(byte, b' ' | b'?' | b'#' | b'\\');
        if !is_method || path.bytes().any(is_bad) || host.as_deref() == Some("") {
            return None;
        }
        let (path, is_open) = match path.strip_suffix("**") {
            Some("") => (None, true),
            Some(rest) => (Some(rest.strip_suffix('/')?), true),
            None => (Some(path), false),
        };
        let mut segments = Vec::new();
        for segment in path.into_iter().flat_map(|path| path.split('/')) {
            segments.push(match segment {
                "*" => Segment::Any,
                // A star within a word, or `**` in the middle, would be read in more than one way.
                text if text.contains('*') => return None,
                text => Segment::Text(text.to_owned()),
            });
        }
        Some(Pattern { method: Some(method.to_owned()).filter(|method| method != "*"), host, segments, is_open })
    }

    /// True when the pattern surely holds: in every reading of the path, letter by letter.
    pub(crate) fn allows(&self, plan: &Plan) -> bool {
        let is_host = match &self.host {
            Some(host) => *host == plan.host,
            None => plan.is_usual_host,
        };
        // Who may see something may also see its head.
        let method = plan.method.as_str();
        let is_method = self.method.as_deref().is_none_or(|own| own == method || (own == "GET" && method == "HEAD"));
        is_host && is_method && plan.path.readings().iter().all(|reading| self.fits(reading, Care::Strict))
    }

    /// True when the pattern may hold: in any reading of the path, whatever its case, with or without a slash at the end.
    pub(crate) fn may_mean(&self, plan: &Plan) -> bool {
        let is_host = self.host.as_ref().is_none_or(|host| *host == plan.host);
        let method = plan.method.as_str();
        let is_method = self.method.as_deref().is_none_or(|own| own == method || (own == "GET" && method == "HEAD"));
        is_host && is_method && plan.path.readings().iter().any(|reading| self.fits(reading, Care::Loose))
    }

    fn fits(&self, path: &str, care: Care) -> bool {
        let path = path.strip_prefix('/').unwrap_or(path);
        let path = if care == Care::Loose { path.strip_suffix('/').unwrap_or(path) } else { path };
        let mut given = path.split('/');
        for (place, segment) in self.segments.iter().enumerate() {
            let Some(text) = given.next() else {
                // `/events/` forbids `/events` too.
                let is_last = place + 1 == self.segments.len();
                return care == Care::Loose && is_last && *segment == Segment::Text(String::new());
            };
            let is_same = match (segment, care) {
                (Segment::Any, Care::Strict) => !text.is_empty(),
                (Segment::Any, Care::Loose) => true,
                (Segment::Text(own), Care::Strict) => own == text,
                (Segment::Text(own), Care::Loose) => own.eq_ignore_ascii_case(text),
            };
            if !is_same {
                return false;
            }
        }
        self.is_open || given.next().is_none()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Care {
    Strict,
    Loose,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxy::plan_of;

    fn is_allowed(pattern: &str, method: &str, path: &str) -> bool {
        Pattern::parse(pattern).unwrap().allows(&plan_of(method, path))
    }

    fn is_meant(pattern: &str, method: &str, path: &str) -> bool {
        Pattern::parse(pattern).unwrap().may_mean(&plan_of(method, path))
    }

    #[test]
    fn stars_stand_for_segments() {
        assert!(
            is_allowed("GET /v3/events/**", "GET", "/v3/events/a/b")
                && is_allowed("GET /v3/events/**", "GET", "/v3/events")
        );
        assert!(
            !is_allowed("GET /v3/events/**", "GET", "/v3/eventsx")
                && !is_allowed("GET /v3/events/**", "POST", "/v3/events")
        );
        assert!(
            is_allowed("* /x/*", "DELETE", "/x/y")
                && !is_allowed("* /x/*", "GET", "/x/y/z")
                && !is_allowed("* /x/*", "GET", "/x/")
        );
        assert!(is_allowed("DELETE /**", "DELETE", "/anything/at/all") && is_allowed("GET /x", "HEAD", "/x"));
        for bad in [
            "",
            "/x",
            "get /x",
            "GET",
            "GET x",
            "GET /a*b",
            "GET /**/x",
            "GET /a?b",
            "GET  ",
            "GET https://",
            "GET /x**",
            "* *",
        ] {
            assert_eq!(Pattern::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn threat_151_what_may_be_read_otherwise_is_forbidden_and_not_allowed() {
        for path in [
            "/V3/Events/1",
            "/v3/events;x=1/1",
            "/v3/%65vents/1",
            "/v3/events/1/",
            "/v3%2fevents/1",
            "/v3%252fevents/1",
        ] {
            assert!(is_meant("DELETE /v3/events/*", "DELETE", path), "{path}");
        }
        for path in ["/V3/events/1", "/v3/events;x=1/1", "/v3/events%2f..1/x/1", "/v3/events/1%2f2"] {
            assert!(!is_allowed("DELETE /v3/events/*", "DELETE", path), "{path}");
        }
        assert!(is_allowed("DELETE /v3/events/*", "DELETE", "/v3/%65vents/1"), "it is sent as it is judged");
    }

    #[test]
    fn another_host_must_be_named() {
        let mut plan = plan_of("GET", "/x");
        (plan.host, plan.is_usual_host) = ("upload.test".to_owned(), false);
        let read = |text: &str| Pattern::parse(text).unwrap();
        assert!(!read("GET /x").allows(&plan) && read("GET /x").may_mean(&plan));
        assert!(read("GET https://upload.test/x").allows(&plan) && !read("GET https://other.test/x").may_mean(&plan));
    }
}
