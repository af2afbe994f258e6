//! Models over a network: `https://...` and `hf://...` as MODEL.
//!
//! ```text
//! url     addresses, shown without their query
//! http    one request: redirects, tokens, waiting, refusals
//! ranges  a file as a source of ranges: its start as it arrives, rows by ranges
//! fetch   a whole table into the cache
//! cache   what is kept
//! hub     names of the hub, and its list of files
//! folder  the files beside a file: parts of a split model, a tokenizer
//! cost    what it cost
//! tls     which authorities are trusted
//! fault   what went wrong
//! ```
//!
//! Nothing here runs, and no variable is read, before an address is opened.

mod cache;
mod cost;
mod fault;
mod fetch;
mod folder;
mod http;
mod hub;
mod ranges;
mod tls;
mod url;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

use anyhow::{Context, Result, ensure};

pub use cache::Cache;
pub use cost::Cost;
pub use fault::Fault;
pub use http::Limits;
pub use url::{Url, without_query};

use crate::commands::Reads;
use crate::gguf;
use crate::model::Model;
use crate::report::number::{decimal_size, grouped};
use crate::safetensors;
use crate::store::Environment;
use fault::Kind;
use folder::RemoteFolder;
use http::{Ask, Http, Hub};

/// A header, and rows without the whole table, may have this many bytes.
pub const MAX_FETCH: u64 = 32 << 20;

/// The cost of at most so many files is told.
const NOTES: usize = 12;

/// What the user allows.
#[derive(Clone)]
pub struct Access {
    /// To fetch whole tables.
    pub fetch_table: bool,
    /// To speak plain HTTP with any host.
    pub insecure_http: bool,
    /// The longest header, and the most bytes of rows.
    pub max_fetch: u64,
    /// The folder of the cache; `None`: nothing is kept.
    pub cache: Option<PathBuf>,
    /// The most bytes in the cache.
    pub max_cache: u64,
    pub limits: Limits,
    /// The hub's address.
    pub hub: String,
    /// The user's token for the hub.
    pub token: Option<String>,
    /// A file of certificates of the authorities that are trusted, in place of Mozilla's.
    pub authorities: Option<PathBuf>,
}

impl Access {
    /// What the variables of an environment say.
    pub fn of(environment: &Environment) -> Self {
        Self {
            fetch_table: false,
            insecure_http: false,
            max_fetch: MAX_FETCH,
            cache: environment.own_cache(),
            max_cache: cache::MOST,
            limits: Limits::default(),
            hub: environment.hub_address().unwrap_or(hub::USUAL).to_owned(),
            token: environment.hub_token(),
            authorities: environment.authorities(),
        }
    }
}

/// Opens addresses.
pub struct Wire {
    access: Access,
    http: Http,
    hub: Hub,
    cache: Option<Cache>,
    reads: Reads,
    /// Whether a kept header needs a request to be sure of it. If rows are read, their
    /// requests show it.
    checks_first: bool,
    costs: Mutex<Vec<Arc<Cost>>>,
}

impl Wire {
    /// Makes a client for a command that reads so much of its models.
    ///
    /// # Errors
    /// If the hub's address or the file of authorities is invalid.
    pub fn new(access: Access, reads: Reads) -> Result<Arc<Self>> {
        let address = Url::parse(&access.hub).context("HF_ENDPOINT")?;
        let hub = Hub { address, token: access.token.clone() };
        let trusted = access.authorities.as_deref().map(tls::authorities).transpose();
        let trusted = trusted.context("SSL_CERT_FILE")?;
        let http = Http::new(hub.clone(), access.limits, access.insecure_http, trusted);
        let cache = access.cache.clone().map(|folder| Cache::new(folder, access.max_cache));
        let (checks_first, costs) = (!matches!(reads, Reads::Rows(_)), Mutex::default());
        Ok(Arc::new(Self { access, http, hub, cache, reads, checks_first, costs }))
    }

    /// Opens the model at an address.
    ///
    /// # Errors
    /// If it can't be fetched, or is no model.
    pub fn open(self: &Arc<Self>, name: &Path) -> Result<Model> {
        let name = url::with_query(name.to_str().context("the address is not UTF-8")?);
        let (url, folder) = match name.strip_prefix("hf://") {
            Some(named) => self.of_hub(named)?,
            None => {
                let url = Url::parse(&name)?;
                let url = if self.is_hubs(&url) { hub::file_of_page(url) } else { url };
                (url.clone(), RemoteFolder::new(self, url, None))
            }
        };
        let (folder, file) = (Arc::new(folder), url.file_name());
        let model = match () {
            () if file == safetensors::INDEX => safetensors::open_in(folder, None)?,
            () if file.to_ascii_lowercase().ends_with(".safetensors") => {
                safetensors::open_in(folder, Some(OsStr::new(&file)))?
            }
            () => Model::new(gguf::Files::open_in(folder, OsStr::new(&file))?),
        };
        // Makes the tables local that the command reads as a whole.
        match &self.reads {
            Reads::Tables(names) => self.keep_tables(&model, names)?,
            Reads::Rows(name) if self.access.fetch_table => {
                self.keep_tables(&model, std::slice::from_ref(name))?;
            }
            Reads::Rows(_) | Reads::Header => {}
        }
        Ok(model)
    }

    /// Copies tables of a model to the disk, because all of their rows are read.
    ///
    /// # Errors
    /// If they can't be fetched, or the user did not allow it.
    pub fn keep_tables(&self, model: &Model, names: &[String]) -> Result<()> {
        let mut missing = 0;
        for name in names {
            // The command itself tells what is wrong with a tensor.
            let Ok(Some(tensor)) = model.tensor(name) else { continue };
            let (Some(at), Some(bytes)) = (tensor.at, tensor.bytes()) else { continue };
            let bytes = bytes.min(tensor.source.len().saturating_sub(at));
            match tensor.source.keep(at..at + bytes) {
                Err(_) if !self.access.fetch_table => missing += bytes,
                kept => kept?,
            }
        }
        ensure!(
            missing == 0,
            "this command reads whole tables, {} bytes ({}): --fetch-table fetches them once and \
             keeps them",
            grouped(missing),
            decimal_size(missing)
        );
        Ok(())
    }

    /// The address of a name of the hub, which may leave the file open.
    fn of_hub(self: &Arc<Self>, name: &str) -> Result<(Url, RemoteFolder)> {
        let named = hub::Named::parse(name)?;
        let hub = &self.hub.address;
        if let Some(file) = &named.file {
            let url = named.url(hub, &named.rev, file);
            return Ok((url.clone(), RemoteFolder::new(self, url, None)));
        }
        let url = named.listing(hub);
        let cost = self.cost(&url);
        let ask = Ask { url: &url, range: None, unless: None, cost: &cost };
        let (json, _) = self.http.get(&ask, &|_| true)?.whole(self.access.max_fetch)?;
        cost.len(json.len() as u64);
        let listing = hub::Listing::read(&json)?;
        let url = named.url(hub, &listing.commit, &named.choose(&listing)?);
        Ok((url.clone(), RemoteFolder::new(self, url, Some(listing.files))))
    }

    fn http(&self) -> &Http {
        &self.http
    }

    fn cache(&self) -> Option<&Cache> {
        self.cache.as_ref()
    }

    fn is_hubs(&self, url: &Url) -> bool {
        self.hub.is_host_of(url)
    }

    /// Whether an address names a commit of the hub, so that its file never changes.
    fn is_fixed(&self, url: &Url) -> bool {
        self.is_hubs(url) && hub::is_pinned(url)
    }

    /// The cost of an address, which is told at the end.
    fn cost(&self, url: &Url) -> Arc<Cost> {
        let cost = Arc::new(Cost::of(url.to_string()));
        let mut costs = self.costs.lock().unwrap_or_else(|poison| poison.into_inner());
        costs.push(Arc::clone(&cost));
        cost
    }

    /// What each file cost, in words.
    pub fn notes(&self) -> Vec<String> {
        let mut notes: Vec<String> = self.costs().iter().filter_map(|cost| cost.note()).collect();
        if let Some(more) = notes.len().checked_sub(NOTES).filter(|more| *more > 0) {
            notes.truncate(NOTES);
            notes.push(format!("and {more} more files"));
        }
        notes
    }

    /// What each file cost, in the order in which they were opened.
    pub fn costs(&self) -> Vec<Arc<Cost>> {
        self.costs.lock().unwrap_or_else(|poison| poison.into_inner()).clone()
    }
}

/// The commit of a repository, as soon as it is known. All files of a model are of one.
#[derive(Debug, Default)]
struct Pin(OnceLock<String>);

impl Pin {
    fn set(&self, commit: &str) {
        let _ = self.0.set(commit.to_owned());
    }

    fn of(&self, url: &Url) -> Url {
        self.0.get().map_or_else(|| url.clone(), |commit| hub::pinned(url, commit))
    }
}
