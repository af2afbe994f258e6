//! How answers are written: as text for a person, as data for a program.
//!
//! This is a kit and knows no command. A command's answer implements [`Answer`]
//! (it is written as a whole) or [`List`] (it is written item by item), and
//! [`Printer`] writes both in each [`Form`].

mod answer;
mod delimited;
mod float;
mod form;
pub(crate) mod glyphs;
pub(crate) mod json;
mod list;
pub(crate) mod markdown;
pub(crate) mod npy;
pub(crate) mod number;
mod page;
#[cfg(feature = "parquet")]
pub(crate) mod parquet;
mod printer;
mod progress;
mod reader;
pub(crate) mod records;
pub(crate) mod safetensors;
mod token;

pub use answer::Answer;
pub use float::Float;
pub use form::{Form, listed};
pub use list::{Items, List, Notes, Sink};
pub use page::{Fitted, Page, Style};
pub(crate) use page::{Grid, TOKEN_WIDTH, UNBROKEN, lines};
pub use printer::{Beside, ListPrinter, Printer};
pub(crate) use progress::Progress;
pub use progress::{Watcher, watch_progress};
pub use reader::{Reader, Turn};
pub use records::{Cell, Column, Records};
pub(crate) use token::hex;
pub use token::{TokenText, bytes_of};
