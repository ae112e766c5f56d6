//! A file in a form of our own pages (RFC 7578): one file, small, with the form's CSRF token.

use crate::app::App;
use crate::edge::body::{Trouble, whole};
use crate::edge::faults::PageError;
use crate::edge::form::is_from_our_page;
use crate::edge::session::Signed;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::{StatusCode, header};
use base::Secret;

const UPLOAD_BYTES: usize = (1 << 20) + (16 << 10);
const LONGEST_BOUNDARY: usize = 70;

/// The file that was sent. Its name and what it says about its kind are not kept: they are the sender's word.
pub struct Upload {
    pub bytes: Vec<u8>,
}

impl FromRequest<App> for Upload {
    type Rejection = PageError;

    async fn from_request(request: Request, app: &App) -> Result<Upload, PageError> {
        let (mut parts, body) = request.into_parts();
        if !is_from_our_page(app, &parts.headers) {
            return Err(PageError::stale_form());
        }
        let signed = Signed::from_request_parts(&mut parts, app).await?;
        let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let boundary = boundary(kind).ok_or_else(unreadable)?;
        let bytes = whole(body, UPLOAD_BYTES).await.map_err(|trouble| match trouble {
            Trouble::TooLarge => too_large(),
            Trouble::Torn => unreadable(),
        })?;
        let (mut csrf, mut file) = (None, None);
        for (name, content) in split(&bytes, &boundary).ok_or_else(unreadable)? {
            match name.as_str() {
                "csrf" if csrf.is_none() => csrf = Some(Secret::new(String::from_utf8_lossy(content))),
                "picture" if file.is_none() => file = Some(content.to_vec()),
                _ => return Err(unreadable()),
            }
        }
        if !csrf.is_some_and(|csrf| csrf.is_same(&Secret::new(signed.csrf))) {
            return Err(PageError::stale_form());
        }
        Ok(Upload { bytes: file.ok_or_else(unreadable)? })
    }
}

fn boundary(kind: &str) -> Option<String> {
    let rest = kind.strip_prefix("multipart/form-data;")?.trim().strip_prefix("boundary=")?;
    let boundary = rest.trim_matches('"');
    let is_plain = boundary.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b';' | b','));
    (is_plain && (1..=LONGEST_BOUNDARY).contains(&boundary.len())).then(|| boundary.to_owned())
}

/// The parts by the names of their fields. Nothing when the body is not well-formed.
fn split<'a>(body: &'a [u8], boundary: &str) -> Option<Vec<(String, &'a [u8])>> {
    let (first, next) = (format!("--{boundary}\r\n"), format!("\r\n--{boundary}"));
    let mut rest = body.strip_prefix(first.as_bytes())?;
    let mut parts = Vec::new();
    loop {
        let head_end = find(rest, b"\r\n\r\n")?;
        let (head, after) = rest.split_at_checked(head_end)?;
        let content = after.get(4..)?;
        let (content, after) = content.split_at_checked(find(content, next.as_bytes())?)?;
        parts.push((field_name(head)?, content));
        let after = after.get(next.len()..)?;
        if after.starts_with(b"--") {
            return Some(parts);
        }
        rest = after.strip_prefix(b"\r\n")?;
    }
}

fn field_name(head: &[u8]) -> Option<String> {
    let head = std::str::from_utf8(head).ok()?;
    let line =
        head.split("\r\n").find(|line| line.to_ascii_lowercase().starts_with("content-disposition: form-data;"))?;
    let (_, rest) = line.split_once(" name=\"")?;
    Some(rest.split_once('"')?.0.to_owned())
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

fn too_large() -> PageError {
    PageError::new(StatusCode::PAYLOAD_TOO_LARGE, "That is more than 1 MB.", "Choose a smaller picture.")
}

fn unreadable() -> PageError {
    PageError::new(
        StatusCode::BAD_REQUEST,
        "The form could not be read.",
        "Go back, load the page again and send it once more.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = b"--x1\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\ntoken\r\n--x1\r\n\
        Content-Disposition: form-data; name=\"picture\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n--x\r\n--x1--\r\n";

    #[test]
    fn a_form_with_a_file_is_read_part_by_part() {
        let parts = split(BODY, "x1").unwrap();
        assert_eq!(parts[0], ("csrf".to_owned(), b"token".as_slice()));
        assert_eq!(parts[1], ("picture".to_owned(), b"\x89PNG\r\n--x".as_slice()));
    }

    #[test]
    fn a_torn_body_is_refused_and_never_panics() {
        for length in 0..BODY.len() - 4 {
            assert!(split(&BODY[..length], "x1").is_none(), "{length}");
        }
        assert!(boundary("multipart/form-data; boundary=").is_none());
        assert!(boundary("application/x-www-form-urlencoded").is_none());
        assert_eq!(boundary("multipart/form-data; boundary=\"x1\"").as_deref(), Some("x1"));
    }
}
