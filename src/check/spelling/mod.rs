//! Whether row i is the row of token i, read off how tokens are spelled.
//!
//! In a learned table a row shows how its token is spelled: whether it begins a
//! word, its case and script, how it ends. Canonical correlations find what
//! rows and spelling have in common, and give for any token and any row the
//! evidence, in nats, that they belong together. `docs/check.md` has the
//! formulas and where they come from.
//!
//! | file | what |
//! |---|---|
//! | `tokens` | how tokens are spelled: features, and which tokens can be judged |
//! | `frame` | rows centred and whitened; where never trained rows lie; the spectrum |
//! | `fit` | canonical correlations by folds, and where every row lies in them |
//! | `codes` | products of rows with directions, as integers |
//! | `evidence` | how much a row says for being a token's; what that means here |
//! | `path` | the likeliest way through the table, and how high a fault has to score |
//! | `search` | which pairing (offset, reversed, exchanged) fits tokens whose rows are not in place |
//! | `lags` | the likeliest offsets where no fit is known |
//! | `singles` | never trained rows; runs `equal`, `swaps` and `drawn` |
//! | `equal` | rows that equal others: copies, mean rows |
//! | `swaps` | pairs of tokens that have each other's rows |
//! | `families` | what other spellings of a word say about a row |
//! | `drawn` | rows that look like random draws |
//! | `judge` | all of it in order, fitted again without what disagrees |
//! | `matrix` | products, whitening, leading directions |
//!
//! Nothing depends on the number of threads. No constant is tuned to one model:
//! thresholds are computed from the table that is checked.

mod codes;
mod drawn;
mod equal;
mod evidence;
mod families;
mod fit;
mod frame;
mod judge;
mod lags;
mod matrix;
mod path;
mod search;
mod singles;
mod swaps;
#[cfg(test)]
mod tests;
mod tokens;

pub use frame::Untouched;
pub use tokens::{Builder, Role, Spellings, is_placeholder};

/// At most so many tokens are judged: what keeps a file from taking more than
/// 256 MiB for it. The largest vocabulary known has 262,144.
pub const MOST_TOKENS: u64 = 1 << 20;

/// What can be said of a table's order.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// The verdict.
    pub verdict: OrderVerdict,
    /// Tokens that were judged.
    pub judged: usize,
    /// The sum of squared canonical correlations.
    pub sum_r2: f64,
    /// What a stretch had to score to be believed, in nats.
    pub bar: f64,
    /// The highest score of those that were not.
    pub highest: f64,
    /// How many wrong rows in a row would have shown, nine times in ten.
    pub smallest: u64,
    /// Where rows are not those of their tokens.
    pub stretches: Vec<Stretch>,
    /// Pairs of tokens that have each other's rows.
    pub swaps: Vec<Swap>,
    /// Tokens whose rows equal another's, ascending.
    pub copies: Vec<Copied>,
    /// Tokens in place whose rows are like random draws.
    pub redrawn: Vec<u64>,
    /// Ordinary tokens whose rows are like those of unused tokens;
    /// those that fit their spelling least first.
    pub untrained: Vec<Untrained>,
    /// Ordinary tokens whose rows are the mean row, or not finite.
    pub blank: Vec<u64>,
}

/// A token whose row equals another's, which the row suits better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Copied {
    /// The token.
    pub id: u64,
    /// The other token.
    pub of: u64,
}

/// Two tokens that have each other's rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Swap {
    /// The tokens, ascending.
    pub ids: [u64; 2],
    /// How much speaks for that, against their being in place.
    pub nats: f64,
}

/// An ordinary token that training hardly touched.
#[derive(Clone, Debug, PartialEq)]
pub struct Untrained {
    /// The token.
    pub id: u64,
    /// How much its row says for being its own.
    pub nats: f64,
}

/// Whether there is an order, and what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderVerdict {
    /// Rows are those of their tokens, as far as can be seen.
    InOrder,
    /// Some are not, or none.
    Broken,
    /// There are too few tokens, or all rows are alike.
    TooFew,
    /// The rows are those of chance.
    NotLearned,
}

/// A run of tokens whose rows are not in their place.
#[derive(Clone, Debug, PartialEq)]
pub struct Stretch {
    /// The first of them.
    pub first: u64,
    /// The last.
    pub last: u64,
    /// Where their rows are.
    pub rows: Where,
    /// How much speaks for that, against their being in place.
    pub nats: f64,
    /// How many of the tokens were judged.
    pub judged: u64,
    /// The first and the last of them that speak for it. Beyond, to an end of the
    /// table, their rows may as well be in place.
    pub seen: [u64; 2],
}

/// Where rows are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Where {
    /// So many IDs further on.
    Offset(i64),
    /// In reverse order: token and row add up to this.
    Reversed(i64),
    /// Every other row has changed places with the next.
    Exchanged,
    /// At no one offset.
    Nowhere,
}

impl Order {
    fn unjudged(verdict: OrderVerdict) -> Self {
        Self {
            verdict,
            judged: 0,
            sum_r2: 0.0,
            bar: 0.0,
            highest: 0.0,
            smallest: 0,
            stretches: Vec::new(),
            swaps: Vec::new(),
            copies: Vec::new(),
            redrawn: Vec::new(),
            untrained: Vec::new(),
            blank: Vec::new(),
        }
    }
}

pub use judge::judge;

/// What comes of reading rows.
type Result<T> = std::result::Result<T, crate::rows::ReadError>;
