//! Models over a network: what is fetched, what is kept, and what a server may not do.
//! The server runs on this machine.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use embcli::commands::Reads;
use embcli::embedding::{TOKEN_EMBEDDING, Table};
use embcli::remote::{Access, Limits, Wire};
use embcli::store::Environment;
use serde_json::json;

use crate::support::machine::Machine;
use crate::support::run::{Outcome, assert_harmless, command};
use crate::support::server::{Reply, Request, Server};
use crate::support::{F32, Gguf, f32_bytes};

/// A machine that has fetched nothing yet, and a program on it.
struct Client(Machine);

impl Client {
    fn new() -> Self {
        Self(Machine::new())
    }

    /// Runs the binary with some variables.
    fn run_with(&self, set: &[(&str, &str)], args: &[&str]) -> Outcome {
        let home = self.0.home();
        let mut command = command();
        command.env_clear().env("COLUMNS", "80").env("HOME", home).env("USERPROFILE", home);
        command.env("LOCALAPPDATA", home).envs(set.iter().copied()).args(args);
        // Without it, Windows has no network.
        command.envs(std::env::var_os("SystemRoot").map(|root| ("SystemRoot", root)));
        let outcome = Outcome::from(command.output().unwrap());
        assert_harmless(&outcome.stderr);
        outcome
    }

    fn run(&self, args: &[&str]) -> Outcome {
        self.run_with(&[], args)
    }

    /// The answer, and the notes of the cost.
    #[track_caller]
    fn told(&self, args: &[&str]) -> (String, String) {
        told(self.run(args))
    }

    /// The folders of the cache.
    fn kept(&self) -> Vec<fs::DirEntry> {
        let cache = match () {
            () if cfg!(target_os = "macos") => "Library/Caches/embcli",
            () if cfg!(windows) => "embcli",
            () => ".cache/embcli",
        };
        fs::read_dir(self.0.path(cache)).into_iter().flatten().flatten().collect()
    }
}

#[track_caller]
fn told(Outcome { code, stdout, stderr }: Outcome) -> (String, String) {
    assert_eq!(code, Some(0), "{stderr}");
    (stdout, stderr)
}

/// The number before a word of a note.
#[track_caller]
fn number(note: &str, after: &str) -> u64 {
    let (before, _) = note.split_once(after).unwrap_or_else(|| panic!("{note}"));
    before.rsplit(' ').next().unwrap().replace(',', "").parse().unwrap_or_else(|_| panic!("{note}"))
}

/// A model with a vocabulary.
fn model(n: u32, d_model: u64) -> Gguf {
    let tokens: Vec<String> = (0..n).map(|i| format!("token{i:012}")).collect();
    let tokens: Vec<&str> = tokens.iter().map(String::as_str).collect();
    let values: Vec<f32> = (0..u64::from(n) * d_model).map(|i| (i * 7919 % 1000) as f32).collect();
    Gguf::new()
        .kv("general.architecture", "llama")
        .kv("llama.embedding_length", d_model as u32)
        .vocab("llama", &tokens)
        .table(F32, d_model, n.into(), f32_bytes(&values))
}

/// Small: the rows are near each other.
fn small() -> Vec<u8> {
    model(300, 8).build()
}

/// What may be fetched in a test.
fn access(limits: Limits) -> Access {
    let limits = Limits {
        pause: Duration::from_millis(1),
        longest_pause: Duration::from_millis(5),
        ..limits
    };
    Access { cache: None, limits, ..Access::of(&Environment::of(|_| None)) }
}

/// Opens a model in this process and reads one row.
fn row(access: Access, url: &str) -> Result<Vec<f32>, String> {
    let wire = Wire::new(access, Reads::Rows(TOKEN_EMBEDDING.to_owned())).unwrap();
    let model = wire.open(Path::new(url)).map_err(|error| format!("{error:#}"))?;
    let table = Table::open(&model, TOKEN_EMBEDDING).map_err(|error| error.to_string())?;
    table.row(5).map_err(|error| error.to_string())
}

/// The one line that says why a row can't be read. It never has a secret.
#[track_caller]
fn refused(access: Access, url: &str) -> String {
    let line = row(access, &format!("{url}?sig=SECRET")).unwrap_err();
    assert!(!line.contains('\n') && line.len() < 300 && !line.contains("SECRET"), "{line}");
    line
}

#[test]
fn a_lookup_is_the_header_and_its_rows() {
    let file = model(20_000, 2048).build();
    let header = file.len() as u64 - 20_000 * 8192;
    let (client, server) = (Client::new(), Server::with(file.clone()));
    let url = server.url("m.gguf");
    let args = ["lookup", &url, "7", "9000", "19999", "--format", "csv"];
    let (answer, note) = client.told(&args);
    let local = client.0.write("m.gguf", &file);
    let there = client.told(&[&["lookup", local.to_str().unwrap()], &args[2..]].concat());
    assert_eq!(answer, there.0);
    let requests = server.take_requests();
    assert_eq!(requests.len(), 4, "{requests:?}");
    let rows: Vec<_> = requests[1..].iter().map(|it| it.range().unwrap()).collect();
    assert!(rows.iter().all(|(first, last)| last - first == 8191), "{rows:?}");
    assert!(requests.iter().all(|it| it.header("accept-encoding") == Some("identity")));
    // The connection is cut. What the system took by then was not read.
    assert!(server.sent() < file.len() as u64 / 2, "{}", server.sent());
    let bytes = number(&note, " of 164,");
    let most = header + (64 << 10) + 3 * 8192;
    assert!((header - 64 + 3 * 8192..most).contains(&bytes), "{note}");
    assert!(note.contains("by 4 requests (header 500 kB)"), "{note}");

    // The second time, only rows are fetched.
    let (again, note) = client.told(&args);
    assert_eq!(again, answer);
    assert_eq!(server.take_requests().len(), 3);
    assert_eq!(number(&note, " of 164,"), 3 * 8192);
    assert!(note.contains("by 3 requests (header 500 kB, cached)"), "{note}");
    assert_eq!(client.told(&[&args[..], &["--quiet"]].concat()).1, "");
    server.take_requests();

    // What needs no row asks only whether the file is the same.
    for args in [&["info", &url][..], &["tokens", &url, "token000000000007"], &["footprint", &url]]
    {
        let (_, note) = client.told(args);
        assert!(note.contains(": 0 of 164,") && note.contains("by 1 request (header"), "{note}");
        assert_eq!(server.take_requests().len(), 1, "{args:?}");
    }

    // Without the cache, all is fetched again.
    let (_, note) = client.told(&[&args[..], &["--no-cache"]].concat());
    assert!(note.contains("by 4 requests (header 500 kB)"), "{note}");
}

#[test]
#[ignore = "needs the real model: scripts/fetch-real-model.sh"]
fn three_rows_of_the_real_model_are_four_requests() {
    let file = fs::read(crate::support::real_model()).unwrap();
    let (client, server) = (Client::new(), Server::with(file));
    let (_, note) = client.told(&["lookup", &server.url("m.gguf"), "791", "2368", "3290"]);
    assert_eq!(server.requests().len(), 4);
    let bytes = number(&note, " of 253,113,024 bytes by 4 requests (header 6.53 MB)");
    assert!((6_525_000..6_600_000).contains(&bytes), "{note}");
}

#[test]
fn rows_near_each_other_are_one_request() {
    let (client, server) = (Client::new(), Server::with(model(20_000, 64).build()));
    let url = server.url("m.gguf");
    client.told(&["lookup", &url, "5..10", "7", "12", "19999", "3"]);
    let ranges: Vec<_> = server.requests().iter().map(|it| it.range().unwrap()).collect();
    let lengths: Vec<u64> = ranges[1..].iter().map(|(first, last)| last - first + 1).collect();
    assert_eq!(lengths, [10 * 256, 256]);
    // Many rows that lie apart are few requests, with the rows between.
    server.take_requests();
    let ids: Vec<String> = (0..5000).step_by(25).map(|id| (id * 4).to_string()).collect();
    client.told(&[&["lookup", &url][..], &[&ids.join(",")]].concat());
    assert!(server.requests().len() <= 64, "{}", server.requests().len());
}

#[test]
fn a_file_that_changes_is_an_error_and_no_mixture() {
    let (file, new) = (small(), Arc::new(AtomicBool::new(false)));
    let is_new = Arc::clone(&new);
    let server = Server::new(move |request, _| {
        let etag = if is_new.load(Ordering::Relaxed) { "two" } else { "one" };
        Reply::of(request, &file, etag)
    });
    let (client, url) = (Client::new(), server.url("m.gguf"));
    client.told(&["lookup", &url, "5"]);
    new.store(true, Ordering::Relaxed);
    let line = client.run(&["lookup", &url, "5"]).error();
    assert!(line.contains("changed on 127.0.0.1 since its header was kept"), "{line}");
    // What was kept is gone.
    client.told(&["lookup", &url, "5"]);
    assert_eq!(client.kept().len(), 1);
    // A command that reads no row notices too, and needs no second call.
    new.store(false, Ordering::Relaxed);
    client.told(&["info", &url]);
    assert_eq!(client.kept().len(), 1);

    let file = small();
    let server = Server::new(move |request, before| {
        Reply::of(request, &file, if before == 0 { "one" } else { "two" })
    });
    let line = refused(access(Limits::default()), &server.url("m.gguf"));
    assert!(line.contains("changed on 127.0.0.1 while it was read"), "{line}");
    let [file, longer] = [small(), model(301, 8).build()];
    let server = Server::new(move |request, before| {
        Reply::of(request, if before == 0 { &file } else { &longer }, "x").without("ETag")
    });
    let line = refused(access(Limits::default()), &server.url("m.gguf"));
    assert!(line.contains("while it was read"), "{line}");
}

#[cfg(unix)]
#[test]
fn what_is_kept_is_for_the_user_alone() {
    use std::os::unix::fs::PermissionsExt;
    let (client, server) = (Client::new(), Server::with(small()));
    client.told(&["lookup", &format!("{}?sig=SECRET", server.url("m.gguf")), "5"]);
    let kept = client.kept();
    assert_eq!(kept.len(), 1);
    let mode = |entry: &fs::DirEntry| entry.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&kept[0]), 0o700);
    for file in fs::read_dir(kept[0].path()).unwrap().flatten() {
        assert_eq!(mode(&file), 0o600);
        let bytes = fs::read(file.path()).unwrap();
        assert!(!bytes.windows(6).any(|part| part == b"SECRET"));
    }
}

#[test]
fn a_query_is_sent_and_not_shown() {
    let (client, server) = (Client::new(), Server::with(small()));
    let url = format!("{}?sig=SECRET", server.url("m.gguf"));
    for form in ["table", "json", "csv", "md"] {
        let (answer, note) = client.told(&["lookup", &url, "5", "--format", form]);
        assert!(!answer.contains("SECRET") && !note.contains("SECRET"), "{answer}{note}");
    }
    assert!(server.requests().iter().all(|it| it.path == "/m.gguf?sig=SECRET"));
    for args in [&["lookup", &url, "9999"][..], &["lookup", "5", &url], &["check", &url], &[&url]] {
        let Outcome { code, stdout, stderr } = client.run(args);
        assert!(code != Some(0) && !(stdout + &stderr).contains("SECRET"), "{args:?}: {stderr}");
    }
}

/// Each thing that a server should not do is one line, and ends.
#[test]
fn what_a_server_does_wrong_is_told_in_one_line() {
    type Wrong = fn(&Request, &[u8]) -> Reply;
    let cases: [(Wrong, &str, usize); 17] = [
        (|_, file| Reply::whole(file).endless(), "ignores ranges", 1),
        (|_, file| Reply::whole(file), "would send the whole file of", 1),
        (|_, _| Reply::status(416), "(416)", 1),
        (|_, _| Reply::status(404), "has no such file (404)", 1),
        (|_, _| Reply::status(403), "refuses the file (403)", 1),
        (|_, _| Reply::status(418), "answers 418", 1),
        (|_, _| Reply::status(503), "answers 503 Service Unavailable, 4 times", 4),
        (|_, _| Reply::status(429).with("Retry-After", "0"), "429 Too Many Requests, 4 times", 4),
        (|_, _| Reply::status(302), "answers 302", 1),
        (|_, _| Reply::redirect("/again?sig=SECRET"), "more than 8 redirects", 9),
        (|_, _| Reply::redirect("file:///etc/passwd"), "redirect: the address is neither", 1),
        (|it, file| Reply::of(it, file, "x").without("Content-Range"), "another range, \"\"", 1),
        (
            |it, file| Reply::of(it, file, "x").with("Content-Range", "bytes 8-99/100"),
            "another range, \"bytes 8-99/100\", where 0 to 33554431 was asked for",
            1,
        ),
        (
            |it, file| Reply::of(it, file, "x").with("Content-Range", "bytes 0-99/*"),
            "another range",
            1,
        ),
        (|it, file| Reply::of(it, file, "x").with("Content-Encoding", "gzip"), "compressed", 1),
        (|it, file| Reply::of(it, file, "x").cut_after(64), "broke off with", 4),
        (|_, _| Reply::whole("").with("X", "x".repeat(1 << 17)), "headers without end", 1),
    ];
    for (wrong, says, requests) in cases {
        let file = small();
        let server = Server::new(move |request, _| wrong(request, &file));
        let line = refused(access(Limits::default()), &server.url("m.gguf"));
        assert!(line.contains(says), "{says}: {line}");
        assert_eq!(server.requests().len(), requests, "{line}");
    }
    let line = refused(access(Limits::default()), "http://127.0.0.1:1/m.gguf");
    assert!(line.contains("127.0.0.1 can't be reached"), "{line}");
}

#[test]
fn what_is_wrong_with_rows_is_told_too() {
    type Wrong = fn(Reply) -> Reply;
    let cases: [(Wrong, &str); 4] = [
        (|_| Reply::status(416), "(416)"),
        (|_| Reply::whole("x"), "ignores ranges"),
        (|reply| reply.with("Content-Range", "bytes 0-31/99999"), "another range"),
        (|reply| reply.cut_after(7), "broke off with 4 bytes to go"),
    ];
    for (wrong, says) in cases {
        let file = small();
        let server = Server::new(move |request, before| {
            let reply = Reply::of(request, &file, "x");
            if before == 0 { reply } else { wrong(reply) }
        });
        let line = refused(access(Limits::default()), &server.url("m.gguf"));
        assert!(line.contains(says), "{says}: {line}");
    }
}

#[test]
fn a_server_that_is_busy_or_breaks_off_once_is_asked_again() {
    let file = small();
    let right = row(access(Limits::default()), &Server::with(file.clone()).url("m.gguf")).unwrap();
    assert_eq!(right.len(), 8);
    type Wrong = fn(Reply) -> Reply;
    let cases: [Wrong; 4] = [
        |_| Reply::status(429).with("Retry-After", "99999"),
        |_| Reply::status(502),
        |reply| reply.cut_after(20),
        |reply| reply.cut_after(0),
    ];
    for wrong in cases {
        for nth in 0..2 {
            let file = file.clone();
            let server = Server::new(move |request, before| {
                let reply = Reply::of(request, &file, "x");
                if before == nth { wrong(reply) } else { reply }
            });
            assert_eq!(row(access(Limits::default()), &server.url("m.gguf")).unwrap(), right);
            assert_eq!(server.requests().len(), 3);
        }
    }
}

#[test]
fn a_server_that_is_silent_or_never_ends_does_not_hold_the_program() {
    let short = Duration::from_millis(300);
    let idle = access(Limits { idle: short, ..Limits::default() });
    let server = Server::new(|_, _| Reply::silent());
    let line = refused(idle.clone(), &server.url("m.gguf"));
    assert!(line.contains("127.0.0.1 sends nothing for 300ms"), "{line}");
    let file = small();
    let stalled = Server::new(move |it, _| Reply::of(it, &file, "x").stalled_after(100));
    let line = refused(idle, &stalled.url("m.gguf"));
    assert!(line.contains("sends nothing for 300ms"), "{line}");
    let slow = access(Limits { body: short, ..Limits::default() });
    let line = refused(slow, &stalled.url("m.gguf"));
    assert!(line.contains("too slow: an answer took 300ms"), "{line}");

    // A header that never ends: a million keys without a name.
    let mut start = b"GGUF\x03\0\0\0\0\0\0\0\0\0\0\0\0\0\x10\0\0\0\0\0".to_vec();
    start.resize(1 << 18, 0);
    let server = Server::new(move |request, _| {
        let last = request.range().unwrap().1;
        let mut reply = Reply::of(request, &start, "x");
        reply = reply.with("Content-Range", format!("bytes 0-{last}/99999999999"));
        reply.endless()
    });
    let most = 200_000;
    let few = Access { max_fetch: most, ..access(Limits::default()) };
    let line = refused(few, &server.url("m.gguf"));
    let says = "the header is not at its end after 200,000 bytes: --max-fetch allows more";
    assert!(line.contains(says), "{line}");
}

#[test]
fn plain_http_goes_to_this_machine_only() {
    let client = Client::new();
    for name in ["http://example.com/m.gguf", "http://127.0.0.1.example.com/m.gguf"] {
        let line = client.run(&["lookup", name, "5"]).error();
        assert!(line.contains("plain http") && line.contains("--insecure-http"), "{line}");
    }
    let server = Server::new(|_, _| Reply::redirect("http://example.com/?sig=SECRET"));
    let line = refused(access(Limits::default()), &server.url("m.gguf"));
    assert!(line.contains("example.com is asked over plain http"), "{line}");
    for (name, says) in [
        ("ftp://example.com/m.gguf", "neither https:// nor http:// nor hf://"),
        ("https://me:SECRET@example.com/m.gguf", "a user name or a password"),
        ("hf://a/b/../c", "the name must be hf://ORG/REPO"),
    ] {
        let line = client.run(&["info", name]).error();
        assert!(line.contains(says), "{line}");
    }
}

#[test]
fn a_proxy_of_the_environment_is_used() {
    let file = small();
    // After CONNECT, the connection is the one to the other host.
    let proxy = Server::new(move |request, _| match &*request.path {
        "example.com:80" | "hub.example.com:80" => Reply::status(200),
        _ => Reply::of(request, &file, "x"),
    });
    let (client, address) = (Client::new(), proxy.url(""));
    let args = ["lookup", "http://example.com/m.gguf", "5", "--insecure-http", "--format", "csv"];
    let (answer, _) = told(client.run_with(&[("HTTP_PROXY", &address)], &args));
    assert!(answer.contains("token000000000005"), "{answer}");
    assert_eq!(proxy.requests()[0].path, "example.com:80");
    // A token is not sent over plain http, not even to the hub.
    proxy.take_requests();
    let hub = [("HF_ENDPOINT", "http://hub.example.com"), ("HF_TOKEN", TOKEN)];
    let set = [&hub[..], &[("HTTP_PROXY", &address)]].concat();
    let name = ["lookup", "hf://org/repo/m.gguf", "5", "--insecure-http", "--no-cache"];
    told(client.run_with(&set, &name));
    let requests = proxy.take_requests();
    assert!(requests.iter().any(|it| it.path == "/org/repo/resolve/main/m.gguf"), "{requests:?}");
    assert!(requests.iter().all(|it| it.header("authorization").is_none()), "{requests:?}");
    let socks = client.run_with(&[("ALL_PROXY", "socks5://127.0.0.1:1")], &args);
    assert!(socks.error().contains("speaks SOCKS"));
    let line = client.run_with(&[("HTTP_PROXY", "http://127.0.0.1:1")], &args).error();
    assert!(line.contains("through the proxy 127.0.0.1)"), "{line}");
}

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// A hub, and the other host where its files are.
struct Hub {
    hub: Server,
    files: Server,
}

impl Hub {
    /// A hub with one repository, `org/repo`.
    fn new(files: Vec<(&'static str, Vec<u8>)>) -> Self {
        let list: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
        let list = json!({ "sha": COMMIT, "siblings": list.iter().map(|name| json!({ "rfilename": name })).collect::<Vec<_>>() });
        let files = Arc::new(files);
        let all = Arc::clone(&files);
        // A signature is good for the requests until the next redirect.
        let storage = Server::new(move |request, _| {
            let (path, query) = request.path.split_once('?').unwrap();
            assert!(query.starts_with("X-Signature=SECRET"));
            let (_, file) = all.iter().find(|(name, _)| path == format!("/{name}")).unwrap();
            Reply::of(request, file, "of-the-storage")
        });
        let address = storage.url("");
        let hub = Server::new(move |request, _| {
            if request.path.starts_with("/api/models/org/repo/revision/") {
                return Reply::whole(list.to_string());
            }
            let name = request.path.strip_prefix("/org/repo/resolve/");
            let name = name.and_then(|rest| Some(rest.split_once('/')?.1)).unwrap_or_default();
            match files.iter().find(|(file, _)| *file == name) {
                Some((_, bytes)) => Reply::redirect(format!("{address}{name}?X-Signature=SECRET"))
                    .with("X-Repo-Commit", COMMIT)
                    .with("X-Linked-Size", bytes.len().to_string())
                    .with("X-Linked-ETag", format!("\"of-the-hub-{name}\"")),
                None => Reply::status(404).with("X-Error-Code", "EntryNotFound"),
            }
        });
        Self { hub, files: storage }
    }

    fn run(&self, client: &Client, args: &[&str]) -> Outcome {
        let endpoint = self.hub.url("");
        let outcome = client.run_with(&[("HF_ENDPOINT", &endpoint), ("HF_TOKEN", TOKEN)], args);
        let all = format!("{}{}", outcome.stdout, outcome.stderr);
        assert!(!all.contains("SECRET"), "{all}");
        outcome
    }

    /// The paths that the hub was asked for, and how often the storage was asked. The
    /// token goes to the hub alone.
    fn asked(&self) -> (Vec<String>, usize) {
        let [hub, files] = [&self.hub, &self.files].map(Server::take_requests);
        let bearer = format!("Bearer {TOKEN}");
        assert!(hub.iter().all(|it| it.header("authorization") == Some(&bearer)), "{hub:?}");
        assert!(files.iter().all(|it| it.header("authorization").is_none()), "{files:?}");
        (hub.into_iter().map(|it| it.path).collect(), files.len())
    }
}

const TOKEN: &str = "hf_SECRET";

#[test]
fn a_name_of_the_hub_is_pinned_to_a_commit() {
    let (client, hub) = (Client::new(), Hub::new(vec![("m.gguf", model(20_000, 64).build())]));
    let (answer, note) = told(hub.run(&client, &["lookup", "hf://org/repo/m.gguf", "5", "19999"]));
    assert!(note.contains("/org/repo/resolve/main/m.gguf: ") && note.contains("by 4 requests"));
    // Once to the hub; the range goes with the redirect, and later ranges go past the hub.
    assert_eq!(hub.asked(), (vec!["/org/repo/resolve/main/m.gguf".to_owned()], 3));

    // The hub says which commit `main` is; its header is kept.
    let (again, note) = told(hub.run(&client, &["lookup", "hf://org/repo/m.gguf", "5", "19999"]));
    assert_eq!(again, answer);
    assert!(note.contains("by 3 requests (header 500 kB, cached)"), "{note}");
    assert_eq!(hub.asked(), (vec!["/org/repo/resolve/main/m.gguf".to_owned()], 2));

    // A commit never changes, so what needs no row needs no request.
    let name = format!("hf://org/repo@{COMMIT}/m.gguf");
    let (_, note) = told(hub.run(&client, &["info", &name]));
    assert!(note.contains("by no request (header 500 kB, cached)"), "{note}");
    assert_eq!(hub.asked(), (vec![], 0));

    // The address of the file, or of its page, is the same file.
    let page = hub.hub.url("org/repo/blob/main/m.gguf");
    let (_, note) = told(hub.run(&client, &["info", &page]));
    assert!(note.contains("by 1 request (header 500 kB, cached)"), "{note}");
    assert_eq!(hub.asked(), (vec!["/org/repo/resolve/main/m.gguf".to_owned()], 0));
}

#[test]
fn the_only_model_of_a_repository_needs_no_name() {
    let files = vec![("README.md", vec![]), ("q/m.gguf", small())];
    let (client, hub) = (Client::new(), Hub::new(files));
    told(hub.run(&client, &["lookup", "hf://org/repo@v1", "5"]));
    let (asked, _) = hub.asked();
    let listing = "/api/models/org/repo/revision/v1".to_owned();
    assert_eq!(asked, [listing, format!("/org/repo/resolve/{COMMIT}/q/m.gguf")]);
    let files = vec![("m-Q8_0.gguf", small()), ("m-Q4_0.gguf", small())];
    let hub = Hub::new(files);
    let line = hub.run(&client, &["lookup", "hf://org/repo", "5"]).error();
    assert!(line.contains("2 models: name one of hf://org/repo/m-Q8_0.gguf, hf://"), "{line}");
    told(hub.run(&client, &["lookup", "hf://org/repo:Q4_0", "5"]));
    let line = hub.run(&client, &["lookup", "hf://org/repo/m.gguf", "5"]).error();
    assert!(line.contains("has no such file (404)"), "{line}");
}

#[test]
fn a_signature_that_expires_is_asked_for_again() {
    let (file, stored) = (small(), small());
    // Each signature is good for one request.
    let storage = Server::new(move |request, before| match before % 2 {
        0 => Reply::of(request, &stored, "of-the-storage"),
        _ => Reply::status(403),
    });
    let address = storage.url("m?X-Signature=SECRET");
    let changes = Arc::new(AtomicBool::new(false));
    let is_changed = Arc::clone(&changes);
    let hub = Server::new(move |_, before| {
        let etag = if before > 0 && is_changed.load(Ordering::Relaxed) { "two" } else { "one" };
        Reply::redirect(&address)
            .with("X-Repo-Commit", COMMIT)
            .with("X-Linked-Size", file.len().to_string())
            .with("X-Linked-ETag", format!("\"{etag}\""))
    });
    let name = "hf://org/repo/m.gguf";
    let of_hub = Access { hub: hub.url(""), ..access(Limits::default()) };
    assert_eq!(row(of_hub.clone(), name).unwrap().len(), 8);
    let asked: Vec<String> = hub.take_requests().into_iter().map(|it| it.path).collect();
    // The second time at the commit that the first answer named.
    let pinned = format!("/org/repo/resolve/{COMMIT}/m.gguf");
    assert_eq!(asked, ["/org/repo/resolve/main/m.gguf".to_owned(), pinned]);
    changes.store(true, Ordering::Relaxed);
    storage.take_requests();
    let line = row(of_hub, name).unwrap_err();
    assert!(line.contains("changed on 127.0.0.1 while it was read"), "{line}");
}

#[test]
fn what_the_hub_refuses_says_what_to_do() {
    for (status, code, says) in [
        (401, "RepoNotFound", "no such repository, or it is private (401): HF_TOKEN"),
        (401, "GatedRepo", "gated: accept its terms on 127.0.0.1, and set HF_TOKEN"),
        (403, "GatedRepo", "gated"),
        (404, "RevisionNotFound", "no such revision"),
    ] {
        let hub = Server::new(move |_, _| Reply::status(status).with("X-Error-Code", code));
        for name in ["hf://org/repo", "hf://org/repo/m.gguf"] {
            let of_hub = Access { hub: hub.url(""), ..access(Limits::default()) };
            let line = row(of_hub, name).unwrap_err();
            assert!(line.contains(says), "{line}");
        }
    }
}

#[test]
fn the_token_is_that_of_the_hubs_own_client() {
    let (client, server) = (Client::new(), Server::with(small()));
    client.0.write(".cache/huggingface/token", "hf_of_the_file\n");
    let endpoint = server.url("");
    let sent = |set: &[(&str, &str)]| {
        let set = [&[("HF_ENDPOINT", &*endpoint)], set].concat();
        told(client.run_with(&set, &["info", "hf://org/repo/m.gguf", "--no-cache"]));
        let requests = server.take_requests();
        requests[0].header("authorization").map(str::to_owned)
    };
    if cfg!(target_os = "linux") {
        assert_eq!(sent(&[]).as_deref(), Some("Bearer hf_of_the_file"));
    }
    assert_eq!(sent(&[("HF_TOKEN", "hf_x")]).as_deref(), Some("Bearer hf_x"));
    assert_eq!(sent(&[("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")]), None);
    // A server that is not the hub gets none.
    told(client.run_with(&[("HF_TOKEN", "hf_x")], &["info", &endpoint, "--no-cache"]));
    assert_eq!(server.take_requests()[0].header("authorization"), None);
}

#[test]
fn a_whole_table_is_fetched_only_if_the_user_says_so() {
    let file = model(3000, 64).build();
    let (client, server) = (Client::new(), Server::with(file.clone()));
    let (url, local) = (server.url("m.gguf"), client.0.write("m.gguf", &file));
    let local = local.to_str().unwrap();
    let calls: [&[&str]; 6] = [
        &["neighbors", "MODEL", "5", "--format", "csv"],
        &["similarity", "MODEL", "5", "6", "--format", "csv"],
        &["stats", "MODEL", "--format", "csv"],
        &["check", "MODEL", "--format", "csv"],
        &["tokens", "MODEL", "--norm", "--format", "csv"],
        &["analogy", "MODEL", "5", "6", "7", "--format", "csv"],
    ];
    let on = |call: &[&'static str], model: &str, more: &[&str]| {
        let call = call.iter().map(|arg| if *arg == "MODEL" { model } else { arg });
        client.run(&call.chain(more.iter().copied()).collect::<Vec<_>>())
    };
    for call in calls {
        let line = on(call, &url, &[]).error();
        let says = "this command reads whole tables, 768,000 bytes (768 kB): --fetch-table";
        assert!(line.contains(says), "{line}");
    }
    let before = server.take_requests();
    assert_eq!(before.iter().filter(|it| it.header("if-none-match").is_none()).count(), 1);
    let outcome = on(calls[0], &url, &["--fetch-table"]);
    assert!(outcome.stderr.contains("header 75.3 kB, cached; table 768 kB)"), "{outcome:?}");
    // One to see that the header is the same, one for the table.
    assert_eq!(server.take_requests().len(), 2);
    // It is kept, so the others need no flag.
    for call in calls {
        let [there, here] = [on(call, &url, &[]), on(call, local, &[])];
        assert_eq!((there.code, &there.stdout), (here.code, &here.stdout), "{call:?}");
        assert!(there.stderr.contains("table 768 kB, cached)"), "{there:?}");
        assert_eq!(server.take_requests().len(), 1);
    }
    let there = on(&["tour", "MODEL", "--step", "1", "--format", "json"], &url, &[]);
    assert_eq!(there.code, Some(0), "{there:?}");
    let (_, note) = client.told(&["lookup", &url, "5"]);
    assert!(note.contains(": 256 of "), "{note}");
}

#[test]
fn a_fetch_goes_on_where_it_broke_off() {
    let file = model(3000, 64).build();
    let broken = Arc::new(AtomicBool::new(true));
    let (is_broken, whole) = (Arc::clone(&broken), file.clone());
    let table = file.len() as u64 - 768_000;
    let server = Server::new(move |request, _| {
        let reply = Reply::of(request, &whole, "x");
        match request.range() {
            Some((first, _)) if first == table => reply.cut_after(100_000),
            Some((first, _)) if first > table && is_broken.load(Ordering::Relaxed) => {
                reply.cut_after(0)
            }
            _ => reply,
        }
    });
    let (client, url) = (Client::new(), server.url("m.gguf"));
    let args = ["neighbors", &url, "5", "--format", "csv", "--fetch-table"];
    let line = client.run(&args).error();
    assert!(line.contains("100,000 of 768,000 bytes are kept: run the command again"), "{line}");
    broken.store(false, Ordering::Relaxed);
    server.take_requests();
    let (answer, _) = client.told(&args);
    let last = server.requests().last().unwrap().range().unwrap();
    assert_eq!(last, (table + 100_000, file.len() as u64 - 1));
    let local = client.0.write("m.gguf", &file);
    let local = client.told(&["neighbors", local.to_str().unwrap(), "5", "--format", "csv"]);
    assert_eq!(answer, local.0);
}

#[test]
fn rows_have_a_limit_without_the_whole_table() {
    let (client, server) = (Client::new(), Server::with(model(3000, 64).build()));
    let url = server.url("m.gguf");
    let line = client.run(&["lookup", &url, "0..", "--max-fetch", "200K"]).error();
    assert!(line.contains("more than 204,800 bytes besides the header: --fetch-table"), "{line}");
    assert_eq!(server.requests().len(), 1, "refused before it is fetched");
    client.told(&["lookup", &url, "0..", "--format", "csv"]);
    server.take_requests();
    let all = ["lookup", &url, "0..", "--max-fetch", "200K", "--format", "csv", "--fetch-table"];
    let (_, note) = client.told(&all);
    assert!(note.contains("by 1 request (header 75.3 kB, cached; table 768 kB)"), "{note}");
}

#[test]
fn what_a_check_would_fetch_is_told_for_all_its_tables() {
    let file = model(300, 8).tensor("output.weight", &[8, 300], F32, vec![0; 9600]).build();
    let (client, server) = (Client::new(), Server::with(file));
    let line = client.run(&["check", &server.url("m.gguf")]).error();
    assert!(line.contains("reads whole tables, 19,200 bytes (19.2 kB)"), "{line}");
    let outcome = client.run(&["check", &server.url("m.gguf"), "--fetch-table"]);
    assert!(outcome.stdout.contains("output.weight"), "{outcome:?}");
    assert_eq!(outcome.stderr.matches("table 9.60 kB").count(), 2, "{outcome:?}");
}

#[test]
fn the_parts_of_a_split_model_are_found_beside_each_other() {
    let part = |no: u16| Gguf::new().kv("split.no", no).kv("split.count", 3_u16);
    let first = part(0).kv("general.architecture", "llama").vocab("llama", &["a", "b"]).build();
    let second = part(1).tensor("other.weight", &[2], F32, [0; 8]).build();
    let table = part(2).table(F32, 2, 2, f32_bytes(&[1.0, 2.0, 3.0, 4.0])).build();
    let files = vec![
        ("q/m-00001-of-00003.gguf", first),
        ("q/m-00002-of-00003.gguf", second),
        ("q/m-00003-of-00003.gguf", table),
    ];
    let (client, hub) = (Client::new(), Hub::new(files));
    let name = "hf://org/repo/q/m-00002-of-00003.gguf";
    let (answer, note) = told(hub.run(&client, &["lookup", name, "1", "--format", "csv"]));
    assert!(answer.contains("b") && answer.ends_with(",3.0,4.0\n"), "{answer}");
    assert_eq!(note.lines().filter(|line| line.contains(" bytes by ")).count(), 3, "{note}");
    // The other parts are of the commit that the first answer named.
    let (asked, _) = hub.asked();
    assert!(asked[0].contains("/resolve/main/"));
    assert!(asked[1..].iter().all(|path| path.contains(COMMIT)), "{asked:?}");
    // By the list of the hub too.
    told(hub.run(&client, &["info", "hf://org/repo"]));
    // A part that is not there is missing, as on a disk.
    let part = part(0).vocab("llama", &["a", "b"]).build();
    let hub = Hub::new(vec![("m-00001-of-00003.gguf", part)]);
    let line = hub.run(&client, &["lookup", "hf://org/repo/m-00001-of-00003.gguf", "1"]).error();
    assert!(line.contains("m-00002-of-00003.gguf and 1 more are not there"), "{line}");
}

/// A file of safetensors.
fn tensors(listed: &serde_json::Value, data: &[u8]) -> Vec<u8> {
    let json = listed.to_string();
    [&(json.len() as u64).to_le_bytes()[..], json.as_bytes(), data].concat()
}

/// A table of `n` rows of 64 values in a checkpoint.
fn checkpoint(name: &str, n: usize) -> Vec<u8> {
    let values: Vec<f32> = (0..n * 64).map(|i| i as f32).collect();
    let entry = json!({ "dtype": "F32", "shape": [n, 64], "data_offsets": [0, n * 256] });
    tensors(&json!({ name: entry }), &f32_bytes(&values))
}

fn tokenizer(n: usize) -> Vec<u8> {
    let vocab: serde_json::Map<_, _> = (0..n).map(|id| (format!("token{id}"), json!(id))).collect();
    json!({ "model": { "type": "BPE", "vocab": vocab, "merges": [] } }).to_string().into_bytes()
}

#[test]
fn a_checkpoint_is_its_header_its_rows_and_the_files_beside_it() {
    let files = vec![
        ("config.json", json!({ "model_type": "llama" }).to_string().into_bytes()),
        ("model.safetensors", checkpoint("model.embed_tokens.weight", 5000)),
        ("tokenizer.json", tokenizer(5000)),
    ];
    let by_path = files.clone();
    let server = Server::new(move |request, _| {
        let file = by_path.iter().find(|(name, _)| request.path == format!("/dir/{name}"));
        file.map_or(Reply::status(404), |(name, file)| Reply::of(request, file, name))
    });
    let (client, url) = (Client::new(), server.url("dir/model.safetensors"));
    let args = ["lookup", &url, "7", "2500", "4999", "--format", "csv", "--values", "1"];
    let (answer, note) = client.told(&args);
    assert!(answer.contains("4999,token4999,"), "{answer}");
    let paths = |server: &Server| {
        let mut paths: Vec<_> = server.take_requests().into_iter().map(|it| it.path).collect();
        paths.sort();
        paths
    };
    let model = "/dir/model.safetensors";
    assert_eq!(
        paths(&server),
        ["/dir/config.json", model, model, model, model, "/dir/tokenizer.json"]
    );
    let of_model = note.lines().find(|line| line.contains("model.safetensors: ")).unwrap();
    assert!(number(of_model, " of 1,280,") < 70_000, "{note}");
    assert!(of_model.contains("by 4 requests"), "{note}");
    let (again, note) = client.told(&args);
    assert_eq!(again, answer);
    let of_model = note.lines().find(|line| line.contains("model.safetensors: ")).unwrap();
    assert!(of_model.contains(": 768 of ") && of_model.contains("by 3 requests"), "{note}");
    assert_eq!(note.matches("cached)").count(), 3, "{note}");
    server.take_requests();

    // What is beside the model is asked for once, however often a command reads it.
    client.run(&["check", &url, "--fetch-table"]);
    assert_eq!(paths(&server), ["/dir/config.json", model, model, "/dir/tokenizer.json"]);

    // A copy beside its original, both by address.
    let words: Vec<String> = (0..5000).map(|id| format!("token{id}")).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let rows: Vec<f32> = (0..5000 * 64).map(|i| i as f32).collect();
    let copy = Gguf::new().kv("general.architecture", "llama").kv("llama.embedding_length", 64_u32);
    let copy = copy.vocab("gpt2", &words).table(F32, 64, 5000, f32_bytes(&rows)).build();
    let copy = Server::with(copy);
    let both = ["check", &copy.url("m.gguf"), &url, "--fetch-table", "--format", "json"];
    let judged: serde_json::Value = serde_json::from_str(&client.run(&both).stdout).unwrap();
    assert_eq!(judged["comparison"]["copies"][0]["exact"], 5000);

    // On the hub, the files that the list does not have are not asked for.
    let hub = Hub::new(files);
    let (of_hub, _) = told(hub.run(&client, &[&["lookup", "hf://org/repo"], &args[2..]].concat()));
    assert_eq!(of_hub, answer);
    let (asked, _) = hub.asked();
    assert!(asked.iter().all(|path| !path.contains("index.json")), "{asked:?}");
}

#[test]
fn a_checkpoint_in_shards_is_opened_by_its_index() {
    let index = json!({ "weight_map": {
        "model.embed_tokens.weight": "model-00002-of-00002.safetensors",
        "lm_head.weight": "model-00001-of-00002.safetensors",
    }});
    let files = vec![
        ("config.json", json!({ "model_type": "llama" }).to_string().into_bytes()),
        ("model-00001-of-00002.safetensors", checkpoint("lm_head.weight", 3)),
        ("model-00002-of-00002.safetensors", checkpoint("model.embed_tokens.weight", 3)),
        ("model.safetensors.index.json", index.to_string().into_bytes()),
        ("vocab.txt", b"a\nb\nc\n".to_vec()),
    ];
    let (client, hub) = (Client::new(), Hub::new(files));
    for name in ["hf://org/repo", "hf://org/repo/model.safetensors.index.json"] {
        let (answer, _) = told(hub.run(&client, &["lookup", name, "2", "--format", "csv"]));
        assert!(answer.contains(", c,"), "{answer}");
        assert!(answer.contains(",128.0,129.0,"), "{answer}");
    }
}
