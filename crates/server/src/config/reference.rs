//! The settings in words: the reference page of the book and the commented file that `procura init` writes.

use super::SECTIONS;
use super::setting::{Section, Setting};
use std::fmt::Write as _;

/// The reference as Markdown.
pub fn markdown() -> String {
    let mut page = "# Settings\n\nWritten in `procura.toml`, overridden by variables. An unknown key is an error. Secrets can be written as \
                    `env:NAME` or `file:PATH`.\nA relative path in the file starts at the file's folder.\n"
        .to_owned();
    for section in SECTIONS {
        let title =
            if section.path.is_empty() { "Top of the file".to_owned() } else { format!("`[{}]`", section.path) };
        let _ = write!(
            page,
            "\n## {title}\n\n{}\n\n| Key | Written as | Default | Variable | Meaning |\n|---|---|---|---|---|\n",
            words(section.about)
        );
        for setting in section.settings {
            let (default, variable) = (code(setting.default), variable(setting));
            let _ = writeln!(
                page,
                "| `{}` | {} | {default} | {variable} | {} |",
                setting.key,
                setting.kind,
                meaning(setting)
            );
        }
    }
    page
}

/// The example file: every setting, commented out, with its default.
pub fn example(written: &[(&str, &str)]) -> String {
    let mut file = "# Settings of Procura. What is commented out shows the default; see the book.\n".to_owned();
    for section in SECTIONS {
        if !section.path.is_empty() {
            let _ = write!(file, "\n# {}\n[{}]\n", words(section.about), section.path);
        }
        for setting in section.settings {
            for line in setting.about {
                let _ = writeln!(file, "#{line}");
            }
            let _ = writeln!(file, "{}\n", assignment(section, setting, written));
        }
    }
    let mut file = file.trim_end().to_owned();
    file.push('\n');
    file
}

fn assignment(section: &Section, setting: &Setting, written: &[(&str, &str)]) -> String {
    let own = written.iter().find(|(key, _)| section.path.is_empty() && *key == setting.key);
    match (own, setting.example.first()) {
        (Some((key, value)), _) => format!("{key} = {value}"),
        (None, Some(example)) => format!("# {} = {example}", setting.key),
        (None, None) => format!("# {} = {}", setting.key, setting.default),
    }
}

fn words(lines: &[&str]) -> String {
    lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ")
}

fn code(text: &str) -> String {
    if text.is_empty() { "–".to_owned() } else { format!("`{text}`") }
}

fn variable(setting: &Setting) -> String {
    setting.env.first().map_or_else(|| "–".to_owned(), |name| format!("`{name}`"))
}

fn meaning(setting: &Setting) -> String {
    let bounds = setting.range.first().map(|(low, high)| format!(" From {low} to {high}.")).unwrap_or_default();
    format!("{}{bounds}", words(setting.about))
}
