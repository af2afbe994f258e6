//! Addresses on the web: parsed, joined, and shown without their query.
//!
//! A query may be a signature, which opens the file to everyone who reads it. So what is
//! displayed of an address never has it.

use std::fmt;
use std::path::PathBuf;
use std::sync::Mutex;

use super::fault::Fault;
use crate::store::is_address;

/// An `http` or `https` address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    pub(super) is_https: bool,
    /// In lower case; an IPv6 address has its brackets.
    pub(super) host: String,
    pub(super) port: u16,
    /// It begins with a slash.
    path: String,
    query: Option<String>,
}

impl Url {
    /// Parses an absolute address.
    ///
    /// # Errors
    /// If it is of another scheme, has a password, or is malformed.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let bad = |why: &str| Err(Fault::new(format!("the address {why}")));
        let Some((scheme, rest)) = text.split_once("://") else { return bad("has no scheme") };
        let is_https = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return bad("is neither https:// nor http:// nor hf://"),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(end);
        if authority.contains('@') {
            return bad("has a user name or a password in it, which embcli does not send");
        }
        let has_port = authority.rfind(':').filter(|at| !authority[*at..].contains(']'));
        let (host, port) = match has_port {
            Some(at) => (&authority[..at], authority[at + 1..].parse().ok()),
            None => (authority, Some(if is_https { 443 } else { 80 })),
        };
        let Some(port) = port else { return bad("has no valid port") };
        let host = host.to_ascii_lowercase();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
        let inside = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let is_host = match inside {
            Some(v6) => v6.chars().all(|c| c.is_ascii_hexdigit() || ":.".contains(c)),
            None => host.chars().all(is_plain),
        };
        if host.is_empty() || !is_host {
            return bad("has no valid host");
        }
        let rest = rest.split('#').next().unwrap_or_default();
        let (path, query) = match rest.split_once('?') {
            Some((path, query)) => (path, Some(encoded(query, "%/?"))),
            None => (rest, None),
        };
        let path = if path.is_empty() { "/".to_owned() } else { encoded(path, "%/") };
        Ok(Self { is_https, host, port, path, query })
    }

    /// The address that a redirect from this one leads to.
    ///
    /// # Errors
    /// If it is no address, or of plain http after https.
    pub(super) fn redirect(&self, reference: &str) -> Result<Self, Fault> {
        match self.join(reference)? {
            to if self.is_https && !to.is_https => {
                Err(Fault::new(format!("to {} over plain http: refused", to.host)))
            }
            to => Ok(to),
        }
    }

    fn join(&self, reference: &str) -> Result<Self, Fault> {
        if let Some(rest) = reference.strip_prefix("//") {
            return Self::parse(&format!("{}://{rest}", self.scheme()));
        }
        if reference.split(['/', '?', '#']).next().is_some_and(|first| first.contains(':')) {
            return Self::parse(reference);
        }
        let path = match reference.strip_prefix('/') {
            Some(path) => path.to_owned(),
            None => format!("{}{reference}", &self.folder()[1..]),
        };
        Self::parse(&format!("{}/{path}", self.origin()))
    }

    /// The file with another name in the same folder, with the same query.
    pub(super) fn sibling(&self, name: &str) -> Self {
        self.with_path(format!("{}{}", self.folder(), encoded(name, "")))
    }

    pub(super) fn with_path(&self, path: String) -> Self {
        Self { path, ..self.clone() }
    }

    /// The path up to its last slash.
    fn folder(&self) -> &str {
        &self.path[..=self.path.rfind('/').unwrap_or_default()]
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// The last part of the path, decoded.
    pub(super) fn file_name(&self) -> String {
        decoded(&self.path[self.folder().len()..])
    }

    fn scheme(&self) -> &'static str {
        if self.is_https { "https" } else { "http" }
    }

    /// Scheme, host and port.
    pub(super) fn origin(&self) -> String {
        let usual = if self.is_https { 443 } else { 80 };
        match self.port == usual {
            true => format!("{}://{}", self.scheme(), self.host),
            false => format!("{}://{}:{}", self.scheme(), self.host, self.port),
        }
    }

    pub(super) fn is_loopback(&self) -> bool {
        let v4: Option<std::net::Ipv4Addr> = self.host.parse().ok();
        v4.is_some_and(|v4| v4.is_loopback()) || matches!(self.host.as_str(), "localhost" | "[::1]")
    }

    /// The whole address, for a request. It must not get into a message.
    pub(super) fn whole(&self) -> String {
        let query = self.query.as_ref().map(|query| format!("?{query}"));
        format!("{self}{}", query.unwrap_or_default())
    }
}

/// Without the query.
impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin(), self.path)
    }
}

/// A text with the bytes percent-encoded that an address can't have. `kept` are further
/// characters that stay as they are.
pub(super) fn encoded(text: &str, kept: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match char::from(byte) {
            c if c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@".contains(c) => out.push(c),
            c if kept.contains(c) => out.push(c),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// A text without percent-encoding.
pub(super) fn decoded(text: &str) -> String {
    let (mut out, mut rest) = (Vec::new(), text.as_bytes());
    while let [first, after @ ..] = rest {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let byte = hex.filter(|_| *first == b'%').and_then(|hex| u8::from_str_radix(hex, 16).ok());
        rest = if byte.is_some() { &after[2..] } else { after };
        out.push(byte.unwrap_or(*first));
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The addresses that were typed with a query, and their queries.
static QUERIES: Mutex<Vec<(String, String)>> = Mutex::new(Vec::new());

/// A MODEL as every message and answer may show it: an address loses its query, which
/// [`with_query`] gives back.
pub fn without_query(name: PathBuf) -> PathBuf {
    match name.to_str().and_then(|text| text.split_once('?')) {
        Some((address, query)) if is_address(address.as_ref()) => {
            let mut queries = QUERIES.lock().unwrap_or_else(|poison| poison.into_inner());
            queries.push((address.to_owned(), query.to_owned()));
            address.into()
        }
        _ => name,
    }
}

/// The address with the query that it was typed with.
pub(super) fn with_query(address: &str) -> String {
    let queries = QUERIES.lock().unwrap_or_else(|poison| poison.into_inner());
    match queries.iter().find(|(typed, _)| typed == address) {
        Some((_, query)) => format!("{address}?{query}"),
        None => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_query() {
        let url = Url::parse("HTTPS://Example.com/a%20b/ü.gguf?X-Sig=secret#part").unwrap();
        assert_eq!(url.to_string(), "https://example.com/a%20b/%C3%BC.gguf");
        assert_eq!(url.whole(), "https://example.com/a%20b/%C3%BC.gguf?X-Sig=secret");
        assert_eq!(url.file_name(), "ü.gguf");
        assert_eq!(
            url.sibling("b c.gguf").whole(),
            "https://example.com/a%20b/b%20c.gguf?X-Sig=secret"
        );
        assert_eq!(Url::parse("http://[::1]:8080").unwrap().to_string(), "http://[::1]:8080/");
        let typed = without_query("https://e.com/m.gguf?key=secret".into());
        assert_eq!(typed, PathBuf::from("https://e.com/m.gguf"));
        assert_eq!(with_query("https://e.com/m.gguf"), "https://e.com/m.gguf?key=secret");
        assert_eq!(without_query("what?".into()), PathBuf::from("what?"));
    }

    #[test]
    fn references_are_joined() {
        let base = Url::parse("https://hub.co/org/m.gguf?x=1").unwrap();
        for (reference, joined) in [
            ("/api/m?y=2", "https://hub.co/api/m?y=2"),
            ("other.gguf", "https://hub.co/org/other.gguf"),
            ("//cdn.co:444/x", "https://cdn.co:444/x"),
            ("https://cdn.co/x", "https://cdn.co/x"),
        ] {
            assert_eq!(base.redirect(reference).unwrap().whole(), joined);
        }
        assert!(base.redirect("javascript:alert(1)").is_err());
        let down = base.redirect("http://cdn.co/x?sig=secret").unwrap_err().to_string();
        assert_eq!(down, "to cdn.co over plain http: refused");
    }

    #[test]
    fn what_is_no_address_is_refused_without_being_shown() {
        for text in [
            "https://user:secret@e.com/",
            "ftp://e.com/secret",
            "https://e.com:99999999/secret",
            "https:///secret",
            "https://e com/secret",
            "https://e.com:x/secret",
        ] {
            let error = Url::parse(text).unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
        for host in ["127.0.0.1", "127.9.9.9", "localhost", "[::1]"] {
            assert!(Url::parse(&format!("http://{host}/")).unwrap().is_loopback(), "{host}");
        }
        for host in ["127.0.0.1.e.com", "localhost.e.com", "10.0.0.1", "[::2]"] {
            assert!(!Url::parse(&format!("http://{host}/")).unwrap().is_loopback(), "{host}");
        }
    }
}
