//! A plain HTTP/1.1 client: one connection a request, nothing followed, nothing hidden.

use std::collections::BTreeMap;
use std::fmt;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// An answer as it came.
#[derive(Clone)]
pub struct Answer {
    pub status: u16,
    /// Lowercase names, in order.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    /// The first header of a name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// Every header of a name.
    pub fn headers(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(own, _)| own == name).map(|(_, value)| value.as_str()).collect()
    }

    /// Where a redirect leads.
    pub fn location(&self) -> &str {
        self.header("location").unwrap_or_else(|| panic!("no redirect: {self:?}"))
    }

    /// A field of the query of the redirect.
    pub fn location_field(&self, name: &str) -> Option<String> {
        let (_, query) = self.location().split_once('?')?;
        url::form_urlencoded::parse(query.as_bytes()).find(|(own, _)| own == name).map(|(_, value)| value.into_owned())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// `status error: description`, or what else the answer is: short enough for a snapshot.
    pub fn refusal(&self) -> String {
        match serde_json::from_slice::<serde_json::Value>(&self.body) {
            Ok(body) if body.get("error").is_some() => {
                let text = |name: &str| body.get(name).and_then(|value| value.as_str()).unwrap_or_default().to_owned();
                format!("{} {}: {}", self.status, text("error"), text("error_description"))
            }
            _ => format!("{}", self.status),
        }
    }

    /// The hidden and preset fields of the first form of a page that has this one.
    pub fn form_with(&self, name: &str) -> BTreeMap<String, String> {
        let page = self.text();
        let forms = page.split("<form").skip(1).map(|form| form.split("</form>").next().unwrap_or_default());
        let found = forms.map(fields).find(|fields| fields.contains_key(name));
        found.unwrap_or_else(|| panic!("no form with {name}: {page}"))
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}\n{}", self.status, self.headers, self.text())
    }
}

fn fields(form: &str) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::new();
    for tag in form.split("<input").skip(1).chain(form.split("<select").skip(1)) {
        let tag_end = tag.split('>').next().unwrap_or_default();
        let attribute = |wanted: &str| {
            let (_, rest) = tag_end.split_once(&format!("{wanted}=\""))?;
            rest.split('"').next().map(unescape)
        };
        let is_unset_choice =
            matches!(attribute("type").as_deref(), Some("radio" | "checkbox")) && !tag_end.contains("checked");
        if let Some(name) = attribute("name").filter(|_| !is_unset_choice) {
            let chosen = || {
                let (_, rest) = tag.split_once("selected").or_else(|| tag.split_once("<option"))?;
                let before = tag.get(..tag.len() - rest.len())?.rsplit_once("<option").map_or("", |(_, option)| option);
                let place = format!("{before}{}", rest.split('>').next().unwrap_or_default());
                let (_, value) = place.split_once("value=\"")?;
                value.split('"').next().map(unescape)
            };
            fields.insert(name, attribute("value").or_else(chosen).unwrap_or_default());
        }
    }
    fields
}

fn unescape(text: &str) -> String {
    text.replace("&#34;", "\"")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
        .replace("&#38;", "&")
        .replace("&#60;", "<")
        .replace("&#62;", ">")
}

/// Sends one request and reads the whole answer.
pub async fn send(address: &str, method: &str, target: &str, headers: &[(String, String)], body: &[u8]) -> Answer {
    let mut head = format!("{method} {target} HTTP/1.1\r\nConnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() || method == "POST" {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    head.push_str("\r\n");
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(body);
    raw(address, &bytes).await
}

/// Sends bytes as they are and reads the whole answer.
pub async fn raw(address: &str, bytes: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).await.expect("the server listens");
    // A server that refuses early may close before it has read everything.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    parse(&answer)
}

fn parse(bytes: &[u8]) -> Answer {
    let end = bytes
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .unwrap_or_else(|| panic!("no answer: {:?}", String::from_utf8_lossy(bytes)));
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let status =
        lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok()).expect("a status");
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let body = &bytes[end + 4..];
    let is_chunked = headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked");
    Answer { status, headers, body: if is_chunked { unchunk(body) } else { body.to_vec() } }
}

fn unchunk(mut bytes: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(line_end) = bytes.windows(2).position(|window| window == b"\r\n") {
        let size = usize::from_str_radix(String::from_utf8_lossy(&bytes[..line_end]).trim(), 16).unwrap_or(0);
        if size == 0 {
            break;
        }
        let start = line_end + 2;
        body.extend_from_slice(&bytes[start..start + size]);
        bytes = &bytes[start + size + 2..];
    }
    body
}
