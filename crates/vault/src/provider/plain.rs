//! Places without TLS: only on this computer, and only where whoever reads the descriptor says so.

use url::{Host, Url};

/// Host and port of an http URL of this computer, as descriptors write it in `hosts`: `localhost:9000`, `[::1]`. Nothing for any
/// other URL. One with `{name}` in it is never one: what is filled in could move it.
pub(super) fn host_of(text: &str) -> Option<String> {
    let url = Url::parse(text).ok().filter(|url| url.scheme() == "http" && !text.contains(['{', '}', '\\', '@']))?;
    let host = match url.host()? {
        Host::Domain(name) => (name == "localhost").then(|| name.to_owned()),
        Host::Ipv4(address) => address.is_loopback().then(|| address.to_string()),
        Host::Ipv6(address) => address.is_loopback().then(|| format!("[{address}]")),
    }?;
    Some(url.port().map_or_else(|| host.clone(), |port| format!("{host}:{port}")))
}

/// True for such a host by itself, in the one way it is written.
pub(crate) fn is_host(text: &str) -> bool {
    host_of(&format!("http://{text}/")).as_deref() == Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_computer_and_only_in_one_spelling() {
        for good in ["localhost", "localhost:8463", "127.0.0.1:9", "127.8.8.8", "[::1]:9"] {
            assert!(is_host(good), "{good}");
        }
        for bad in [
            "",
            "localhost.",
            "LOCALHOST",
            "localhost:80",
            "localhost:",
            "127.1",
            "2130706433",
            "10.0.0.1:9",
            "0.0.0.0",
            "localhost/x",
            "a@localhost",
            "localhost.evil.test",
            "{localhost",
            "[::1",
            "[0:0::1]:9",
            "[::ffff:127.0.0.1]",
        ] {
            assert!(!is_host(bad), "{bad}");
        }
        assert_eq!(host_of("http://localhost:9/a?b").as_deref(), Some("localhost:9"));
        for bad in
            ["https://localhost:9/", "http://u@localhost:9/", "http://localhost:9/{x}", "http://{x}localhost/", "/a"]
        {
            assert_eq!(host_of(bad), None, "{bad}");
        }
    }
}
