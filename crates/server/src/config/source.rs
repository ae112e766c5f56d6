//! Where settings are written: the environment first, then the file, then the default.

use super::setting::{Section, Setting, Value};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use toml::de::{DeTable, DeValue};

/// Why a setting cannot be used: the place, then the reason. Never the value, which may be a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    place: String,
    why: String,
}

impl ConfigError {
    pub(crate) fn new(place: impl Into<String>, why: impl Into<String>) -> ConfigError {
        ConfigError { place: place.into(), why: why.into() }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.why)
    }
}

impl std::error::Error for ConfigError {}

/// The variables of the process, read once.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// What the process was started with. Variables that are not UTF-8 are not ours.
    pub fn of_process() -> Environment {
        let readable = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Environment(std::env::vars_os().filter_map(readable).collect())
    }

    /// No variable at all.
    pub fn empty() -> Environment {
        Environment::default()
    }

    /// These variables, for tests and for a server that is set up by a program.
    pub fn from_pairs<N: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (N, V)>) -> Environment {
        Environment(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }

    /// The value of a variable; an empty one counts as unset.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The same variables but one.
    pub fn without(mut self, name: &str) -> Environment {
        self.0.remove(name);
        self
    }

    /// The names that begin like ours.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str).filter(|name| name.starts_with("PROCURA_"))
    }
}

/// The text of a settings file and where it lies.
pub(crate) struct File {
    path: PathBuf,
    text: String,
}

impl File {
    pub(crate) fn read(path: &Path) -> Result<File, ConfigError> {
        let place = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|cause| ConfigError::new(&place, format!("cannot be read: {cause}")))?;
        Ok(File { path: path.to_owned(), text })
    }

    fn line(&self, byte: usize) -> usize {
        self.text.bytes().take(byte).filter(|byte| *byte == b'\n').count() + 1
    }

    fn place(&self, byte: usize, key: &str) -> String {
        let line = self.line(byte);
        if key.is_empty() {
            format!("{} line {line}", self.path.display())
        } else {
            format!("{} line {line}: {key}", self.path.display())
        }
    }

    pub(crate) fn parse(&self) -> Result<DeTable<'_>, ConfigError> {
        let parsed = DeTable::parse(&self.text).map_err(|error| {
            let byte = error.span().map_or(0, |span| span.start);
            ConfigError::new(self.place(byte, ""), first_line(error.message()))
        })?;
        Ok(parsed.into_inner())
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

/// What a value may refer to.
pub(crate) struct Around<'a> {
    /// For `env:NAME`.
    pub environment: &'a Environment,
    /// Relative paths start here: the folder of the file, or the working directory.
    pub folder: &'a Path,
    pub written_in: WrittenIn,
}

/// Whether a value stands in a variable or in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WrittenIn {
    Variable,
    File,
}

/// Everything settings are read from.
pub(crate) struct Sources<'a> {
    environment: &'a Environment,
    file: Option<(&'a File, DeTable<'a>)>,
}

impl<'a> Sources<'a> {
    pub(crate) fn new(environment: &'a Environment, file: Option<&'a File>) -> Result<Sources<'a>, ConfigError> {
        let file = match file {
            Some(file) => Some((file, file.parse()?)),
            None => None,
        };
        Ok(Sources { environment, file })
    }

    /// Refuses keys and tables that no section has.
    pub(crate) fn check_names(&self, sections: &[Section]) -> Result<(), ConfigError> {
        let Some((file, table)) = &self.file else { return Ok(()) };
        let top = sections.iter().find(|section| section.path.is_empty());
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let own = sections.iter().find(|section| !section.path.is_empty() && section.path == name);
            match (own, value.get_ref()) {
                (Some(section), DeValue::Table(inner)) => check_keys(file, section, inner)?,
                (Some(_), _) => {
                    return Err(ConfigError::new(
                        file.place(key.span().start, name),
                        format!("is a table: write [{name}]"),
                    ));
                }
                (None, _) if top.is_some_and(|top| has(top, name)) => {}
                (None, _) => return Err(ConfigError::new(file.place(key.span().start, name), "unknown setting")),
            }
        }
        Ok(())
    }

    /// The value of a setting.
    pub(crate) fn read<V: Value>(&self, section: &Section, key: &str) -> Result<V, ConfigError> {
        let declared = section.settings.iter().find(|setting| setting.key == key);
        let setting = declared.ok_or_else(|| ConfigError::new(key, "is not declared"))?;
        if let Some((name, text)) = setting.env.first().and_then(|name| Some((*name, self.environment.get(name)?))) {
            let read = V::from_text(text, &self.around(WrittenIn::Variable));
            return within(setting, read).map_err(|why| ConfigError::new(name, why));
        }
        if let Some((place, value)) = self.find(setting) {
            let read = V::from_toml(value, &self.around(WrittenIn::File));
            return within(setting, read).map_err(|why| ConfigError::new(place, why));
        }
        if setting.default.is_empty() {
            return V::absent().ok_or_else(|| ConfigError::new(setting.name(), "is required"));
        }
        let wrong = |why: String| ConfigError::new(format!("the default of {}", setting.name()), why);
        let parsed = DeValue::parse(setting.default).map_err(|error| wrong(first_line(error.message())))?;
        // A default is relative to the working directory, like a variable, though it is written like the file.
        let around = Around { environment: self.environment, folder: Path::new(""), written_in: WrittenIn::File };
        within(setting, V::from_toml(parsed.get_ref(), &around)).map_err(wrong)
    }

    /// The place of a setting for an error about it: the variable, the line, or its name.
    pub(crate) fn place(&self, section: &Section, key: &str) -> String {
        let Some(setting) = section.settings.iter().find(|setting| setting.key == key) else { return key.to_owned() };
        if let Some(name) = setting.env.iter().find(|name| self.environment.get(name).is_some()) {
            return (*name).to_owned();
        }
        self.find(setting).map_or_else(|| setting.name(), |(place, _)| place)
    }

    fn find(&self, setting: &Setting) -> Option<(String, &DeValue<'a>)> {
        let (file, top) = self.file.as_ref()?;
        let table = if setting.section.is_empty() {
            top
        } else {
            match entry(top, setting.section)?.1 {
                DeValue::Table(table) => table,
                _ => return None,
            }
        };
        let (byte, value) = entry(table, setting.key)?;
        Some((file.place(byte, &setting.name()), value))
    }

    fn around(&self, written_in: WrittenIn) -> Around<'_> {
        let folder = match (&self.file, written_in) {
            (Some((file, _)), WrittenIn::File) => file.path.parent(),
            _ => None,
        };
        Around { environment: self.environment, folder: folder.unwrap_or(Path::new("")), written_in }
    }
}

fn entry<'t, 'a>(table: &'t DeTable<'a>, name: &str) -> Option<(usize, &'t DeValue<'a>)> {
    let found = table.iter().find(|(key, _)| key.get_ref().as_ref() == name)?;
    Some((found.0.span().start, found.1.get_ref()))
}

fn check_keys(file: &File, section: &Section, table: &DeTable<'_>) -> Result<(), ConfigError> {
    match table.keys().find(|key| !has(section, key.get_ref())) {
        None => Ok(()),
        Some(key) => {
            let name = format!("{}.{}", section.path, key.get_ref());
            Err(ConfigError::new(file.place(key.span().start, &name), "unknown setting"))
        }
    }
}

fn has(section: &Section, key: &str) -> bool {
    section.settings.iter().any(|setting| setting.key == key)
}

fn within<V: Value>(setting: &Setting, read: Result<V, String>) -> Result<V, String> {
    let value = read?;
    match (value.number(), setting.range.first()) {
        (Some(number), Some((low, high))) if number < *low || number > *high => {
            Err(format!("expected {} from {low} to {high}", V::KIND))
        }
        _ => Ok(value),
    }
}
