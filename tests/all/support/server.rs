//! A web server on this machine, which can also do what a server should not.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    /// The path with its query.
    pub path: String,
    /// The headers, with names in lower case.
    headers: Vec<(String, String)>,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| &**value)
    }

    /// The first byte that is asked for, and the last.
    pub fn range(&self) -> Option<(u64, u64)> {
        let (first, last) = self.header("range")?.strip_prefix("bytes=")?.split_once('-')?;
        Some((first.parse().unwrap(), last.parse().unwrap()))
    }
}

/// An answer.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// Sends so many bytes of the body and closes the connection.
    cut: Option<usize>,
    /// Repeats the body until the client goes.
    is_endless: bool,
    /// Sends nothing, and waits until the client goes.
    is_silent: bool,
    /// Sends so many bytes of the body, and waits until the client goes.
    stall: Option<usize>,
}

impl Reply {
    pub fn status(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    /// The whole body, whatever range was asked for.
    pub fn whole(body: impl Into<Vec<u8>>) -> Self {
        Self { status: 200, body: body.into(), ..Self::default() }
    }

    /// The range that was asked for, as a server should send it; 304 if the client has it.
    pub fn of(request: &Request, file: &[u8], etag: &str) -> Self {
        let etag = format!("\"{etag}\"");
        if request.header("if-none-match") == Some(&etag) {
            return Self::status(304).with("ETag", &etag);
        }
        let Some((first, last)) = request.range() else {
            return Self::whole(file).with("ETag", &etag);
        };
        let (len, end) = (file.len() as u64, last.saturating_add(1).min(file.len() as u64));
        if first >= len {
            return Self::status(416).with("Content-Range", format!("bytes */{len}"));
        }
        let body = file[first as usize..end as usize].to_vec();
        let range = format!("bytes {first}-{}/{len}", end - 1);
        Self { status: 206, body, ..Self::default() }
            .with("ETag", &etag)
            .with("Content-Range", range)
    }

    pub fn redirect(to: impl Into<String>) -> Self {
        Self::status(302).with("Location", to.into())
    }

    /// Sends nothing, and waits until the client goes.
    pub fn silent() -> Self {
        Self { is_silent: true, ..Self::default() }
    }

    /// With this header; an earlier one of this name goes.
    pub fn with(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.headers.retain(|(key, _)| key != name);
        self.headers.push((name.to_owned(), value.as_ref().to_owned()));
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(key, _)| key != name);
        self
    }

    /// Breaks off after so many bytes of the body.
    pub fn cut_after(self, bytes: usize) -> Self {
        Self { cut: Some(bytes), ..self }
    }

    /// Waits after so many bytes of the body until the client goes.
    pub fn stalled_after(self, bytes: usize) -> Self {
        Self { stall: Some(bytes), ..self }
    }

    /// Repeats the body until the client goes.
    pub fn endless(self) -> Self {
        Self { is_endless: true, ..self }
    }
}

type Handler = dyn Fn(&Request, usize) -> Reply + Send + Sync;

#[derive(Default)]
struct Seen {
    requests: Mutex<Vec<Request>>,
    /// The bytes of bodies that were handed to the system.
    sent: AtomicU64,
    is_over: AtomicBool,
}

/// A server that runs until it is dropped.
pub struct Server {
    address: SocketAddr,
    seen: Arc<Seen>,
}

impl Server {
    /// Starts a server. The handler gets each request, and how many came before it.
    pub fn new(handler: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, seen) = (listener.local_addr().unwrap(), Arc::new(Seen::default()));
        let (handler, shared): (Arc<Handler>, _) = (Arc::new(handler), Arc::clone(&seen));
        thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.is_over.load(Ordering::Relaxed) {
                    break;
                }
                let (handler, shared) = (Arc::clone(&handler), Arc::clone(&shared));
                // A client that goes is no error.
                thread::spawn(move || drop(serve(stream.unwrap(), &*handler, &shared)));
            }
        });
        Self { address, seen }
    }

    /// A server with one file, at any path.
    pub fn with(file: impl Into<Vec<u8>>) -> Self {
        let file = file.into();
        Self::new(move |request, _| Reply::of(request, &file, "one"))
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<Request> {
        self.seen.requests.lock().unwrap().clone()
    }

    /// The requests since the last call.
    pub fn take_requests(&self) -> Vec<Request> {
        std::mem::take(&mut self.seen.requests.lock().unwrap())
    }

    /// The bytes of bodies that were handed to the system, which may be more than the
    /// client reads.
    pub fn sent(&self) -> u64 {
        self.seen.sent.load(Ordering::Relaxed)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.seen.is_over.store(true, Ordering::Relaxed);
        // Wakes the thread that waits for a client.
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(mut stream: TcpStream, handler: &Handler, seen: &Seen) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    while let Some(request) = read(&mut reader)? {
        let before = {
            let mut requests = seen.requests.lock().unwrap();
            requests.push(request.clone());
            requests.len() - 1
        };
        let reply = handler(&request, before);
        if reply.is_silent {
            reader.read_to_end(&mut Vec::new())?;
            return Ok(());
        }
        let mut head = format!("HTTP/1.1 {} X\r\n", reply.status);
        let has_length = reply.headers.iter().any(|(name, _)| name == "Content-Length");
        if !reply.is_endless && !has_length && reply.status != 304 {
            head += &format!("Content-Length: {}\r\n", reply.body.len());
        }
        for (name, value) in &reply.headers {
            head += &format!("{name}: {value}\r\n");
        }
        stream.write_all((head + "\r\n").as_bytes())?;
        let end = reply.cut.or(reply.stall).unwrap_or(usize::MAX);
        let body = &reply.body[..end.min(reply.body.len())];
        loop {
            for piece in body.chunks(1 << 14) {
                stream.write_all(piece)?;
                seen.sent.fetch_add(piece.len() as u64, Ordering::Relaxed);
            }
            if !reply.is_endless {
                break;
            }
        }
        if reply.stall.is_some() {
            reader.read_to_end(&mut Vec::new())?;
        }
        if reply.cut.or(reply.stall).is_some() {
            return Ok(());
        }
    }
    Ok(())
}

fn read(reader: &mut impl BufRead) -> std::io::Result<Option<Request>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let path = line.split_whitespace().nth(1).unwrap_or_default().to_owned();
    let mut headers = Vec::new();
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    Ok(Some(Request { path, headers }))
}
