//! Every kind of finding: its code, how much it matters, what it means and what
//! to do about it.
//!
//! Codes are for programs and for `--allow`, so they never change. A new kind of
//! finding is one entry here, one line in `docs/check.md` (a test compares the
//! two), and one `findings.push(Finding::of(&codes::IT, message))`.

use super::Severity;
use crate::text::distance;

/// A kind of finding.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// Where and what: `rows.nan`.
    pub name: &'static str,
    /// How much it matters at most. A finding may matter less.
    pub severity: Severity,
    pub meaning: &'static str,
    /// What to do about it, unless a finding knows better.
    pub remedy: &'static str,
}

macro_rules! codes {
    ($($constant:ident = $name:literal $severity:ident: $meaning:literal -> $remedy:literal;)*) => {
        $(
            #[doc = $meaning]
            pub const $constant: Code = Code {
                name: $name,
                severity: Severity::$severity,
                meaning: $meaning,
                remedy: $remedy,
            };
        )*

        /// All codes, in the order of the table in `docs/check.md`.
        pub const ALL: &[Code] = &[$($constant),*];
    };
}

codes! {
    FILE_CUT = "file.cut" Problem: "the file ends before its last row, or before its last tensor"
        -> "fetch the file again: the rest of it is missing";
    FILE_OVERLAP = "file.overlap" Problem: "two tensors lie over each other"
        -> "one of them was written over the other: take the file from the original; llama.cpp refuses it";
    FILE_GAP = "file.gap" Problem: "a tensor does not begin where the one before it ends"
        -> "llama.cpp refuses such a file: write it again with the gguf package";
    FILE_JOINED = "file.joined" Problem: "another GGUF file follows in the same file"
        -> "llama.cpp reads the first only: join parts with llama-gguf-split --merge, not with cat";
    FILE_TRAILING = "file.trailing" Note: "bytes follow the last tensor"
        -> "llama.cpp ignores them";
    FILE_SPLIT = "file.split" Problem: "the model is split, and its other parts are not found"
        -> "give all parts their original names (model-00001-of-00002.gguf), or join them with llama-gguf-split --merge: llama.cpp refuses this file";
    FILE_HEADER = "file.header" Problem: "the header has what llama.cpp refuses: a name twice, a name that is too long, an odd alignment"
        -> "write the file again with the gguf package";
    FILE_TYPE = "file.type" Problem: "tensors have a type that ggml does not have"
        -> "llama.cpp refuses such a file: run the fork that wrote it, or convert the original model";
    META_VOCAB_SIZE = "meta.vocab_size" Note: "the metadata gives another number of tokens than the table has rows"
        -> "llama.cpp counts the tokens instead; other programs may use the metadata";
    META_WIDTH = "meta.width" Problem: "the metadata gives another width than the rows have"
        -> "the table is of another model than the metadata: take both from the same one";
    META_TRANSPOSED = "meta.transposed" Problem: "the table is written the other way round"
        -> "write the table with one row per token";
    META_ARCHITECTURE = "meta.architecture" Note: "llama.cpp does not know the architecture"
        -> "a newer llama.cpp, or a fork, may know it";
    META_SPECIAL = "meta.special" Problem: "a special token is not one of the tokens"
        -> "set it to the token that is meant, or remove it";
    VOCAB_MISSING = "vocab.missing" Unknown: "the file has no tokens, so nothing says whose the rows are"
        -> "check the file that has the tokenizer";
    VOCAB_UNREAD = "vocab.unread" Note: "the vocabulary was too large or too damaged to look at"
        -> "look at the tokens: embcli tokens MODEL";
    VOCAB_DUPLICATE = "vocab.duplicate" Problem: "tokens have the text of another token"
        -> "give each token a text of its own, and convert again";
    VOCAB_LENGTH = "vocab.length" Problem: "a list of the vocabulary does not have one element per token, or has the wrong type"
        -> "convert again with a current converter";
    VOCAB_TYPE = "vocab.type" Problem: "tokens have a type that does not exist"
        -> "set tokenizer.ggml.token_type to 1 (normal) up to 6 (byte)";
    VOCAB_BYTES = "vocab.bytes" Problem: "the tokens that stand for bytes are too few, or of the wrong type or form"
        -> "convert again with a current converter";
    VOCAB_ALPHABET = "vocab.alphabet" Problem: "no token spells some bytes that texts have"
        -> "keep the 256 tokens of single bytes when a vocabulary is trimmed";
    VOCAB_FAMILY = "vocab.family" Problem: "the tokens are spelled for another tokenizer than the file names"
        -> "set tokenizer.ggml.model to the tokenizer that is meant, or convert again";
    VOCAB_PRE = "vocab.pre" Problem: "no pre-tokenizer is named, or one that llama.cpp does not know"
        -> "set tokenizer.ggml.pre to the model's own, or convert again with a current converter";
    VOCAB_MERGE = "vocab.merge" Problem: "merges are missing, or make no token"
        -> "take merges and tokens from the same tokenizer";
    VOCAB_UNMADE = "vocab.unmade" Note: "no merge makes some ordinary tokens, so the tokenizer never gives them"
        -> "if texts should have them, make them user-defined, or add their merges";
    VOCAB_MARKER = "vocab.marker" Problem: "chat markers have the type of ordinary text"
        -> "set their tokenizer.ggml.token_type to 3 (control)";
    VOCAB_ROLE = "vocab.role" Problem: "a token that begins or ends a text or a turn is an ordinary word"
        -> "set its ID to the token that is meant";
    VOCAB_LOOK_ALIKE = "vocab.look_alike" Note: "markers differ only in the width or case of their characters"
        -> "find out which of them the model was trained with, and use it in the template";
    VOCAB_TEMPLATE = "vocab.template" Problem: "the chat template writes markers that are no tokens"
        -> "take template and vocabulary from the same model";
    VOCAB_BOS_TWICE = "vocab.bos_twice" Note: "tokenizer and chat template both write the token that begins a text"
        -> "a program that renders the template itself has to encode the prompt without BOS, or it begins with two";
    TABLE_MISSING = "table.missing" Note: "the file has no embedding table, so only its vocabulary is checked"
        -> "check the file that has the table";
    ROWS_COUNT = "rows.count" Problem: "the table has more or fewer rows than the vocabulary has tokens"
        -> "llama.cpp refuses such a file: take table and tokenizer from the same model";
    ROWS_NAN = "rows.nan" Problem: "a row has a value that is not a number"
        -> "convert again from the original: a value overflowed or was damaged";
    ROWS_INFINITE = "rows.infinite" Problem: "a row has an infinite value"
        -> "convert again from the original: a value overflowed or was damaged";
    ROWS_ZERO = "rows.zero" Problem: "a row is all zeros"
        -> "words should have rows: look at these in the original";
    ROWS_CONSTANT = "rows.constant" Problem: "all values of a row are the same"
        -> "words should have rows: look at these in the original";
    ROWS_DUPLICATE = "rows.duplicate" Problem: "rows are the same as earlier ones, byte for byte"
        -> "too many for chance: rows were written over others";
    ROWS_OUTLIER = "rows.outlier" Problem: "a row lies far outside the table's own distribution, by its norm or its distance from the centre"
        -> "these rows were scaled, damaged or never trained: look at them in the original";
    ROWS_COLLAPSED = "rows.collapsed" Problem: "many rows have nearly the same direction, though not the same values"
        -> "these tokens mean the same to the model: added and not trained, or pulled together by damage";
    ROWS_BYTE_ORDER = "rows.byte_order" Problem: "the values of the table have their bytes the wrong way round"
        -> "reverse the bytes of each value, or convert again on a little-endian machine";
    ROWS_COPIED = "rows.copied" Problem: "a row equals another's, and fits the other token better"
        -> "rows were written over others: take these from the original";
    ROWS_MEAN = "rows.mean" Problem: "the row of an ordinary token is the mean of all rows"
        -> "words should have rows: look at these in the original";
    ROWS_REQUANTISED = "rows.requantised" Note: "quantising a row's values again gives other bytes, so ggml's quantiser did not write it"
        -> "another program wrote or changed these rows: compare them with the original: embcli check MODEL CHECKPOINT";
    ROWS_DRAWN = "rows.drawn" Note: "the row of an ordinary token looks like a random draw"
        -> "these rows were initialised anew, or training hardly touched them";
    ORDER_SHIFT = "order.shift" Problem: "the rows of a run of tokens lie a fixed number of rows away"
        -> "convert again, or move the rows";
    ORDER_EXCHANGED = "order.exchanged" Problem: "every two neighbouring rows have changed places"
        -> "exchange every two rows, or convert again";
    ORDER_REVERSED = "order.reversed" Problem: "the rows of a run of tokens are in reverse order"
        -> "reverse the rows, or convert again";
    ORDER_PERMUTED = "order.permuted" Problem: "the rows of a run of tokens fit them at no offset"
        -> "rows there are shuffled, not of these tokens, or never trained: take rows and vocabulary from one model, and convert again";
    ORDER_SWAPPED = "order.swapped" Problem: "two tokens have each other's rows"
        -> "move each row to its token";
    ORDER_MORE = "order.more" Problem: "more rows are out of order than are listed one by one"
        -> "there is no one order that rows could be put back in: convert again";
    ORDER_UNJUDGED = "order.unjudged" Unknown: "too little can be seen to judge the order of the rows"
        -> "compare with a file that is known to be good: embcli check MODEL OTHER";
    TOKENS_UNTRAINED = "tokens.untrained" Note: "the row of an ordinary token is like those of unused tokens"
        -> "these are hardly trained, those that fit their spelling least first: don't use them in prompts";
    TOKENS_SHORT = "tokens.short" Note: "the input row of an ordinary token is as short as those of unused tokens"
        -> "these are hardly trained, the shortest first: don't use them in prompts";
    TOKENS_UNREACHABLE = "tokens.unreachable" Note: "no text gives these tokens: the tokenizer splits their own text into others"
        -> "their rows are hardly trained; only IDs given by hand reach them";
    TABLE_TYPE = "table.type" Note: "a narrower type holds every value of the table"
        -> "store it as that: nothing is lost";
    HEAD_COPY = "head.copy" Note: "the output head is the embedding table again, byte for byte"
        -> "leave it out: without it llama.cpp uses the table for both";
    HEAD_UNTRAINED = "head.untrained" Problem: "one of table and output head shows how tokens are spelled, the other does not"
        -> "one of them was left at its random start, or is of another model: take both from one";
    HEAD_SHIFT = "head.shift" Problem: "the rows of the output head lie a fixed number of rows away from those of the table"
        -> "one of them is out of order: convert again";
    OTHER_MODEL = "other.model" Problem: "the two tables can't be compared"
        -> "these are different models, or different sizes of one model";
    OTHER_NO_TABLE = "other.no_table" Note: "one of two files has no table, so only their vocabularies are compared"
        -> "nothing, if one of them is a vocabulary only";
    OTHER_BY_ID = "other.by_id" Note: "one of two files has no tokens, so rows are compared by ID"
        -> "where tokens have moved, their rows seem to differ";
    OTHER_MOVED = "other.moved" Note: "tokens have other IDs in the other file"
        -> "rows were compared by text; update what stores token IDs";
    OTHER_ADDED = "other.added" Note: "tokens that the other file lacks"
        -> "they could not be compared; each row is judged against its own table";
    OTHER_REMOVED = "other.removed" Note: "tokens that only the other file has"
        -> "they could not be compared; each row is judged against its own table";
    OTHER_TEXT = "other.text" Problem: "IDs with other texts in the other file"
        -> "the rows are equal: one of the vocabularies names them wrongly";
    OTHER_TYPE = "other.type" Note: "tokens with another type in the other file"
        -> "the type decides whether a token is found in texts, and whether it is printed";
    OTHER_SCORE = "other.score" Note: "tokens with a different score in the other file"
        -> "scores decide how texts are split: the two files may give other IDs";
    OTHER_SPECIAL = "other.special" Note: "the two files have different special tokens"
        -> "texts begin and end differently: make sure that this is meant";
    OTHER_TOKENIZER = "other.tokenizer" Note: "the other file splits texts in another way"
        -> "the two files may give other IDs for one text: make sure that this is meant";
    OTHER_SIZE = "other.size" Note: "the other file has another number of tokens"
        -> "a draft model needs the tokens of its target";
    OTHER_ROWS = "other.rows" Problem: "the rows of two files are not those of one model"
        -> "rows are out of order in one of the files (check each), or they are two models";
    OTHER_DAMAGE = "other.damage" Problem: "single rows differ by more than rounding explains"
        -> "rounding does not do that: these rows are damaged, or of another token";
    OTHER_FACTOR = "other.factor" Problem: "all rows are those of the other file times one factor"
        -> "the table was scaled in one of the files: take the factor out, or convert again";
    OTHER_CHANGED = "other.changed" Problem: "some rows are not the same, though both files have one type"
        -> "both files have the same type, so rounding does not explain it: these rows were changed or damaged";
    OTHER_ERROR = "other.error" Problem: "the tables differ by more than their types explain"
        -> "quantise again, or look at the worst rows";
    COPY_ROWS = "copy.rows" Problem: "rows are not what the type makes of the original's"
        -> "these rows were changed or damaged: convert again";
    COPY_SCALES = "copy.scales" Note: "rows have other scales than ggml finds, and each value is the nearest by them"
        -> "usual for an importance matrix (all rows), or a build that fuses products and sums (some)";
    COPY_ADDED = "copy.added" Problem: "rows that no row of the original is converted to"
        -> "a converter adds rows of zeros at most: look where these come from";
    COPY_LEFT = "copy.left" Note: "rows of the original that the copy has not"
        -> "usual for rows past the vocabulary, which no token ID reaches";
    COPY_CONFIG = "copy.config" Problem: "the metadata and the original's config.json disagree"
        -> "convert again, with a converter that knows this model";
    COPY_UNJUDGED = "copy.unjudged" Unknown: "rows can't be compared byte for byte with the original's"
        -> "they were compared by their values: see the errors above";
}

impl Code {
    /// The code of this name, or a sentence with names near it.
    pub fn named(name: &str) -> Result<&'static Self, String> {
        if let Some(code) = ALL.iter().find(|code| code.name == name) {
            return Ok(code);
        }
        let group = |name: &str| name.split('.').next().unwrap_or_default().to_owned();
        let is_near = |code: &&Self| {
            let apart = distance(name.as_bytes(), code.name.as_bytes());
            3 * apart <= code.name.len() || group(code.name) == group(name)
        };
        // A long name is near no code; the distance need not be found.
        let near: Vec<&str> = match name.len() {
            ..=64 => ALL.iter().filter(is_near).map(|code| code.name).collect(),
            _ => Vec::new(),
        };
        Err(match &*near {
            [] => {
                let mut groups: Vec<_> = ALL.iter().map(|code| group(code.name)).collect();
                groups.dedup();
                format!("no finding has this code; codes begin with {}.", groups.join("., "))
            }
            near => format!("no finding has this code; near it: {}", near.join(", ")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_one_meaning_each() {
        for (i, code) in ALL.iter().enumerate() {
            assert!(ALL[..i].iter().all(|other| other.name != code.name), "{}", code.name);
            assert_eq!(Code::named(code.name), Ok(code));
            let fits = |c: char| c.is_ascii_lowercase() || c == '.' || c == '_';
            assert!(code.name.chars().all(fits) && code.name.split('.').count() == 2);
        }
        assert!(Code::named("rows.nam").unwrap_err().contains("rows.nan"));
        assert!(Code::named("x").unwrap_err().contains("begin with file., meta."));
    }

    /// `docs/check.md` lists every code, in the same order and words.
    #[test]
    fn the_manual_lists_every_code() {
        let manual = include_str!("../../../docs/check.md");
        let (_, manual) = manual.split_once("# What `check` tells").unwrap();
        let listed = manual.lines().filter(|line| {
            let code = line.strip_prefix("| `").and_then(|rest| rest.split('`').next());
            code.is_some_and(|code| code.contains('.'))
        });
        let expected: Vec<String> = ALL
            .iter()
            .map(|Code { name, severity, meaning, remedy }| {
                format!("| `{name}` | {} | {meaning} | {remedy} |", severity.name())
            })
            .collect();
        assert_eq!(listed.collect::<Vec<_>>(), expected, "\n{}", expected.join("\n"));
    }
}
