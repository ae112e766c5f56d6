//! The SQL of the workspace: found in the `rows.rs` files, refused anywhere else, and prepared on both engines by `tests/sql.rs`.
//!
//! A statement is a string literal that begins with a verb. It stands whole, or as `format!` over constants of its own file, or as
//! `concat!` over literals and macros of its own file. `/* postgres */` or `/* sqlite */` at its head says that one engine alone runs it.

use crate::source::{Piece, Token, tokens};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Which engines run a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engines {
    Both,
    Sqlite,
    Postgres,
}

/// A statement and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    pub place: String,
    pub sql: String,
    pub engines: Engines,
}

/// Every statement of the domain crates, or where one is put together at run time so that nobody can check it.
pub fn statements(root: &Path) -> Result<Vec<Statement>, String> {
    let (mut found, mut wrongs) = (Vec::new(), Vec::new());
    for file in sources(root) {
        for text in texts(&read(root, &file)?.rows) {
            let place = format!("{}:{}", file.display(), text.line);
            match (statement(&place, &text.value), text.is_whole) {
                (Some(statement), true) => found.push(statement),
                (Some(_), false) => wrongs
                    .push(format!("{place}: a statement put together at run time cannot be checked: write it whole")),
                (None, _) => {}
            }
        }
    }
    if wrongs.is_empty() { Ok(found) } else { Err(wrongs.join("\n")) }
}

/// Fails when SQL stands outside a `rows.rs` or `mod rows`.
pub fn check_places() -> Result<(), String> {
    let root = crate::root();
    let mut wrongs = Vec::new();
    for file in sources(&root).into_iter().filter(|file| !is_free(file)) {
        let sql = texts(&read(&root, &file)?.rest).into_iter().filter(|text| statement("", &text.value).is_some());
        wrongs.extend(sql.map(|text| format!("{}:{}: SQL outside rows.rs", file.display(), text.line)));
    }
    if !wrongs.is_empty() {
        return Err(wrongs.join("\n"));
    }
    println!("places: {} statements, all in rows.rs", statements(&root)?.len());
    Ok(())
}

/// A file's tokens: those of its rows, and the rest.
struct Source {
    rows: Vec<Token>,
    rest: Vec<Token>,
}

fn read(root: &Path, file: &Path) -> Result<Source, String> {
    let source = std::fs::read_to_string(root.join(file)).map_err(|cause| format!("{}: {cause}", file.display()))?;
    let tokens = until_tests(tokens(&source));
    Ok(if is_rows(file) { Source { rows: tokens, rest: Vec::new() } } else { Source::split(tokens) })
}

impl Source {
    /// An aggregate of one file keeps its SQL in `mod rows { … }`.
    fn split(mut rest: Vec<Token>) -> Source {
        let is_rows = |window: &[Token]| matches!(window, [word, name, open] if word.is_word("mod") && name.is_word("rows") && open.is_mark('{'));
        let Some(start) = rest.windows(3).position(is_rows) else { return Source { rows: Vec::new(), rest } };
        let mut rows = rest.split_off(start);
        let mut depth = 0;
        let end = rows.iter().position(|token| {
            depth += i32::from(token.is_mark('{')) - i32::from(token.is_mark('}'));
            depth == 0 && token.is_mark('}')
        });
        rest.extend(rows.split_off(end.unwrap_or(rows.len())));
        Source { rows, rest }
    }
}

/// What comes before `#[cfg(test)] mod`: tests may write what they like.
pub(crate) fn until_tests(mut tokens: Vec<Token>) -> Vec<Token> {
    let is_tests = |window: &[Token]| {
        let [hash, open, cfg, _, test, ..] = window else { return false };
        hash.is_mark('#') && open.is_mark('[') && cfg.is_word("cfg") && test.is_word("test")
    };
    if let Some(start) =
        tokens.windows(9).position(|window| is_tests(window) && window.iter().any(|token| token.is_word("mod")))
    {
        tokens.truncate(start);
    }
    tokens
}

fn is_rows(file: &Path) -> bool {
    let name = file.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
    name == "rows" || name.starts_with("rows_") || file.parent().is_some_and(|folder| folder.ends_with("rows"))
}

/// Tests may write what they like, and so may crates that never touch a server's data; `db` serves every table alike.
fn is_free(file: &Path) -> bool {
    let is_test = file.file_stem().is_some_and(|name| name == "tests");
    is_test
        || ["db", "testkit", "bench", "xtask", "conformance"]
            .iter()
            .any(|free| file.starts_with(format!("crates/{free}")))
}

/// The source files of all crates, relative to the workspace, in order.
pub fn sources(root: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let crates = std::fs::read_dir(root.join("crates")).into_iter().flatten().flatten();
    for entry in crates {
        collect(&entry.path().join("src"), &mut files);
    }
    let mut files: Vec<PathBuf> =
        files.iter().filter_map(|file| file.strip_prefix(root).ok().map(PathBuf::from)).collect();
    files.sort();
    files
}

pub(crate) fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn statement(place: &str, text: &str) -> Option<Statement> {
    let sql = text.trim_start();
    let (engines, body) = [("/* postgres */", Engines::Postgres), ("/* sqlite */", Engines::Sqlite)]
        .into_iter()
        .find_map(|(mark, engines)| sql.strip_prefix(mark).map(|body| (engines, body)))
        .unwrap_or((Engines::Both, sql));
    let mut words = body.split_whitespace();
    let is_sql = matches!(
        (words.next()?, words.next()?),
        ("SELECT" | "UPDATE" | "WITH", _) | ("INSERT", "INTO" | "OR") | ("DELETE", "FROM")
    );
    is_sql.then(|| Statement { place: place.to_owned(), sql: text.to_owned(), engines })
}

/// A text as it is at run time, or as much of it as can be told.
struct Text {
    line: usize,
    value: String,
    is_whole: bool,
}

fn texts(tokens: &[Token]) -> Vec<Text> {
    let names = Names::read(tokens);
    let mut found = Vec::new();
    let mut rest = tokens;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match (&first.piece, after) {
            (Piece::Word(word), [bang, open, inside @ ..])
                if word == "concat" && bang.is_mark('!') && open.is_mark('(') =>
            {
                let (value, is_whole, beyond) = names.concat(inside);
                found.push(Text { line: first.line, value, is_whole });
                rest = beyond;
            }
            (Piece::Word(word), [bang, open, Token { line, piece: Piece::Text(text) }, beyond @ ..])
                if word == "format" && bang.is_mark('!') && open.is_mark('(') =>
            {
                let (value, is_whole) = names.format(text);
                found.push(Text { line: *line, value, is_whole });
                rest = beyond;
            }
            (Piece::Text(text), _) => found.push(Text { line: first.line, value: text.clone(), is_whole: true }),
            _ => {}
        }
    }
    found
}

/// The constants and macros of a file that stand for a text.
struct Names(BTreeMap<String, String>);

impl Names {
    fn read(tokens: &[Token]) -> Names {
        let mut names = Names(BTreeMap::new());
        for (place, token) in tokens.iter().enumerate() {
            let after = tokens.get(place + 1..).unwrap_or_default();
            let named = if token.is_word("const") || token.is_word("static") {
                names.constant(after)
            } else if token.is_word("macro_rules") {
                fixed_macro(after)
            } else {
                None
            };
            names.0.extend(named);
        }
        names
    }

    /// `NAME: &str = "…"`, or `concat!(…)`.
    fn constant(&self, tokens: &[Token]) -> Option<(String, String)> {
        let Piece::Word(name) = &tokens.first()?.piece else { return None };
        let equals = tokens.iter().take(8).position(|token| token.is_mark('='))?;
        match tokens.get(equals + 1..)? {
            [Token { piece: Piece::Text(text), .. }, ..] => Some((name.clone(), text.clone())),
            [concat, bang, open, inside @ ..] if concat.is_word("concat") && bang.is_mark('!') && open.is_mark('(') => {
                let (text, is_whole, _) = self.concat(inside);
                is_whole.then(|| (name.clone(), text))
            }
            _ => None,
        }
    }

    /// What stands between the brackets of `concat!(…)`, and what follows them.
    fn concat<'t>(&self, mut tokens: &'t [Token]) -> (String, bool, &'t [Token]) {
        let (mut text, mut is_whole) = (String::new(), true);
        loop {
            tokens = match tokens {
                [] => return (text, false, tokens),
                [end, beyond @ ..] if end.is_mark(')') => return (text, is_whole, beyond),
                [comma, beyond @ ..] if comma.is_mark(',') => beyond,
                [Token { piece: Piece::Text(part), .. }, beyond @ ..] => {
                    text.push_str(part);
                    beyond
                }
                [Token { piece: Piece::Word(name), .. }, bang, open, close, beyond @ ..]
                    if bang.is_mark('!') && open.is_mark('(') && close.is_mark(')') =>
                {
                    match self.0.get(&format!("{name}!")) {
                        Some(part) => text.push_str(part),
                        None => is_whole = false,
                    }
                    beyond
                }
                [_, beyond @ ..] => {
                    is_whole = false;
                    beyond
                }
            };
        }
    }

    /// A format string with the constants of the file filled in.
    fn format(&self, pattern: &str) -> (String, bool) {
        let filled =
            self.0.iter().fold(pattern.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value));
        let is_whole = !filled.replace("{{", "").replace("}}", "").contains('{');
        (filled.replace("{{", "{").replace("}}", "}"), is_whole)
    }
}

/// `! name { () => { "…" } }`
fn fixed_macro(tokens: &[Token]) -> Option<(String, String)> {
    let Piece::Word(name) = &tokens.get(1)?.piece else { return None };
    let texts =
        tokens.iter().take(16).filter_map(|token| if let Piece::Text(text) = &token.piece { Some(text) } else { None });
    texts.into_iter().next().map(|text| (format!("{name}!"), text.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(source: &str) -> Vec<(String, bool)> {
        let texts = texts(&until_tests(tokens(source))).into_iter();
        texts.filter(|text| statement("", &text.value).is_some()).map(|text| (text.value, text.is_whole)).collect()
    }

    #[test]
    fn statements_are_told_from_other_texts() {
        let source = r#"fn f() { let a = "SELECT 1 FROM t"; let b = "Select one"; let c = "UPDATE"; let d = "DELETE the thing"; }"#;
        assert_eq!(found(source), [("SELECT 1 FROM t".to_owned(), true)]);
    }

    #[test]
    fn constants_and_macros_of_the_file_are_filled_in() {
        let source = r#"
            const COLUMNS: &str = "id, name";
            macro_rules! live { () => { "ended_at IS NULL" }; }
            fn f() { format!("SELECT {COLUMNS} FROM t"); concat!("SELECT 1 FROM t WHERE ", live!()); format!("SELECT {table}"); }
        "#;
        let expected = [
            ("SELECT id, name FROM t", true),
            ("SELECT 1 FROM t WHERE ended_at IS NULL", true),
            ("SELECT {table}", false),
        ];
        assert_eq!(found(source), expected.map(|(text, is_whole)| (text.to_owned(), is_whole)));
    }

    #[test]
    fn rows_within_a_file_are_told_from_the_rest_of_it() {
        let source =
            Source::split(tokens(r#"fn a() { "one" } mod rows { fn b() { { "SELECT 1 FROM t" } } } fn c() { "two" }"#));
        let values = |tokens: &[Token]| texts(tokens).into_iter().map(|text| text.value).collect::<Vec<_>>();
        assert_eq!(values(&source.rows), ["SELECT 1 FROM t"]);
        assert_eq!(values(&source.rest), ["one", "two"]);
    }

    #[test]
    fn tests_at_the_end_of_a_file_are_left_out() {
        assert!(found("#[cfg(test)]\nmod tests { fn f() { \"SELECT 1 FROM t\" } }").is_empty());
    }

    #[test]
    fn a_mark_at_the_head_names_the_engine() {
        assert_eq!(
            statement("", "/* postgres */ WITH x AS (SELECT 1) SELECT 2").map(|found| found.engines),
            Some(Engines::Postgres)
        );
        assert_eq!(statement("", "/* sqlite */ SELECT 1 FROM t").map(|found| found.engines), Some(Engines::Sqlite));
        assert_eq!(statement("", "SELECT 1 FROM t").map(|found| found.engines), Some(Engines::Both));
    }
}
