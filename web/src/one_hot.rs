//! One-hot vectors times the table, really multiplied, beside the rows of a lookup.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use embcli::commands::Opener;
use embcli::tour::product;
use embcli::{TOKEN_EMBEDDING, Table};
use serde::Serialize;

/// More vectors would take long, and show nothing new.
const MOST: usize = 8;

pub struct OneHotRequest {
    pub model: PathBuf,
    pub ids: Vec<u64>,
}

#[derive(Serialize)]
struct OneHotAnswer {
    /// The vectors.
    shape: [u64; 2],
    d_model: u64,
    multiplications: u64,
    /// The bytes that the product and a lookup read.
    bytes: u64,
    bytes_of_lookup: u64,
    values: u64,
    /// How many values are those of the lookup, bit for bit.
    identical: u64,
    /// Rows with a NaN or an infinity, which a product can't have.
    left_out: u64,
}

impl OneHotRequest {
    pub fn answer(&self, open: Opener) -> Result<String> {
        ensure!(self.ids.len() <= MOST, "at most {MOST} one-hot vectors are multiplied here");
        let name = || self.model.display().to_string();
        let table = Table::open(&open(&self.model)?, TOKEN_EMBEDDING).with_context(name)?;
        let rows: Vec<Vec<f32>> =
            self.ids.iter().map(|id| table.row(*id)).collect::<Result<_, _>>()?;
        let present = table.rows_present();
        let product = product(&table, present, &self.ids, 1)?;
        let pairs = rows.iter().flatten().zip(product.rows.iter().flatten());
        let row_bytes = table.bytes() / table.n_vocab();
        let answer = OneHotAnswer {
            shape: [self.ids.len() as u64, present],
            d_model: table.d_model() as u64,
            multiplications: product.multiplications,
            bytes: present * row_bytes,
            bytes_of_lookup: self.ids.len() as u64 * row_bytes,
            values: (rows.len() * table.d_model()) as u64,
            identical: pairs.filter(|(a, b)| a.to_bits() == b.to_bits()).count() as u64,
            left_out: product.left_out,
        };
        Ok(serde_json::to_string(&answer)?)
    }
}
