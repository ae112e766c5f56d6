//! The browser SDKs that match this server, for pages without a bundler (`product.md` 6). No Node makes them: two are served as they
//! are, and the widget as a script is wrapped here.
//!
//! Promise: the script has the same bytes as `sdk/packages/connect/scripts/wrap.js` makes (`test/wrap.txt` there holds both to it). Only
//! what stands between tokens is taken out, never a line break that could end a statement, and nothing inside a string or template
//! literal. The widget has no regular expression literal: a `/` that begins no comment is a division here.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use std::sync::LazyLock;

const EMBED: &str = include_str!("../../../sdk/packages/embed/src/embed.js");
const CONNECT: &str = include_str!("../../../sdk/packages/connect/src/connect.js");

/// `GET /sdk/js/embed.js`
pub async fn embed() -> Response {
    script(EMBED)
}

/// `GET /sdk/js/connect.js`: the widget as an ES module.
pub async fn connect() -> Response {
    script(CONNECT)
}

/// `GET /sdk/js/alter-connect.umd.js`: the widget as a script, whose global `AlterConnect` is the class itself.
pub async fn connect_script() -> Response {
    script(&CONNECT_SCRIPT)
}

/// Any page may load it, and asks again after a while.
fn script(text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/javascript; charset=utf-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300")),
    ];
    (headers, text).into_response()
}

/// What turns the module into a plain script.
const EXPORT: &str = "export default class AlterConnect ";
const HERE: &str = "import.meta.url";
const HEAD: &str = r#"((make)=>{typeof module==="object"&&module.exports?module.exports=make(""):typeof define==="function"&&define.amd?define([],()=>make("")):globalThis.AlterConnect=make(document.currentScript?.src)})((here)=>{"#;
const FOOT: &str = "return AlterConnect});\n";

static CONNECT_SCRIPT: LazyLock<String> = LazyLock::new(|| {
    let plain = CONNECT.replacen(EXPORT, "class AlterConnect ", 1).replacen(HERE, "here", 1);
    format!("{HEAD}{}{FOOT}", strip(&plain))
});

/// The source without comments and spare white space.
fn strip(source: &str) -> String {
    let mut left = Left { out: String::with_capacity(source.len()), gap: Gap::None };
    let mut rest = source;
    // Braces that are open within each `${`.
    let mut holes: Vec<u32> = Vec::new();
    while let Some(char) = rest.chars().next() {
        let spare = spare_length(rest);
        if spare > 0 {
            left.skip(cut(&mut rest, spare));
            continue;
        }
        left.keep(cut(&mut rest, char.len_utf8()));
        let mut quote = matches!(char, '"' | '\'' | '`').then_some(char);
        match (char, holes.last_mut()) {
            ('{', Some(depth)) => *depth += 1,
            ('}', Some(0)) => {
                holes.pop();
                quote = Some('`');
            }
            ('}', Some(depth)) => *depth -= 1,
            _ => {}
        }
        if let Some(quote) = quote {
            let (length, opens_hole) = text_length(rest, quote);
            left.keep(cut(&mut rest, length));
            if opens_hole {
                holes.push(0);
            }
        }
    }
    left.out.push('\n');
    left.out
}

/// Takes so many bytes off the front.
fn cut<'a>(rest: &mut &'a str, length: usize) -> &'a str {
    let (head, tail) = rest.split_at_checked(length).unwrap_or((*rest, ""));
    *rest = tail;
    head
}

/// How much white space or comment comes next.
fn spare_length(rest: &str) -> usize {
    if let Some(comment) = rest.strip_prefix("//") {
        return comment.find('\n').map_or(rest.len(), |at| at + 3);
    }
    if let Some(comment) = rest.strip_prefix("/*") {
        return comment.find("*/").map_or(rest.len(), |at| at + 4);
    }
    usize::from(rest.starts_with([' ', '\t', '\r', '\n']))
}

/// How far a literal goes on: to its end, or (`true`) into the next hole of a template.
fn text_length(rest: &str, quote: char) -> (usize, bool) {
    let mut chars = rest.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '\\' => {
                chars.next();
            }
            '$' if quote == '`' && chars.as_str().starts_with('{') => return (at + 2, true),
            _ if char == quote => return (at + char.len_utf8(), false),
            _ => {}
        }
    }
    (rest.len(), false)
}

/// The white space since the last token.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gap {
    None,
    Space,
    Line,
}

/// What is left of the source so far.
struct Left {
    out: String,
    gap: Gap,
}

impl Left {
    fn skip(&mut self, spare: &str) {
        self.gap = if self.gap == Gap::Line || spare.contains('\n') { Gap::Line } else { Gap::Space };
    }

    fn keep(&mut self, token: &str) {
        if let (Some(before), Some(after)) = (self.out.chars().next_back(), token.chars().next()) {
            match self.gap {
                Gap::Line if !"{([,;".contains(before) => self.out.push('\n'),
                Gap::Space if must_stay_apart(before, after) => self.out.push(' '),
                _ => {}
            }
        }
        if !token.is_empty() {
            self.gap = Gap::None;
        }
        self.out.push_str(token);
    }
}

/// `a + +b`, `1 .toFixed()` and names; everything else keeps apart by itself.
fn must_stay_apart(before: char, after: char) -> bool {
    let is_word = |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | '$') || char > '~';
    (is_word(before) && (is_word(after) || after == '.')) || (before == after && "+-".contains(before))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CASES: &str = include_str!("../../../sdk/packages/connect/test/wrap.txt");

    fn parts() -> Vec<&'static str> {
        CASES.split("\n====").skip(1).map(|part| part.strip_prefix(' ').unwrap_or(part)).collect()
    }

    #[test]
    fn what_is_left_is_what_the_package_leaves() {
        let parts = parts();
        let (_, cases) = parts.split_last().unwrap();
        assert!(cases.len() >= 6);
        for case in cases {
            let (name, rest) = case.split_once('\n').unwrap();
            let (given, left) = rest.split_once("----\n").unwrap();
            assert_eq!(strip(&format!("{given}\n")), format!("{left}\n"), "{name}");
        }
    }

    #[test]
    fn the_script_is_the_one_of_the_package() {
        let parts = parts();
        assert_eq!(base::Digest::of(CONNECT_SCRIPT.as_bytes()).hex(), parts.last().unwrap().trim());
    }

    #[test]
    fn the_module_can_be_made_a_script() {
        assert_eq!((CONNECT.matches(EXPORT).count(), CONNECT.matches(HERE).count()), (1, 1));
        assert!(!CONNECT_SCRIPT.contains("import.meta") && !CONNECT_SCRIPT.contains("export "));
    }
}
