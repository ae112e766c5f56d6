//! What pages load besides their own HTML: the style sheet, fonts, icons and page scripts, embedded in the binary.
//!
//! Promise: a URL names its content (`/assets/<name>.<hash>.<ext>`), so an answer may be cached for ever; text is compressed
//! once. References between files (`url("body.woff2")`, `from "./passkey.js"`) are rewritten to those URLs.
//! The router answers `GET /assets/{file}` from [`find`]; everything else here is for templates.

use base::Digest;
use flate2::{Compression, write::GzEncoder};
use std::io::Write as _;
use std::sync::LazyLock;

/// What a file was named and held when the binary was built. Files that others refer to come first.
const SOURCES: &[(&str, &[u8])] = &[
    ("heading.woff2", include_bytes!("../web/fonts/heading.woff2")),
    ("body.woff2", include_bytes!("../web/fonts/body.woff2")),
    ("chevron.svg", include_bytes!("../web/chevron.svg")),
    ("chevron-dark.svg", include_bytes!("../web/chevron-dark.svg")),
    ("icon.svg", include_bytes!("../web/icon.svg")),
    ("style.css", include_bytes!("../web/style.css")),
    ("noscript.css", include_bytes!("../web/noscript.css")),
    ("ask.js", include_bytes!("../web/ask.js")),
    ("passkey.js", include_bytes!("../web/passkey.js")),
    ("copy.js", include_bytes!("../web/copy.js")),
    ("codes.js", include_bytes!("../web/codes.js")),
    ("fields.js", include_bytes!("../web/fields.js")),
    ("scopes.js", include_bytes!("../web/scopes.js")),
    ("login.js", include_bytes!("../web/login.js")),
    ("register.js", include_bytes!("../web/register.js")),
    ("call.js", include_bytes!("../web/call.js")),
    ("call_wait.js", include_bytes!("../web/call_wait.js")),
    ("step_up.js", include_bytes!("../web/step_up.js")),
    ("add_passkey.js", include_bytes!("../web/add_passkey.js")),
    ("waiting.js", include_bytes!("../web/waiting.js")),
    ("consent.js", include_bytes!("../web/consent.js")),
    ("gate.js", include_bytes!("../web/gate.js")),
    ("relay.js", include_bytes!("../web/relay.js")),
    ("runtime.js", include_bytes!("../web/runtime.js")),
    ("link_open.js", include_bytes!("../web/link_open.js")),
    ("link_tell.js", include_bytes!("../web/link_tell.js")),
    ("link_end.js", include_bytes!("../web/link_end.js")),
];

/// How long a browser may keep an asset without asking again: the URL changes when the content does.
pub const CACHE_CONTROL: &str = "public, max-age=31536000, immutable";

/// One file, ready to be sent.
pub struct Asset {
    /// The name in the source tree: `style.css`.
    pub name: &'static str,
    /// The path under which it is served: `/assets/style.0123456789ab.css`.
    pub path: String,
    /// The value of `Content-Type`.
    pub content_type: &'static str,
    /// The content as it is.
    pub body: Vec<u8>,
    /// The content for `Content-Encoding: gzip`; nothing when compression does not help.
    pub gzip: Option<Vec<u8>>,
}

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(prepare);

/// Every asset.
pub fn all() -> &'static [Asset] {
    &ASSETS
}

/// The asset whose path ends in `/assets/<file>`; `file` carries the hash.
pub fn find(file: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.path.strip_prefix("/assets/") == Some(file))
}

/// The path of an asset by its name in the source tree. An unknown name yields the bare folder, which answers 404.
pub fn path(name: &str) -> &'static str {
    ASSETS.iter().find(|asset| asset.name == name).map_or("/assets/", |asset| asset.path.as_str())
}

fn prepare() -> Vec<Asset> {
    let mut ready: Vec<Asset> = Vec::with_capacity(SOURCES.len());
    for (name, source) in SOURCES {
        let body = with_references(name, source, &ready);
        let hash: String = Digest::of(&body).hex().chars().take(12).collect();
        let (stem, extension) = name.split_once('.').unwrap_or((name, ""));
        ready.push(Asset {
            name,
            path: format!("/assets/{stem}.{hash}.{extension}"),
            content_type: content_type(extension),
            gzip: compressed(&body),
            body,
        });
    }
    ready
}

/// The content with the names of files before it replaced by the names under which they are served.
fn with_references(name: &str, source: &[u8], ready: &[Asset]) -> Vec<u8> {
    let Some(text) = std::str::from_utf8(source).ok().filter(|_| refers(name)) else {
        return source.to_vec();
    };
    let mut text = text.to_owned();
    for asset in ready {
        let served = asset.path.trim_start_matches("/assets/");
        text = text.replace(&format!("\"{}\"", asset.name), &format!("\"{served}\""));
        text = text.replace(&format!("\"./{}\"", asset.name), &format!("\"./{served}\""));
    }
    text.into_bytes()
}

/// True for the kinds of file that name others.
fn refers(name: &str) -> bool {
    matches!(name.rsplit_once('.'), Some((_, "css" | "js")))
}

fn content_type(extension: &str) -> &'static str {
    match extension {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}

fn compressed(body: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(6));
    encoder.write_all(body).ok()?;
    encoder.finish().ok().filter(|short| short.len() < body.len() * 9 / 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_its_content() {
        let style = find(path("style.css").trim_start_matches("/assets/")).unwrap();
        assert_eq!(style.name, "style.css");
        assert!(style.path.contains(&Digest::of(&style.body).hex()[..12]));
        assert!(style.gzip.as_ref().unwrap().len() < style.body.len());
        assert!(find("style.css").is_none());
    }

    #[test]
    fn files_refer_to_each_other_by_served_names() {
        for asset in all().iter().filter(|asset| refers(asset.name)) {
            let text = std::str::from_utf8(&asset.body).unwrap();
            for other in all() {
                assert!(!text.contains(&format!("\"{}\"", other.name)), "{} names {}", asset.name, other.name);
                assert!(!text.contains(&format!("\"./{}\"", other.name)), "{} imports {}", asset.name, other.name);
            }
            assert!(!text.contains("http://") && !text.contains("https://"), "{} leaves the origin", asset.name);
        }
    }
}
