//! How answers look: to a person, and to a program.
//!
//! A kit: the forms, what an answer or a list of items has to say of itself to
//! be written in them, and the one printer that writes them. It knows no
//! command.

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
mod printer;
mod progress;
pub(crate) mod records;
mod token;

pub use answer::{Answer, Json};
pub use float::Float;
pub use form::{Form, listed};
pub use list::{List, Listed, Notes, Sink};
pub(crate) use page::{Grid, TOKEN_WIDTH, lines};
pub use page::{Page, Style};
pub use printer::{Ask, ListPrinter, Printer};
pub use records::{Cell, Column, Records};
pub(crate) use token::hex;
pub use token::{TokenText, bytes_of};
