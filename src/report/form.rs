//! The forms an answer can take.

use crate::named::named;

named! {
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Form {
        Table = "table",
        Json = "json",
        Jsonl = "jsonl",
        Csv = "csv",
        Tsv = "tsv",
        Md = "md",
        Npy = "npy",
        Svg = "svg",
        Sarif = "sarif",
        Safetensors = "safetensors",
        Parquet = "parquet",
        Html = "html",
        Png = "png",
    }
}

impl Form {
    /// The forms that nearly every answer has.
    pub const USUAL: &[Self] = Self::ALL.split_at(6).0;

    /// These and the form of a matrix.
    pub const OF_MATRIX: &[Self] = Self::ALL.split_at(7).0;

    /// These and a picture.
    pub const OF_PICTURE: &[Self] = Self::ALL.split_at(8).0;

    /// The usual ones, pictures and a page.
    pub const OF_MAP: &[Self] = &[
        Self::Table,
        Self::Json,
        Self::Jsonl,
        Self::Csv,
        Self::Tsv,
        Self::Md,
        Self::Svg,
        Self::Html,
        Self::Png,
    ];

    /// Whether its bytes are no text.
    pub fn is_binary(self) -> bool {
        matches!(self, Self::Npy | Self::Safetensors | Self::Parquet | Self::Png)
    }

    /// The form of files with this extension.
    pub fn of_extension(extension: &str) -> Option<Self> {
        let of = |form: &Self| match form {
            Self::Table => extension.eq_ignore_ascii_case("txt"),
            other => extension.eq_ignore_ascii_case(other.name()),
        };
        Self::ALL.iter().copied().find(of)
    }
}

/// Lists forms in a sentence: `csv, tsv or md`.
pub fn listed(forms: &[Form]) -> String {
    let names: Vec<_> = forms.iter().map(|form| form.name()).collect();
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => names.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extension_names_a_form() {
        assert_eq!(Form::of_extension("TXT"), Some(Form::Table));
        assert_eq!(Form::of_extension("jsonl"), Some(Form::Jsonl));
        assert_eq!(Form::of_extension("table"), None);
        assert_eq!(listed(Form::USUAL), "table, json, jsonl, csv, tsv or md");
        assert_eq!(listed(&[Form::Csv]), "csv");
    }
}
