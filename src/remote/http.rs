//! Requests: redirects, waiting, retries, and what a server may not do.
//!
//! Redirects are followed here, not by the HTTP library: a token goes to the hub alone,
//! the range goes with every redirect, and only the redirects of a hub say which commit
//! and which file they mean.

use std::io::Read;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use ureq::http::{HeaderMap, Response, Uri};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, BodyReader, Proxy, ProxyProtocol};

use super::cost::Cost;
use super::fault::{Fault, Kind};
use super::url::Url;
use crate::report::number::grouped;
use crate::text::{clip, visible};

/// How long a server may take, and how often it is asked.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// To connect.
    pub connect: Duration,
    /// Without a byte.
    pub idle: Duration,
    /// For the whole body of an answer.
    pub body: Duration,
    /// How often a request is sent if the server is busy or breaks off.
    pub tries: u32,
    /// The first pause between two tries; each further one is twice as long.
    pub pause: Duration,
    /// The longest pause, even if the server asks for more.
    pub longest_pause: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(15),
            idle: Duration::from_secs(30),
            body: Duration::from_secs(600),
            tries: 4,
            pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(20),
        }
    }
}

/// At most this many redirects are followed.
const REDIRECTS: usize = 8;

/// The hub, and the user's token for it.
#[derive(Clone)]
pub struct Hub {
    pub(super) address: Url,
    pub(super) token: Option<String>,
}

impl Hub {
    pub(super) fn is_host_of(&self, url: &Url) -> bool {
        self.address.origin() == url.origin()
    }
}

/// A client of HTTP.
pub struct Http {
    agent: Agent,
    hub: Hub,
    limits: Limits,
    /// Whether plain HTTP may go to any host.
    insecure: bool,
}

/// A request.
pub struct Ask<'a> {
    pub url: &'a Url,
    pub range: Option<Range<u64>>,
    /// The answer may be 304 if the file still has this ETag.
    pub unless: Option<&'a str>,
    pub cost: &'a Arc<Cost>,
}

/// What a hub says on the redirect to a file. The other end of it says something else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Linked {
    pub etag: Option<String>,
    pub size: Option<u64>,
    pub commit: Option<String>,
}

/// The answer to a request.
pub struct Reply {
    /// Where the last redirect led.
    pub url: Url,
    pub status: u16,
    pub linked: Linked,
    headers: HeaderMap,
    body: Body,
    /// Whether redirects were left that nobody wanted to follow.
    pub is_redirect: bool,
}

/// A part of a file.
pub struct Part {
    pub total: u64,
    pub etag: Option<String>,
    pub body: Body,
}

/// The bytes of an answer, as many as were asked for.
pub struct Body {
    reader: BodyReader<'static>,
    left: u64,
    host: String,
    limits: Limits,
    cost: Arc<Cost>,
}

impl Http {
    pub fn new(hub: Hub, limits: Limits, insecure: bool, trusted: Option<RootCerts>) -> Self {
        let trusted = trusted.unwrap_or(RootCerts::WebPki);
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .accept_encoding("identity")
            .user_agent(concat!("embcli/", env!("CARGO_PKG_VERSION")))
            .tls_config(TlsConfig::builder().root_certs(trusted).build())
            .timeout_resolve(Some(limits.connect))
            .timeout_connect(Some(limits.connect))
            .timeout_recv_response(Some(limits.idle))
            .timeout_per_read(Some(limits.idle))
            .timeout_per_write(Some(limits.idle))
            .timeout_recv_body(Some(limits.body))
            .build();
        Self { agent: config.into(), hub, limits, insecure }
    }

    /// Sends a request and follows redirects, as long as `follows` agrees to what the
    /// hub says on them.
    pub fn get(&self, ask: &Ask, follows: &dyn Fn(&Linked) -> bool) -> Result<Reply, Fault> {
        let (mut url, mut linked) = (ask.url.clone(), Linked::default());
        for _ in 0..=REDIRECTS {
            let response = self.hop(ask, &url)?;
            let status = response.status().as_u16();
            let (parts, body) = response.into_parts();
            let headers = parts.headers;
            if self.hub.is_host_of(&url) {
                linked.read(&headers);
            }
            let target =
                headers.get("location").filter(|_| matches!(status, 301 | 302 | 303 | 307 | 308));
            let mut is_redirect = false;
            if let Some(target) = target {
                let target = target.to_str().ok().map(|target| url.redirect(target));
                let to = target.unwrap_or_else(|| Err(Fault::new("the address is not ASCII")));
                let to =
                    to.map_err(|fault| Fault::new(format!("{}: redirect: {fault}", url.host)))?;
                url = to;
                is_redirect = true;
                if follows(&linked) {
                    continue;
                }
            }
            let reader = body.into_reader();
            let (host, cost) = (url.host.clone(), Arc::clone(ask.cost));
            let body = Body { reader, left: 0, host, limits: self.limits, cost };
            return Ok(Reply { url, status, linked, headers, body, is_redirect });
        }
        Err(Fault::new(format!("{}: more than {REDIRECTS} redirects", ask.url.host)))
    }

    /// Sends one request, again if the server is busy.
    fn hop(&self, ask: &Ask, url: &Url) -> Result<Response<ureq::Body>, Fault> {
        if !url.is_https && !url.is_loopback() && !self.insecure {
            return Err(Fault::new(format!(
                "{} is asked over plain http, where anyone on the way can change the file: use \
                 https, or --insecure-http",
                url.host
            )));
        }
        let proxy = self.proxy(url);
        if proxy.is_some_and(|proxy| {
            !matches!(proxy.protocol(), ProxyProtocol::Http | ProxyProtocol::Https)
        }) {
            return Err(Fault::new("the proxy of the environment speaks SOCKS: use one of HTTP"));
        }
        let mut pause = self.limits.pause;
        let mut tries = 1;
        loop {
            let request = self.agent.get(url.whole());
            // A proxy does not lead to this machine.
            let mut request = match url.is_loopback() {
                true => request.config().proxy(None).build(),
                false => request,
            };
            if let Some(range) = &ask.range {
                let last = range.end.saturating_sub(1);
                request = request.header("Range", format!("bytes={}-{last}", range.start));
            }
            if let Some(etag) = ask.unless {
                request = request.header("If-None-Match", etag);
            }
            if let Some(token) = &self.hub.token
                && self.hub.is_host_of(url)
                && (url.is_https || url.is_loopback())
            {
                request = request.header("Authorization", format!("Bearer {token}"));
            }
            ask.cost.request();
            let mut wait = None;
            let problem = match request.call() {
                Ok(response) => {
                    let status = response.status().as_u16();
                    if !matches!(status, 408 | 429 | 500 | 502 | 503 | 504) {
                        return Ok(response);
                    }
                    let after = response.headers().get("retry-after");
                    let after = after.and_then(|after| after.to_str().ok()?.trim().parse().ok());
                    wait = after.map(Duration::from_secs);
                    Fault::broken(format!("{} answers {}", url.host, named(status)))
                }
                Err(error) => match (worded(&error, &url.host, &self.limits), proxy) {
                    (fault, Some(proxy)) if fault.kind == Kind::Other => {
                        Fault::new(format!("{fault} (through the proxy {})", proxy.host()))
                    }
                    (fault, _) => fault,
                },
            };
            if tries >= self.limits.tries || problem.kind != Kind::Broken {
                let times = if tries > 1 { format!(", {tries} times") } else { String::new() };
                return Err(Fault::new(format!("{problem}{times}")));
            }
            std::thread::sleep(wait.unwrap_or(pause).min(self.limits.longest_pause));
            tries += 1;
            pause *= 2;
        }
    }

    /// The proxy to a host, if the environment has one.
    fn proxy(&self, url: &Url) -> Option<&Proxy> {
        let uri: Uri = url.whole().parse().ok()?;
        let proxy = self.agent.config().proxy()?;
        (!url.is_loopback() && !proxy.is_no_proxy(&uri)).then_some(proxy)
    }
}

/// An error of the HTTP library. Its own messages may quote an address.
fn worded(error: &ureq::Error, host: &str, limits: &Limits) -> Fault {
    use std::io::ErrorKind::{
        BrokenPipe, ConnectionAborted, ConnectionReset, InvalidData, UnexpectedEof,
    };
    use ureq::{Error, Timeout};
    match error {
        Error::Timeout(Timeout::Resolve | Timeout::Connect) => {
            Fault::new(format!("{host} can't be reached in {:?}", limits.connect))
        }
        Error::Timeout(Timeout::RecvBody) => {
            Fault::new(format!("{host} is too slow: an answer took {:?}", limits.body))
        }
        Error::Timeout(_) => {
            Fault::new(format!("{host} sends nothing for {:?}: try again later", limits.idle))
        }
        Error::HostNotFound => {
            Fault::new(format!("no host is called {host}, or there is no network"))
        }
        Error::Io(error) => match error.kind() {
            ConnectionReset | ConnectionAborted | UnexpectedEof | BrokenPipe => {
                Fault::broken(format!("{host} broke the connection"))
            }
            InvalidData => Fault::new(format!(
                "no secure connection to {host}: {error} (SSL_CERT_FILE names other authorities)"
            )),
            // An error of the library inside.
            _ => match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
                Some(inner) => worded(inner, host, limits),
                None => Fault::new(format!("{host} can't be reached: {error}")),
            },
        },
        Error::Rustls(error) => Fault::new(format!("no secure connection to {host}: {error}")),
        Error::Tls(error) => Fault::new(format!("no secure connection to {host}: {error}")),
        Error::Protocol(_) => Fault::broken(format!("{host} does not speak HTTP as it should")),
        Error::LargeResponseHeader(..) => Fault::new(format!("{host} sends headers without end")),
        Error::ConnectProxyFailed(_) | Error::InvalidProxyUrl => {
            Fault::new(format!("the proxy does not lead to {host}"))
        }
        _ => Fault::new(format!("{host} can't be asked")),
    }
}

fn named(status: u16) -> String {
    let status = ureq::http::StatusCode::from_u16(status).ok();
    status.map_or_else(String::new, |status| status.to_string())
}

impl Linked {
    fn read(&mut self, headers: &HeaderMap) {
        let text = |name| headers.get(name)?.to_str().ok().map(str::to_owned);
        self.etag = text("x-linked-etag").or(self.etag.take());
        self.size = text("x-linked-size").and_then(|size| size.parse().ok()).or(self.size);
        let is_commit = |commit: &String| super::hub::is_commit(commit);
        self.commit = text("x-repo-commit").filter(is_commit).or(self.commit.take());
    }
}

impl Reply {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// What tells one version of the file from another.
    fn etag(&self) -> Option<String> {
        self.header("etag").or_else(|| self.header("last-modified")).map(str::to_owned)
    }

    /// The part of the file that was asked for.
    pub fn part(mut self, wanted: &Range<u64>) -> Result<Part, Fault> {
        let host = self.url.host.clone();
        match self.status {
            206 => {}
            200 => {
                let length = self.header("content-length").and_then(|n| n.parse().ok());
                let length = length.map(|n: u64| format!(" of {} bytes", grouped(n)));
                return Err(Fault::new(format!(
                    "{host} ignores ranges and would send the whole file{}: download it, and name \
                     the file",
                    length.unwrap_or_default()
                )));
            }
            416 => {
                let Range { start, end } = wanted;
                return Err(Fault::new(format!(
                    "{host} has no bytes {start} to {} (416): the file is empty, or changed",
                    end.saturating_sub(1)
                )));
            }
            _ => return Err(self.refusal()),
        }
        self.is_plain()?;
        let stated = self.header("content-range").unwrap_or_default();
        let range = stated.strip_prefix("bytes ").and_then(|range| {
            let (range, total) = range.split_once('/')?;
            let (first, last) = range.split_once('-')?;
            let number = |text: &str| text.trim().parse::<u64>().ok();
            Some((number(first)?, number(last)?.checked_add(1)?, number(total)?))
        });
        let total = match range {
            Some((first, end, total))
                if first == wanted.start && end == wanted.end.min(total) && first < end =>
            {
                total
            }
            _ => {
                let (stated, start) = (clip(&visible(stated), 64).into_owned(), wanted.start);
                return Err(Fault::new(format!(
                    "{host} answers with another range, \"{stated}\", where {start} to {} was \
                     asked for",
                    wanted.end.saturating_sub(1)
                )));
            }
        };
        self.body.left = wanted.end.min(total) - wanted.start;
        Ok(Part { total, etag: self.etag(), body: self.body })
    }

    /// A whole file of at most `most` bytes, and its ETag.
    pub fn whole(mut self, most: u64) -> Result<(Vec<u8>, Option<String>), Fault> {
        if self.status != 200 {
            return Err(self.refusal());
        }
        self.is_plain()?;
        let length = self.header("content-length").and_then(|n| n.parse::<u64>().ok());
        let too_long = || {
            Fault::new(format!(
                "{} sends more than {} bytes: --max-fetch allows more",
                self.url.host,
                grouped(most)
            ))
        };
        if length.is_some_and(|length| length > most) {
            return Err(too_long());
        }
        let etag = self.etag();
        let mut bytes = Vec::new();
        self.body.left = most + 1;
        while self.body.left > 0 {
            match self.body.some(&mut bytes, 1 << 16)? {
                0 => break,
                _ => continue,
            }
        }
        match length {
            _ if bytes.len() as u64 > most => Err(too_long()),
            Some(length) if length != bytes.len() as u64 => {
                Err(Fault::broken(format!("{} broke off", self.url.host)))
            }
            _ => Ok((bytes, etag)),
        }
    }

    fn is_plain(&self) -> Result<(), Fault> {
        match self.header("content-encoding") {
            None | Some("identity") => Ok(()),
            Some(_) => Err(Fault::new(format!(
                "{} sends the file compressed, although it was asked not to",
                self.url.host
            ))),
        }
    }

    fn refusal(&self) -> Fault {
        let host = &self.url.host;
        let code = self.header("x-error-code").unwrap_or_default();
        match (self.status, code) {
            (_, "GatedRepo") => Fault::new(format!(
                "the repository is gated: accept its terms on {host}, and set HF_TOKEN"
            )),
            (404, "RevisionNotFound") => Fault::absent(format!("{host} has no such revision")),
            (401 | 404, "RepoNotFound") | (401, _) => Fault::absent(format!(
                "{host} has no such repository, or it is private ({}): HF_TOKEN is the token for \
                 the hub",
                self.status
            )),
            (404 | 410, _) => Fault::absent(format!("{host} has no such file ({})", self.status)),
            (403, _) => Fault::new(format!("{host} refuses the file (403)")),
            (status, _) => Fault::new(format!("{host} answers {}", named(status))),
        }
    }
}

impl Body {
    /// Appends some bytes, at most `most`; 0 at the end of what was asked for.
    pub fn some(&mut self, bytes: &mut Vec<u8>, most: usize) -> Result<usize, Fault> {
        let before = bytes.len();
        let most = most.min(usize::try_from(self.left).unwrap_or(usize::MAX));
        bytes.resize(before + most, 0);
        let read = self.read(&mut bytes[before..]);
        bytes.truncate(before + *read.as_ref().unwrap_or(&0));
        read
    }

    /// How many bytes are left.
    pub fn left(&self) -> u64 {
        self.left
    }

    /// Reads some bytes; 0 only at the end of what was asked for, or of the answer.
    fn read(&mut self, buf: &mut [u8]) -> Result<usize, Fault> {
        if buf.is_empty() {
            return Ok(0);
        }
        let n = self.reader.read(buf).map_err(|error| {
            match worded(&ureq::Error::Io(error), &self.host, &self.limits) {
                fault if fault.kind == Kind::Broken => self.short(),
                fault => fault,
            }
        })?;
        self.left -= n as u64;
        self.cost.bytes(n as u64);
        if n > 0 && self.left == 0 {
            // The library keeps a connection for the next request if its body is at its
            // end, and sees that only when it is read.
            let _ = self.reader.read(&mut [0]);
        }
        Ok(n)
    }

    /// Appends all bytes that are left.
    pub fn all(&mut self, bytes: &mut Vec<u8>) -> Result<(), Fault> {
        while self.left > 0 {
            if self.some(bytes, 1 << 16)? == 0 {
                return Err(self.short());
            }
        }
        Ok(())
    }

    /// That the body ended too early.
    pub fn short(&self) -> Fault {
        Fault::broken(format!("{} broke off with {} bytes to go", self.host, grouped(self.left)))
    }
}
