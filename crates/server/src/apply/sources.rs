//! What a manifest points to: variables of the environment and files beside it.

use base::Secret;
use std::path::Path;

/// Reads a variable of the environment. The environment itself is read in `config` alone.
pub type Environment<'a> = &'a (dyn Fn(&str) -> Option<String> + Sync);

const MOST_SECRET_BYTES: u64 = 4 << 10;
const MOST_TEXT_BYTES: u64 = 256 << 10;
const MOST_PICTURE_BYTES: u64 = 1 << 20;

/// Where `env:` and `file:` lead.
pub(super) struct Sources<'a> {
    pub(super) base_dir: &'a Path,
    pub(super) environment: Environment<'a>,
}

impl Sources<'_> {
    /// A secret: `env:NAME`, `file:PATH` or the text itself. The error is a sentence that does not repeat it.
    pub(super) fn secret(&self, text: &str) -> Result<Secret, String> {
        if let Some(name) = text.strip_prefix("env:") {
            let found = (self.environment)(name);
            return found.map(Secret::new).ok_or_else(|| format!("the environment has no {name}"));
        }
        if let Some(path) = text.strip_prefix("file:") {
            let text = String::from_utf8(self.file(path, MOST_SECRET_BYTES)?);
            let text = text.map_err(|_| format!("the file {path} is not text"))?;
            return Ok(Secret::new(text.trim_end_matches(['\r', '\n'])));
        }
        Ok(Secret::new(text))
    }

    /// A text: `file:PATH`.
    pub(super) fn text(&self, text: &str) -> Result<String, String> {
        let path = text.strip_prefix("file:").ok_or("is written file:PATH")?;
        String::from_utf8(self.file(path, MOST_TEXT_BYTES)?).map_err(|_| format!("the file {path} is not text"))
    }

    /// A picture: `file:PATH`.
    pub(super) fn picture(&self, text: &str) -> Result<Vec<u8>, String> {
        let path = text.strip_prefix("file:").ok_or("is written file:PATH")?;
        self.file(path, MOST_PICTURE_BYTES)
    }

    fn file(&self, path: &str, most: u64) -> Result<Vec<u8>, String> {
        let whole = self.base_dir.join(path);
        let size =
            std::fs::metadata(&whole).map_err(|why| format!("the file {path} cannot be read ({})", why.kind()))?.len();
        if size > most {
            return Err(format!("the file {path} is too large"));
        }
        std::fs::read(&whole).map_err(|why| format!("the file {path} cannot be read ({})", why.kind()))
    }
}
