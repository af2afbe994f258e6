//! The answer of `tour`: ten steps, each a claim, what was measured, and what
//! that shows.

use serde::Serialize;

use super::{Float, InputStep, TableInfo, TokenText};

/// How many steps there are.
pub const TOUR_STEPS: u64 = 10;

/// What the steps of a tour are about.
#[derive(Clone, Debug, Serialize)]
pub struct TourHead {
    /// The model as it was named.
    pub model: String,
    /// `general.architecture`.
    pub architecture: Option<String>,
    /// The table.
    pub table: TableInfo,
    /// What all that is drawn by chance depends on.
    pub seed: u64,
    /// The tokens that serve as examples.
    pub words: Vec<TourWord>,
    /// By which rule they were chosen.
    pub words_rule: String,
    /// How many steps a whole tour has.
    pub of: u64,
    /// What a reader should know besides.
    pub notes: Vec<String>,
}

/// A token that serves as an example.
#[derive(Clone, Debug, Serialize)]
pub struct TourWord {
    /// `first`, `word` and `third` are looked up together; `alike` is near the
    /// word, or should be, and `unlike` is not.
    pub role: &'static str,
    /// The token.
    #[serde(flatten)]
    pub token: TourToken,
}

/// A token by ID and text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TourToken {
    /// Its ID.
    pub id: u64,
    /// Its text.
    #[serde(flatten)]
    pub text: TokenText,
}

/// One step.
#[derive(Clone, Debug, Serialize)]
pub struct TourStep {
    /// Its number, from 1.
    pub step: u64,
    /// Its name for programs.
    pub slug: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// What it claims.
    pub claim: String,
    /// What was measured on this table, in numbers.
    pub measured: Measured,
    /// What that shows, a paragraph each.
    pub shows: Vec<String>,
    /// Where this model does not show the claim, and what else was odd.
    pub notes: Vec<String>,
}

/// The titles of all steps.
#[derive(Clone, Debug, Serialize)]
pub struct TourList {
    /// In order.
    pub steps: Vec<TourTitle>,
}

/// The title of a step.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct TourTitle {
    /// Its number, from 1.
    pub step: u64,
    /// Its name for programs.
    pub slug: &'static str,
    /// Its name for people.
    pub title: &'static str,
}

/// The numbers of a step.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Measured {
    /// Of step 1.
    Labels(Labels),
    /// Of step 2.
    RowRead(RowRead),
    /// Of step 3.
    OneHotProduct(OneHotProduct),
    /// Of step 4.
    OneHots(OneHots),
    /// Of step 5.
    Chance(Chance),
    /// Of step 6.
    Geometry(Geometry),
    /// Of step 7.
    Twice(Twice),
    /// Of step 8.
    Widths(Widths),
    /// Of step 9.
    Storing(Storing),
    /// Of step 10.
    Start(Start),
}

/// Step 1: what IDs tell of rows.
#[derive(Clone, Debug, Serialize)]
pub struct Labels {
    /// Two tokens, the lower ID first.
    pub two: [TourToken; 2],
    /// The higher ID divided by the lower; none where that is 0.
    pub id_ratio: Option<Float<f64>>,
    /// The same of their rows' Euclidean norms.
    pub norm_ratio: Float<f64>,
    /// The cosine of their rows.
    pub cosine: Float<f64>,
    /// Of two rows drawn by chance.
    pub random: PairSample,
    /// Of two rows side by side.
    pub adjacent: PairSample,
    /// Spearman's rank correlation of ID distance and cosine over the random
    /// pairs; none where there are too few, or all are alike.
    pub rank_correlation: Option<Float<f64>>,
    /// What chance alone makes of it, one standard deviation: `1/sqrt(n - 1)`.
    pub rank_correlation_by_chance: Option<Float<f64>>,
}

/// Cosines of many pairs of rows.
#[derive(Clone, Debug, Serialize)]
pub struct PairSample {
    /// Pairs with a cosine.
    pub pairs: u64,
    /// Pairs without: a row of zeros, or one with a NaN or an infinity.
    pub left_out: u64,
    /// Mean, deviation and range of the cosines; none where there are none.
    #[serde(flatten)]
    pub cosines: Option<CosineSpread>,
}

/// Where cosines lie.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct CosineSpread {
    /// Their mean.
    pub mean: Float<f64>,
    /// Their standard deviation.
    pub sd: Float<f64>,
    /// The least.
    pub min: Float<f64>,
    /// The largest.
    pub max: Float<f64>,
}

/// Step 2: rows and where they lie.
#[derive(Clone, Debug, Serialize)]
pub struct RowRead {
    /// `[3, d_model]`.
    pub shape: [u64; 2],
    /// Where row 0 begins in the file.
    pub table_offset: u64,
    /// The rows, in the order of the input.
    pub rows: Vec<RowPlace>,
    /// Bytes of a row.
    pub row_bytes: u64,
    /// Bytes read in all.
    pub bytes_read: u64,
    /// Bytes of the table.
    pub table_bytes: u64,
    /// `bytes_read` in percent of `table_bytes`.
    pub percent_read: Float<f64>,
}

/// A row and where it lies in the file.
#[derive(Clone, Debug, Serialize)]
pub struct RowPlace {
    /// Whose it is.
    #[serde(flatten)]
    pub token: TourToken,
    /// Its first byte, counted from the beginning of the file.
    pub first_byte: u64,
    /// Its last one.
    pub last_byte: u64,
    /// Its first values.
    pub first_values: Vec<Float<f32>>,
}

/// Step 3: one-hot vectors times the table, and the lookup of the same rows.
#[derive(Clone, Debug, Serialize)]
pub struct OneHotProduct {
    /// Whose rows: as many one-hot vectors.
    pub ids: Vec<u64>,
    /// Rows of the table that were multiplied: all that are in the file.
    pub rows: u64,
    /// Rows with a NaN or an infinity, which were left out of the product.
    pub rows_left_out: u64,
    /// Columns.
    pub d_model: u64,
    /// Values of the result, `ids * d_model`.
    pub values: u64,
    /// Those that both ways make the same bits of.
    pub identical: u64,
    /// Those that are -0 by lookup and +0 by product: equal, and another bit.
    pub zeros_of_other_sign: u64,
    /// Those that are not equal.
    pub different: u64,
    /// The lookup.
    pub lookup: Cost,
    /// The product.
    pub product: Cost,
    /// The product's time divided by the lookup's.
    pub times_as_long: Float<f64>,
    /// Threads that the product had (the lookup has one).
    pub threads: u64,
}

/// What a way to a result takes.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Cost {
    /// Multiplications by the numbers of the one-hot vectors.
    pub multiplications: u64,
    /// Bytes of the table that were read.
    pub table_bytes: u64,
    /// Bytes of the vectors that go in, in f32; IDs have 4 bytes.
    pub input_bytes: u64,
    /// Measured on this machine, now.
    pub microseconds: Float<f64>,
}

/// Step 4: one-hot vectors as geometry.
#[derive(Clone, Debug, Serialize)]
pub struct OneHots {
    /// Values in a one-hot vector: n_vocab.
    pub dimension: u64,
    /// Values in a row.
    pub d_model: u64,
    /// Each two of three, as one-hot vectors and as rows.
    pub pairs: Vec<OneHotPair>,
    /// The weights of a square matrix that takes one-hots to one-hots,
    /// `n_vocab * n_vocab`.
    pub weights_at_n_vocab: u128,
    /// Its size in F16.
    pub f16_bytes_at_n_vocab: u128,
    /// The weights of one that takes rows to rows, `d_model * d_model`.
    pub weights_at_d_model: u128,
    /// Its size in F16.
    pub f16_bytes_at_d_model: u128,
    /// The first divided by the second.
    pub times_as_many: Float<f64>,
}

/// Two tokens as one-hot vectors and as rows.
#[derive(Clone, Debug, Serialize)]
pub struct OneHotPair {
    /// One.
    pub a: TourToken,
    /// The other.
    pub b: TourToken,
    /// The Euclidean distance of their one-hot vectors.
    pub one_hot_distance: Float<f64>,
    /// Their cosine.
    pub one_hot_cosine: Float<f64>,
    /// The Euclidean distance of their rows.
    pub row_distance: Float<f64>,
    /// Their cosine.
    pub row_cosine: Float<f64>,
}

/// Step 5: this table and one of the same shape filled by chance.
#[derive(Clone, Debug, Serialize)]
pub struct Chance {
    /// The standard deviation that theory gives the cosine of two random
    /// directions: `1/sqrt(d_model)`.
    pub theory_sd: Float<f64>,
    /// Cosines of pairs of this table's rows.
    pub learned: PairSample,
    /// Cosines of pairs of random rows.
    pub random: PairSample,
    /// Edges of the histograms' bins, one more than there are bins.
    pub edges: Vec<Float<f64>>,
    /// Pairs of this table in each bin.
    pub learned_counts: Vec<u64>,
    /// Pairs of random rows in each bin.
    pub random_counts: Vec<u64>,
    /// The word.
    pub word: TourToken,
    /// The nearest to its row in this table.
    pub learned_neighbors: Vec<TourNeighbor>,
    /// The nearest to the row of the same ID in the random table.
    pub random_neighbors: Vec<TourNeighbor>,
}

/// A near row.
#[derive(Clone, Debug, Serialize)]
pub struct TourNeighbor {
    /// 1 for the nearest.
    pub rank: u64,
    /// Whose row it is.
    #[serde(flatten)]
    pub token: TourToken,
    /// Its cosine.
    pub cosine: Float<f64>,
}

/// Step 6: a word, its neighbours, one alike and one unlike.
#[derive(Clone, Debug, Serialize)]
pub struct Geometry {
    /// The word.
    pub word: TourToken,
    /// Its nearest rows.
    pub neighbors: Vec<TourNeighbor>,
    /// Rows of the table that were compared: all but those left out.
    pub rows_compared: u64,
    /// The token that should be like it.
    pub alike: TourToken,
    /// Its cosine with the word.
    pub alike_cosine: Float<f64>,
    /// The token that should not.
    pub unlike: TourToken,
    /// Its cosine with the word.
    pub unlike_cosine: Float<f64>,
    /// The word's largest coordinates (all, where there are few), by dimension.
    pub coordinates: Vec<Coordinate>,
    /// Coordinates in all.
    pub d_model: u64,
    /// How many of them have the same sign in word and alike.
    pub alike_same_sign: u64,
    /// And in word and unlike.
    pub unlike_same_sign: u64,
}

/// One coordinate of three rows.
#[derive(Clone, Debug, Serialize)]
pub struct Coordinate {
    /// Which, from 0.
    pub dimension: u64,
    /// Of the word.
    pub word: Float<f32>,
    /// Of the one alike.
    pub alike: Float<f32>,
    /// Of the one unlike.
    pub unlike: Float<f32>,
}

/// Step 7: the same ID at two positions.
#[derive(Clone, Debug, Serialize)]
pub struct Twice {
    /// The IDs that were looked up, one a position.
    pub ids: Vec<u64>,
    /// The token that is there twice.
    pub token: TourToken,
    /// Where it is.
    pub positions: [u64; 2],
    /// Values in a row.
    pub d_model: u64,
    /// How many have the same bits at both positions.
    pub identical: u64,
    /// The same of what enters the first block.
    pub identical_as_input: Option<u64>,
    /// The cosine of what enters the first block at the two positions; none
    /// where that has no direction.
    pub cosine_as_input: Option<Float<f64>>,
}

/// Step 8: tables of the same tokens at other widths.
#[derive(Clone, Debug, Serialize)]
pub struct Widths {
    /// Rows of each.
    pub n_vocab: u64,
    /// The type that this table is stored in.
    #[serde(rename = "type")]
    pub format: &'static str,
    /// Values in a block of that type, which must divide the width.
    pub block_len: u64,
    /// The widest of the choices divided by the narrowest.
    pub widest_by: Float<f64>,
    /// By width.
    pub choices: Vec<WidthChoice>,
}

/// A table at some width.
#[derive(Clone, Debug, Serialize)]
pub struct WidthChoice {
    /// Whose width it is.
    pub name: &'static str,
    /// Columns.
    pub d_model: u64,
    /// `n_vocab * d_model`.
    pub parameters: u128,
    /// Its size in F16.
    pub f16_bytes: u128,
    /// Its size in this table's type; none where that can't store such rows.
    pub bytes: Option<u128>,
    /// Parameters divided by this table's.
    pub times_as_many: Float<f64>,
    /// How far from 0 the cosine of two random directions strays: one standard
    /// deviation, `1/sqrt(d_model)`.
    pub chance_cosine: Float<f64>,
}

/// Step 9: bytes touched, bytes stored, time.
#[derive(Clone, Debug, Serialize)]
pub struct Storing {
    /// This table's type.
    #[serde(rename = "type")]
    pub format: &'static str,
    /// Reads of this table, of more and more rows.
    pub reads: Vec<TimedRead>,
    /// Bytes of the table.
    pub table_bytes: u64,
    /// Threads that read the whole table (the others have one).
    pub threads: u64,
    /// The table at other precisions.
    pub precisions: Vec<TimedPrecision>,
    /// Those that can't store rows of this width.
    pub unstorable: Vec<Unstorable>,
}

/// A type whose blocks don't divide a row.
#[derive(Clone, Debug, Serialize)]
pub struct Unstorable {
    /// The ggml type.
    #[serde(rename = "type")]
    pub format: &'static str,
    /// Values in a block.
    pub block_len: u64,
}

/// A read of some rows of the table, decoded to f32.
#[derive(Clone, Debug, Serialize)]
pub struct TimedRead {
    /// How many.
    pub rows: u64,
    /// Their bytes.
    pub bytes: u64,
    /// `bytes` in percent of the table's.
    pub percent: Float<f64>,
    /// Measured on this machine, now.
    pub microseconds: Float<f64>,
}

/// The cost of rows at some precision, decoded to f32 on one thread from
/// made-up bits of that type in memory.
#[derive(Clone, Debug, Serialize)]
pub struct TimedPrecision {
    /// The ggml type.
    #[serde(rename = "type")]
    pub format: &'static str,
    /// Bytes of a row: what one token touches.
    pub row_bytes: u64,
    /// Bytes of the table: what is stored.
    pub table_bytes: u64,
    /// To decode one row, measured on this machine, now.
    pub row_microseconds: Float<f64>,
    /// To decode a thousand, measured on this machine, now.
    pub thousand_microseconds: Float<f64>,
    /// To decode the whole table at the pace of the thousand: computed.
    pub table_microseconds: Float<f64>,
}

/// Step 10: what enters the first block, and three questions.
#[derive(Clone, Debug, Serialize)]
pub struct Start {
    /// What is done to a row on its way to the first block.
    pub steps: Vec<InputStep>,
    /// The shape that enters: `[3, d_model]`.
    pub shape: [u64; 2],
    /// The rows before and after.
    pub rows: Vec<StartRow>,
    /// Three questions, answered by computing.
    pub quiz: Vec<Answered>,
}

/// A row before and after what is done to it.
#[derive(Clone, Debug, Serialize)]
pub struct StartRow {
    /// Which position.
    pub position: u64,
    /// Whose row.
    #[serde(flatten)]
    pub token: TourToken,
    /// The norm of the row.
    pub norm: Float<f64>,
    /// The norm of what enters the first block.
    pub norm_as_input: Option<Float<f64>>,
    /// The cosine of the two; none where one has no direction.
    pub cosine: Option<Float<f64>>,
}

/// A question and its answer.
#[derive(Clone, Debug, Serialize)]
pub struct Answered {
    /// The question.
    pub question: &'static str,
    /// Tokens looked up.
    pub tokens: u64,
    /// Columns of the table that was made for it.
    pub d_model: u64,
    /// The shape that came out.
    pub shape: [u64; 2],
    /// The values that came out.
    pub values: u64,
    /// How many different rows are among them.
    pub distinct_rows: u64,
    /// The answer, in words.
    pub answer: String,
}
