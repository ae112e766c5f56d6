//! The generated pages of the book, `docs/reference`: what the source says, in a form for readers.

use crate::command::{capture, cargo};
use crate::source::{Piece, Token, tokens};
use crate::sql;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

const FOLDER: &str = "docs/reference";
const METHODS: [&str; 7] = ["get", "post", "put", "patch", "delete", "options", "any"];

/// Writes every page.
pub fn write() -> Result<(), String> {
    let root = crate::root();
    std::fs::create_dir_all(root.join(FOLDER)).map_err(|cause| format!("{FOLDER}: {cause}"))?;
    for (name, text) in pages(&root)? {
        let file = root.join(FOLDER).join(name);
        std::fs::write(&file, text).map_err(|cause| format!("{}: {cause}", file.display()))?;
        println!("wrote {FOLDER}/{name}");
    }
    Ok(())
}

/// Fails when a page is not what the source says.
pub fn check() -> Result<(), String> {
    let root = crate::root();
    let is_stale = |(name, text): &(&str, String)| {
        std::fs::read_to_string(root.join(FOLDER).join(name)).ok().as_ref() != Some(text)
    };
    let stale: Vec<&str> = pages(&root)?.iter().filter(|page| is_stale(page)).map(|(name, _)| *name).collect();
    if stale.is_empty() { Ok(()) } else { Err(format!("not current: {}; run `cargo xtask gen`", stale.join(", "))) }
}

fn pages(root: &Path) -> Result<Vec<(&'static str, String)>, String> {
    Ok(vec![
        ("errors.md", errors(&all_tokens(root))),
        ("routes.md", routes(&routers(root))),
        ("schema.md", schema(&migrations(root)?)),
        (
            "settings.md",
            capture(cargo().args(["run", "--quiet", "--package", "procura-server", "--example", "settings"]))?,
        ),
        ("threats.md", threats(root)),
    ])
}

/// The router of the server and those that it merges; operations are on a listener of their own.
fn routers(root: &Path) -> Vec<Token> {
    let is_router = |file: &PathBuf| {
        file.starts_with("crates/server/src") && (file.ends_with("router.rs") || file.ends_with("mod.rs"))
    };
    let texts = sql::sources(root)
        .into_iter()
        .filter(is_router)
        .map(|file| std::fs::read_to_string(root.join(file)).unwrap_or_default());
    texts.flat_map(|text| sql::until_tests(tokens(&text))).collect()
}

fn all_tokens(root: &Path) -> Vec<Token> {
    let texts = sql::sources(root).into_iter().map(|file| std::fs::read_to_string(root.join(file)).unwrap_or_default());
    texts.flat_map(|text| sql::until_tests(tokens(&text))).collect()
}

/// Each code with the sentences that go with it: `InvalidGrant = "invalid_grant"` and `refuse(Code::InvalidGrant, "…")`.
fn errors(tokens: &[Token]) -> String {
    let (mut words, mut sentences) = (BTreeMap::new(), BTreeMap::<&str, BTreeSet<&str>>::new());
    for (place, token) in tokens.iter().enumerate() {
        match (&token.piece, tokens.get(place + 1..).unwrap_or_default()) {
            (Piece::Word(name), [equals, Token { piece: Piece::Text(word), .. }, ..]) if equals.is_mark('=') => {
                words.insert(name.as_str(), word.as_str());
            }
            (Piece::Word(refuse), [open, after @ ..]) if refuse == "refuse" && open.is_mark('(') => {
                let (name, after) = unqualified(after);
                if let [comma, Token { piece: Piece::Text(sentence), .. }, ..] = after
                    && comma.is_mark(',')
                {
                    sentences.entry(name).or_default().insert(sentence);
                }
            }
            _ => {}
        }
    }
    let mut page = "# Errors\n\nEvery refusal: its code and the sentence in `error_description`.\n\n| Code | Sentence |\n|---|---|\n".to_owned();
    for (name, sentences) in sentences {
        for sentence in sentences {
            let _ = writeln!(page, "| `{}` | {} |", words.get(name).unwrap_or(&name), sentence.replace('|', "\\|"));
        }
    }
    page
}

/// The last word of `Code::InvalidGrant`, and what follows.
fn unqualified(tokens: &[Token]) -> (&str, &[Token]) {
    match tokens {
        [_, first, second, rest @ ..] if first.is_mark(':') && second.is_mark(':') => unqualified(rest),
        [Token { piece: Piece::Word(name), .. }, rest @ ..] => (name, rest),
        _ => ("", tokens),
    }
}

/// Each `.route("/path", get(…).post(…))` of the router.
fn routes(tokens: &[Token]) -> String {
    let mut paths = BTreeMap::<&str, BTreeSet<String>>::new();
    for (place, token) in tokens.iter().enumerate() {
        let [open, Token { piece: Piece::Text(path), .. }, after @ ..] = tokens.get(place + 1..).unwrap_or_default()
        else {
            continue;
        };
        if token.is_word("route") && open.is_mark('(') {
            paths.entry(path).or_default().extend(methods(after));
        }
    }
    let mut page = "# Routes\n\nEvery URL the server answers, from its routers. The management API `/api/v1` is described by `procura openapi`.\n\n| Path | Methods |\n|---|---|\n".to_owned();
    for (path, methods) in paths {
        let _ = writeln!(page, "| `{path}` | {} |", methods.into_iter().collect::<Vec<_>>().join(", "));
    }
    page
}

/// The methods that are named before the bracket of `route(` closes.
fn methods(tokens: &[Token]) -> Vec<String> {
    let (mut depth, mut found) = (0i32, Vec::new());
    for (token, next) in tokens.iter().zip(tokens.iter().skip(1)) {
        match &token.piece {
            Piece::Mark('(') => depth += 1,
            Piece::Mark(')') => depth -= 1,
            Piece::Word(word) if depth == 0 && next.is_mark('(') && METHODS.contains(&word.as_str()) => {
                found.push(word.to_uppercase());
            }
            _ => {}
        }
        if depth < 0 {
            break;
        }
    }
    found
}

fn migrations(root: &Path) -> Result<String, String> {
    let folder = root.join("migrations");
    let entries = std::fs::read_dir(&folder).map_err(|cause| format!("migrations: {cause}"))?;
    let mut files: Vec<_> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|file| file.extension().is_some_and(|end| end == "sql"))
        .collect();
    files.sort();
    let texts: Result<Vec<String>, String> = files
        .iter()
        .map(|file| std::fs::read_to_string(file).map_err(|cause| format!("{}: {cause}", file.display())))
        .collect();
    Ok(texts?.join("\n"))
}

/// Each table with its columns, and the comment that stands above it.
fn schema(sql: &str) -> String {
    let mut page = "# Schema\n\nEvery table, from the migrations. Times are milliseconds since 1970.\n".to_owned();
    let (mut comment, mut is_inside) = (String::new(), false);
    for line in sql.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("--").filter(|_| !is_inside) {
            let _ = write!(comment, "{} ", text.trim());
        } else if let Some(name) = line.strip_prefix("CREATE TABLE ") {
            let _ = write!(page, "\n## {}\n\n", name.trim_end_matches('(').trim());
            if !comment.is_empty() {
                let _ = write!(page, "{}\n\n", comment.trim());
            }
            page.push_str("| Column | Type |\n|---|---|\n");
            (comment, is_inside) = (String::new(), true);
        } else if line.starts_with(");") {
            is_inside = false;
        } else if is_inside {
            page.push_str(&column(line));
        } else {
            comment.clear();
        }
    }
    page
}

/// `name TYPE constraints,` as a row; nothing for a constraint of the table.
fn column(line: &str) -> String {
    let definition = line.split(" --").next().unwrap_or_default().trim().trim_end_matches(',');
    match definition.split_once(' ') {
        Some((name, kind))
            if name.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_') =>
        {
            format!("| `{name}` | {} |\n", kind.trim().replace('|', "\\|"))
        }
        _ => String::new(),
    }
}

/// Each row of the threat model and the tests that guard it, by their names.
fn threats(root: &Path) -> String {
    let mut guards: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for crate_folder in std::fs::read_dir(root.join("crates")).into_iter().flatten().flatten() {
        let mut files = Vec::new();
        sql::collect(&crate_folder.path(), &mut files);
        files.sort();
        for file in files {
            let place = file.strip_prefix(root).unwrap_or(&file).display().to_string();
            for name in tests_of(&tokens(&std::fs::read_to_string(&file).unwrap_or_default())) {
                let (row, sentence) = name.split_once('_').unwrap_or((&name, ""));
                guards.entry(row.to_owned()).or_default().push(format!("{} (`{place}`)", sentence.replace('_', " ")));
            }
        }
    }
    let mut page =
        "# Threats\n\nThe tests that guard each row of the threat model.\n\n| Row | Tests |\n|---|---|\n".to_owned();
    for (row, mut tests) in guards {
        tests.sort();
        let _ = writeln!(page, "| {} | {} |", row.trim_start_matches('0'), tests.join("<br>"));
    }
    page
}

/// `041_two_spellings_are_refused` of each `fn threat_041_two_spellings_are_refused`.
fn tests_of(tokens: &[Token]) -> Vec<String> {
    let pairs = tokens.iter().zip(tokens.iter().skip(1));
    let name = |(word, name): (&Token, &Token)| match &name.piece {
        Piece::Word(name) if word.is_word("fn") => name.strip_prefix("threat_").map(str::to_owned),
        _ => None,
    };
    pairs.filter_map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_are_read_with_their_methods() {
        let page = routes(&tokens(
            r#"Router::new().route("/a", get(a::show).post(a::take)).route("/b/{id}", delete(b::end).layer(get_layer(1)))"#,
        ));
        assert!(page.ends_with("| `/a` | GET, POST |\n| `/b/{id}` | DELETE |\n"), "{page}");
    }

    #[test]
    fn refusals_are_read_with_the_code_on_the_wire() {
        let page = errors(&tokens(
            r#"InvalidGrant = "invalid_grant", fn f() { refuse(Code::InvalidGrant, "it has expired"); refuse(code, why) }"#,
        ));
        assert!(page.ends_with("| `invalid_grant` | it has expired |\n"), "{page}");
    }

    #[test]
    fn tables_are_read_with_their_columns_and_comments() {
        let page = schema(
            "-- What it is.\nCREATE TABLE things (\n    id BIGINT PRIMARY KEY, -- why\n    name TEXT,\n    CHECK (id > 0)\n);\nCREATE INDEX x ON things (name);\n",
        );
        assert!(page.ends_with("## things\n\nWhat it is.\n\n| Column | Type |\n|---|---|\n| `id` | BIGINT PRIMARY KEY |\n| `name` | TEXT |\n"), "{page}");
    }

    #[test]
    fn tests_are_found_by_the_row_in_their_name() {
        assert_eq!(
            tests_of(&tokens("fn threat_041_two_names() {} fn other() {} async fn threat_007_x() {}")),
            ["041_two_names", "007_x"]
        );
    }
}
