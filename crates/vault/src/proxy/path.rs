//! Paths and queries of calls: read once, refused where two readers could read them differently (threats 147, 151).
//!
//! Promise: what is judged is what is sent, byte for byte. Where a service might still read a path in another way (an encoded slash,
//! a matrix parameter, doubled encoding), the other readings are kept beside it and judged as well.

use std::fmt::Write as _;

/// How often something may be encoded within something.
const DEEPEST_CODING: usize = 3;
const LONGEST: usize = 16 << 10;

/// A path as it is sent, and all ways in which it may be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    sent: String,
    readings: Vec<String>,
}

/// Why a path or query is refused: a fixed sentence.
pub type Wrong = &'static str;

impl Path {
    /// Reads a path as it stands in a request line. It begins with `/`.
    pub fn read(text: &str) -> Result<Path, Wrong> {
        if text.len() > LONGEST {
            return Err("the path is too long");
        }
        if !text.starts_with('/') {
            return Err("the path does not begin with /");
        }
        let sent = canonical(text)?;
        let mut readings = vec![sent.clone()];
        let mut reading = sent.clone();
        for _ in 0..DEEPEST_CODING {
            let decoded = decoded(&reading)?;
            check_segments(&decoded)?;
            let plain = without_parameters(&decoded);
            check_segments(&plain)?;
            for other in [&decoded, &plain] {
                if !readings.contains(other) {
                    readings.push(other.clone());
                }
            }
            if decoded == reading {
                return Ok(Path { sent, readings });
            }
            reading = decoded;
        }
        Err("the path is encoded again and again")
    }

    /// What goes out.
    pub fn sent(&self) -> &str {
        &self.sent
    }

    /// Every way in which it may be read; the first is what is sent.
    pub fn readings(&self) -> &[String] {
        &self.readings
    }

    /// The same below a prefix that a descriptor names.
    #[must_use]
    pub fn below(&self, base: &str) -> Path {
        if base.is_empty() {
            return self.clone();
        }
        let put = |path: &String| format!("{base}{path}");
        Path { sent: put(&self.sent), readings: self.readings.iter().map(put).collect() }
    }
}

/// Reads a query as it stands in a request line, without its `?`.
pub fn read_query(text: &str) -> Result<String, Wrong> {
    if text.len() > LONGEST {
        return Err("the query is too long");
    }
    let mut sent = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'#' | b'\\' => return Err("the query holds a character that must be encoded"),
            b' ' | b'"' | b'\'' | b'<' | b'>' | b'`' | b'^' | b'{' | b'|' | b'}' | 0x80.. => {
                encode(&mut sent, byte);
            }
            0x21..=0x7e => sent.push(byte as char),
            _ => return Err("the query holds a control character"),
        }
    }
    if url::form_urlencoded::parse(sent.as_bytes()).any(|(name, _)| is_override(&name)) {
        return Err("the query names another method");
    }
    Ok(sent)
}

/// Names under which frameworks take another method than the one of the request.
pub fn is_override(name: &str) -> bool {
    let name = name.trim().to_ascii_lowercase().replace('_', "-");
    matches!(
        name.as_str(),
        "-method" | "x-http-method" | "x-http-method-override" | "x-method-override" | "$method" | "$.xhttpmethod"
    )
}

/// Letters, digits and marks that need no encoding are decoded, all else is encoded in one way.
fn canonical(text: &str) -> Result<String, Wrong> {
    let mut sent = String::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => {
                let (high, low) = (bytes.next().and_then(digit), bytes.next().and_then(digit));
                let (Some(high), Some(low)) = (high, low) else { return Err("the path holds a broken encoding") };
                let byte = high << 4 | low;
                if is_unreserved(byte) { sent.push(byte as char) } else { encode(&mut sent, byte) }
            }
            b'\\' => return Err("the path holds a backslash"),
            b'?' | b'#' => return Err("the path holds a character that must be encoded"),
            b' ' | b'"' | b'<' | b'>' | b'`' | b'^' | b'{' | b'|' | b'}' | 0x80.. => encode(&mut sent, byte),
            0x21..=0x7e => sent.push(byte as char),
            _ => return Err("the path holds a control character"),
        }
    }
    check_segments(&sent)?;
    Ok(sent)
}

/// No segment is empty (but the last), and none of them leads upwards.
fn check_segments(path: &str) -> Result<(), Wrong> {
    if path.bytes().any(|byte| byte.is_ascii_control()) {
        return Err("the path holds a control character");
    }
    if path.contains('\\') {
        return Err("the path holds a backslash");
    }
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let name = segment.split(';').next().unwrap_or_default();
        if matches!(name, "." | "..") {
            return Err("the path leads upwards");
        }
        if segment.is_empty() && segments.peek().is_some() {
            return Err("the path holds an empty segment");
        }
    }
    Ok(())
}

/// One layer of encoding less. A `%` that encodes nothing stays, as a lenient reader would have it.
fn decoded(text: &str) -> Result<String, Wrong> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        let pair = match after {
            [high, low, ..] if *byte == b'%' => digit(*high).zip(digit(*low)),
            _ => None,
        };
        if let Some((high, low)) = pair {
            out.push(high << 4 | low);
            rest = after.get(2..).unwrap_or_default();
        } else {
            out.push(*byte);
            rest = after;
        }
    }
    // What is no text is read as a lenient reader would; overlong forms of `/` and `.` are no text.
    if out.windows(2).any(|pair| matches!(pair, [0xc0 | 0xc1, _])) {
        return Err("the path holds a broken encoding");
    }
    Ok(String::from_utf8_lossy(&out).into_owned())
}

/// The path without `;parameters`.
fn without_parameters(path: &str) -> String {
    path.split('/').map(|segment| segment.split(';').next().unwrap_or_default()).collect::<Vec<_>>().join("/")
}

fn digit(byte: u8) -> Option<u8> {
    (byte as char).to_digit(16).map(|digit| digit as u8)
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

fn encode(sent: &mut String, byte: u8) {
    let _ = write!(sent, "%{byte:02X}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn threat_147_and_151_what_two_readers_could_read_differently_is_refused() {
        for bad in [
            "",
            "v3",
            "//evil.test/x",
            "/a//b",
            "/a/../b",
            "/a/./b",
            "/..",
            "/a/%2e%2e/b",
            "/a/%2E./b",
            "/a/.%2e",
            "/a%2f..%2fb",
            "/a/%252e%252e/b",
            "/a%252f..%252fb",
            "/a\\b",
            "/a%5cb",
            "/a%255cb",
            "/a%00",
            "/a%0d%0ab",
            "/a\r\nb",
            "/a\tb",
            "/a?b",
            "/a#b",
            "/a%",
            "/a%2",
            "/a%zz",
            "/..;x/b",
            "/a/..%3bx/b",
            "/%c0%ae%c0%ae/x",
            "/a%25252525252fb",
            "/a/%2f/b",
            "/a/;x/b",
        ] {
            assert!(Path::read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_path_has_one_form_and_its_other_readings() {
        let read = |text: &str| Path::read(text).unwrap();
        assert_eq!(read("/v3/%65vents/%7ea").sent(), "/v3/events/~a");
        assert_eq!(read("/a%3ab").sent(), "/a%3Ab");
        assert_eq!(read("/a b/ü").sent(), "/a%20b/%C3%BC");
        assert_eq!(read("/projects/group%2fname").readings(), ["/projects/group%2Fname", "/projects/group/name"]);
        assert_eq!(read("/events;v=1/x").readings(), ["/events;v=1/x", "/events/x"]);
        assert_eq!(read("/a%2541").readings(), ["/a%2541", "/a%41", "/aA"]);
        assert_eq!(read("/x/").readings(), ["/x/"]);
        assert_eq!(read("/x").below("/base").readings(), ["/base/x"]);
    }

    #[test]
    fn a_query_keeps_its_words_and_names_no_method() {
        assert_eq!(read_query("a=1&b=%20+x").unwrap(), "a=1&b=%20+x");
        assert_eq!(read_query("q=a b'").unwrap(), "q=a%20b%27");
        for bad in
            ["a#b", "a=\r\nx", "_method=DELETE", "a=1&_Method=x", "x-http-method-override=PUT", "%5Fmethod=PUT", "a\\b"]
        {
            assert!(read_query(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_once_reads_the_same_again(text in "/[ -~]{0,40}", query in "[ -~]{0,40}") {
            if let Ok(path) = Path::read(&text) {
                prop_assert_eq!(Path::read(path.sent()).unwrap(), path.clone());
                let query = read_query(&query).unwrap_or_default();
                let url = format!("https://api.test{}?{query}", path.sent());
                let parsed = url::Url::parse(&url).unwrap();
                prop_assert_eq!(parsed.as_str(), &url, "no other reader changes it");
            }
        }

        #[test]
        fn no_reading_leads_upwards(text in "/([a.%25;/\\\\]|2e|2f|%2e|%2f|%5c|\\.\\.){0,12}") {
            if let Ok(path) = Path::read(&text) {
                for reading in path.readings() {
                    prop_assert!(reading.split('/').all(|part| part != ".." && part != "."), "{reading}");
                    prop_assert!(!reading.contains("//") && !reading.contains('\\'), "{reading}");
                }
            }
        }
    }
}
