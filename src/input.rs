//! What a model does to a row before its first block: scale, positions, norms.
//!
//! A model can change a row of the table before its first block receives it. The
//! architecture's name alone decides how, never the tensors of the file: lfm2
//! stores its *final* norm under the name of the embedding norm.
//!
//! | architecture | a row x becomes |
//! |---|---|
//! | gemma to gemma4, gemma-embedding, afmoe | x · sqrt(d_model) |
//! | minicpm, grok, granite and its kin | x · `<arch>.embedding_scale` |
//! | minicpm3 | x · 12 |
//! | gpt2, starcoder, some mpt | x + its position's row |
//! | bert | LayerNorm(x + token type 0 + its position's row) |
//! | nomic-bert, jina-bert | LayerNorm(x + token type 0) |
//! | modern-bert, bloom, rwkv6, rwkv7 | LayerNorm(x) |
//! | talkie, muse-glimmer | RMSNorm(x), without a weight |
//! | llama and most others | x |
//!
//! Scales and additions use f32 in ggml's order, so their results are bit-identical
//! to ggml's; norms are computed in f64 and rounded once.

use std::borrow::Cow;

use thiserror::Error;

use crate::embedding::{self, Table};
use crate::model::{self, Fact, Model};
use crate::text::clip;

const POSITIONS: &str = "position_embd.weight";
const TOKEN_TYPES: &str = "token_types.weight";
const NORM_WEIGHT: &str = "token_embd_norm.weight";
const NORM_BIAS: &str = "token_embd_norm.bias";
const PER_LAYER: &str = "per_layer_token_embd.weight";

/// The scale of a grok file that states none, with llama.cpp's digits.
const GROK_SCALE: f32 = 78.383_671_769_061_69_f64 as f32;

/// Why the steps can't be found or applied.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The model's header can't be read.
    #[error(transparent)]
    Model(#[from] model::Error),
    /// A tensor that is added to rows or multiplied with them can't be read.
    #[error(transparent)]
    Table(#[from] embedding::Error),
    /// A row of such a tensor can't be read.
    #[error("{tensor}")]
    Row {
        /// The tensor.
        tensor: String,
        /// What is wrong with it.
        source: embedding::Error,
    },
    /// The model lacks what its architecture needs, or a tensor has too many rows.
    #[error("{0}")]
    Unfit(String),
    /// The model has no such position.
    #[error(
        "position {position} is out of range: {tensor} has {n} positions, 0 to {}",
        n - 1
    )]
    NoPosition {
        /// The position.
        position: u64,
        /// The tensor that has a row for each position.
        tensor: String,
        /// How many rows it has.
        n: u64,
    },
}

type Result<T> = std::result::Result<T, Error>;

/// The steps that change a row, in order.
#[derive(Debug)]
pub struct Input {
    /// At least one step: if nothing is done, one that says so.
    pub steps: Vec<Step>,
}

/// One step, or a remark on why there is none.
#[derive(Debug)]
pub struct Step {
    /// `scale`, `token_type`, `position`, `layer_norm`, `rms_norm`,
    /// `per_layer`, `nothing` or `unknown`.
    pub name: &'static str,
    /// The source of the step: a metadata key, tensors, or a rule.
    pub from: String,
    /// The factor of a scale, the epsilon of a norm.
    pub value: Option<f32>,
    /// The step in words.
    pub text: String,
    action: Action,
}

#[derive(Debug)]
enum Action {
    /// The same at every position.
    Always(Operation),
    /// The position's row of a table is added.
    AddRowOf(Table),
}

#[derive(Clone, Debug)]
enum Operation {
    Nothing,
    Scale(f32),
    Add(Vec<f32>),
    LayerNorm { epsilon: f32, weight: Vec<f32>, bias: Option<Vec<f32>> },
    RmsNorm { epsilon: f32 },
}

/// All operations on a row at one position, ready for many rows.
#[derive(Debug)]
pub struct Placed<'a>(Vec<Cow<'a, Operation>>);

impl Placed<'_> {
    /// Turns a row of the table into what the first block receives.
    pub fn apply(&self, row: &mut [f32]) {
        self.0.iter().for_each(|operation| operation.apply(row));
    }

    /// The factor, if every row is only multiplied by one positive number; 1 for nothing.
    pub fn scale(&self) -> Option<f64> {
        self.0.iter().try_fold(1.0, |scale, operation| match **operation {
            Operation::Nothing => Some(scale),
            Operation::Scale(by) if by.is_finite() && by > 0.0 => Some(scale * f64::from(by)),
            _ => None,
        })
    }

    /// Whether every row keeps its direction, because each is only multiplied by a
    /// positive number. Then no cosine changes.
    pub fn keeps_directions(&self) -> bool {
        self.0.iter().all(|operation| match **operation {
            Operation::Nothing | Operation::RmsNorm { .. } => true,
            Operation::Scale(by) => by.is_finite() && by > 0.0,
            Operation::Add(_) | Operation::LayerNorm { .. } => false,
        })
    }
}

impl Input {
    /// The steps of a model whose embedding table has rows of `d_model` values.
    ///
    /// # Errors
    /// If a key or a tensor that the architecture needs is missing or of the wrong
    /// type or shape.
    pub fn of(model: &Model, d_model: usize) -> Result<Self> {
        let Some(arch) = model.text(Fact::Architecture)? else {
            let why = "the file does not say its architecture";
            return Ok(Self { steps: vec![Step::unknown(model, why)] });
        };
        let plan = Plan { model, arch: &arch, d_model };
        Ok(Self { steps: plan.steps()? })
    }

    /// Whether the result depends on the token's position.
    pub fn depends_on_position(&self) -> bool {
        self.steps.iter().any(|step| matches!(step.action, Action::AddRowOf(_)))
    }

    /// Whether the architecture is unknown.
    pub fn is_unknown(&self) -> bool {
        self.steps.iter().any(|step| step.name == "unknown")
    }

    /// Turns a row of the table into what the first block receives at `position`.
    ///
    /// # Errors
    /// If the model has no such position, or it can't be read.
    pub fn apply(&self, row: &mut [f32], position: u64) -> Result<()> {
        self.at(position)?.apply(row);
        Ok(())
    }

    /// The operations on every row at `position`.
    ///
    /// # Errors
    /// If the model has no such position, or it can't be read.
    pub fn at(&self, position: u64) -> Result<Placed<'_>> {
        let actions = self.steps.iter().map(|step| &step.action);
        let operations = actions.map(|action| match action {
            Action::Always(operation) => Ok(Cow::Borrowed(operation)),
            Action::AddRowOf(table) => Ok(Cow::Owned(Operation::Add(row_of(table, position)?))),
        });
        Ok(Placed(operations.collect::<Result<_>>()?))
    }
}

impl Step {
    /// A step that leaves the row as it is.
    fn remark(name: &'static str, from: &str, text: String) -> Self {
        Self {
            name,
            from: from.to_owned(),
            value: None,
            text,
            action: Action::Always(Operation::Nothing),
        }
    }

    fn unknown(model: &Model, why: &str) -> Self {
        let text = format!("{why}: these are the raw rows, whatever is done to them");
        Self::remark("unknown", &model.key(Fact::Architecture), text)
    }

    fn scale(by: f32, from: impl Into<String>, why: &str) -> Self {
        let text = format!("every value is multiplied by {by}, {why}");
        let action = Action::Always(Operation::Scale(by));
        Self { name: "scale", from: from.into(), value: Some(by), text, action }
    }
}

struct Plan<'a> {
    model: &'a Model,
    arch: &'a str,
    d_model: usize,
}

impl Plan<'_> {
    fn steps(&self) -> Result<Vec<Step>> {
        let steps = match self.arch {
            "gemma" | "gemma2" | "gemma3" | "gemma-embedding" | "afmoe" => vec![self.root()],
            "gemma3n" | "gemma4" => [self.root()].into_iter().chain(self.per_layer()?).collect(),
            "minicpm" => self.scale(Some(12.0))?,
            "minicpm3" => vec![Step::scale(12.0, "12", "minicpm3's fixed scale")],
            "grok" => self.scale(Some(GROK_SCALE))?,
            "granite" | "granitemoe" | "granitehybrid" | "graniteswitch" | "granite_swa"
            | "hrm_text" => self.scale(None)?,
            "bert" => {
                let position = self.position()?.ok_or_else(|| self.lacks(POSITIONS))?;
                let rest = [position, self.layer_norm(true)?];
                self.token_type()?.into_iter().chain(rest).collect()
            }
            "nomic-bert" | "nomic-bert-moe" | "jina-bert-v3" => {
                self.token_type()?.into_iter().chain([self.layer_norm(true)?]).collect()
            }
            "jina-bert-v2" => {
                let token_type = self.token_type()?.ok_or_else(|| self.lacks(TOKEN_TYPES))?;
                vec![token_type, self.layer_norm(true)?]
            }
            "modern-bert" => vec![self.layer_norm(false)?],
            "bloom" | "rwkv6" | "rwkv7" => vec![self.layer_norm(true)?],
            "talkie" | "muse-glimmer" => vec![self.rms_norm()?],
            "gpt2" | "starcoder" => vec![self.position()?.ok_or_else(|| self.lacks(POSITIONS))?],
            "mpt" => self.position()?.into_iter().collect(),
            arch if INSIDE_ATTENTION.contains(&arch) || RECURRENT.contains(&arch) => vec![],
            arch => {
                let arch = clip(arch, 64);
                let why =
                    format!("embcli does not know what \"{arch}\" does before its first block");
                return Ok(vec![Step::unknown(self.model, &why)]);
            }
        };
        Ok(if steps.is_empty() { vec![self.nothing()] } else { steps })
    }

    fn nothing(&self) -> Step {
        let why = match self.arch {
            "falcon-h1" | "jais" => "its scale was multiplied into the table at conversion",
            "lfm2" | "lfm2moe" => {
                "positions enter inside attention (token_embd_norm is its final norm, whatever \
                 the name)"
            }
            arch if RECURRENT.contains(&arch) => "order enters by recurrence, inside the blocks",
            _ => "this architecture puts positions inside attention",
        };
        let text = format!("{}: the rows enter as they are; {why}", self.arch);
        Step::remark("nothing", &self.model.key(Fact::Architecture), text)
    }

    /// The scale of the Gemma family. ggml takes the root in f32.
    fn root(&self) -> Step {
        let why = format!("the square root of d_model ({}): a rule, no key holds it", self.d_model);
        Step::scale((self.d_model as f32).sqrt(), "sqrt(d_model)", &why)
    }

    /// The scale that a key holds. For ggml, 0 means no scale.
    fn scale(&self, absent: Option<f32>) -> Result<Vec<Step>> {
        let key = self.model.key(Fact::EmbeddingScale);
        Ok(match (self.model.real(Fact::EmbeddingScale)?, absent) {
            (Some(0.0), _) => {
                let text = format!("{key} is 0, which means none: the rows enter as they are");
                vec![Step::remark("nothing", &key, text)]
            }
            (None, None) => vec![],
            (Some(by), _) => vec![Step::scale(by, &*key, &format!("which is {key}"))],
            (None, Some(by)) => {
                let why = format!("the scale of {} where the file has no {key}", self.arch);
                vec![Step::scale(by, format!("{by} without {key}"), &why)]
            }
        })
    }

    fn token_type(&self) -> Result<Option<Step>> {
        let Some(table) = self.table(TOKEN_TYPES)? else { return Ok(None) };
        let row = row(&table, 0)?;
        let text = format!(
            "row 0 of {TOKEN_TYPES} is added to every row: each token counts as one of the first \
             sentence"
        );
        let action = Action::Always(Operation::Add(row));
        Ok(Some(Step { action, ..Step::remark("token_type", TOKEN_TYPES, text) }))
    }

    fn position(&self) -> Result<Option<Step>> {
        let Some(table) = self.table(POSITIONS)? else { return Ok(None) };
        let text = format!(
            "row p of {POSITIONS}, which has {}, is added to the row at position p: the same token \
             is another row elsewhere",
            table.n_vocab()
        );
        let action = Action::AddRowOf(table);
        Ok(Some(Step { action, ..Step::remark("position", POSITIONS, text) }))
    }

    fn layer_norm(&self, has_bias: bool) -> Result<Step> {
        let epsilon = self.epsilon(Fact::LayerNormEpsilon)?;
        let weight = self.vector(NORM_WEIGHT)?;
        let bias = has_bias.then(|| self.vector(NORM_BIAS)).transpose()?;
        let (from, plus) = match bias {
            Some(_) => (format!("{NORM_WEIGHT}, {NORM_BIAS}"), format!(", plus {NORM_BIAS}")),
            None => (NORM_WEIGHT.to_owned(), String::new()),
        };
        let text = format!(
            "each row is brought to mean 0 and variance 1 (epsilon {epsilon:?}), times \
             {NORM_WEIGHT}{plus}"
        );
        let action = Action::Always(Operation::LayerNorm { epsilon, weight, bias });
        Ok(Step { name: "layer_norm", from, value: Some(epsilon), text, action })
    }

    fn rms_norm(&self) -> Result<Step> {
        let epsilon = self.epsilon(Fact::RmsNormEpsilon)?;
        let from = self.model.key(Fact::RmsNormEpsilon);
        let text = format!(
            "each row is divided by the root of its mean square (epsilon {epsilon:?}); there is \
             no weight"
        );
        let action = Action::Always(Operation::RmsNorm { epsilon });
        Ok(Step { name: "rms_norm", from, value: Some(epsilon), text, action })
    }

    /// The second table of gemma3n and gemma4, whose rows go to the layers.
    fn per_layer(&self) -> Result<Option<Step>> {
        if self.model.tensor(PER_LAYER)?.is_none() {
            return Ok(None);
        }
        let key = self.model.key(Fact::PerLayerLength);
        let width = self.model.whole(Fact::PerLayerLength)?.ok_or_else(|| self.lacks(&key))?;
        let scale = (width as f32).sqrt();
        let text = format!(
            "besides this matrix, each token has a row of {PER_LAYER}: its values times \
             {scale:?}, the square root of {width}, go past the first block to the layers, {width} \
             to each; they are not shown here"
        );
        let from = format!("{PER_LAYER}, {key}");
        let action = Action::Always(Operation::Nothing);
        Ok(Some(Step { name: "per_layer", from, value: Some(scale), text, action }))
    }

    fn lacks(&self, what: &str) -> Error {
        Error::Unfit(format!("the file has no {what}, which {} needs", self.arch))
    }

    fn epsilon(&self, fact: Fact) -> Result<f32> {
        self.model.real(fact)?.ok_or_else(|| self.lacks(&self.model.key(fact)))
    }

    fn table(&self, name: &str) -> Result<Option<Table>> {
        Ok(Table::of_width(self.model, name, self.d_model)?)
    }

    fn vector(&self, name: &str) -> Result<Vec<f32>> {
        let table = self.table(name)?.ok_or_else(|| self.lacks(name))?;
        match table.n_vocab() {
            1 => row(&table, 0),
            rows => {
                let problem = format!("tensor \"{name}\" has {rows} rows, but must have one");
                Err(Error::Unfit(problem))
            }
        }
    }
}

fn row_of(table: &Table, position: u64) -> Result<Vec<f32>> {
    match table.n_vocab() {
        n if position < n => row(table, position),
        n => Err(Error::NoPosition { position, tensor: table.name().to_owned(), n }),
    }
}

fn row(table: &Table, id: u64) -> Result<Vec<f32>> {
    table.row(id).map_err(|source| Error::Row { tensor: table.name().to_owned(), source })
}

impl Operation {
    fn apply(&self, row: &mut [f32]) {
        match self {
            Self::Nothing => {}
            Self::Scale(by) => row.iter_mut().for_each(|x| *x *= by),
            Self::Add(other) => row.iter_mut().zip(other).for_each(|(x, y)| *x += y),
            Self::LayerNorm { epsilon, weight, bias } => {
                let mean = mean(row.iter().map(|&x| x.into()));
                let variance = self::mean(row.iter().map(|&x| (f64::from(x) - mean).powi(2)));
                let deviation = (variance + f64::from(*epsilon)).sqrt();
                for (i, x) in row.iter_mut().enumerate() {
                    let bias = bias.as_ref().map_or(0.0, |bias| bias[i]);
                    let normal = (f64::from(*x) - mean) / deviation;
                    *x = (normal * f64::from(weight[i]) + f64::from(bias)) as f32;
                }
            }
            Self::RmsNorm { epsilon } => {
                let square = mean(row.iter().map(|&x| f64::from(x).powi(2)));
                let root = (square + f64::from(*epsilon)).sqrt();
                row.iter_mut().for_each(|x| *x = (f64::from(*x) / root) as f32);
            }
        }
    }
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let n = values.len() as f64;
    values.sum::<f64>() / n
}

/// Architectures that do nothing before the first block. An architecture in neither
/// list is reported as unknown.
#[rustfmt::skip]
const INSIDE_ATTENTION: &[&str] = &[
    "apertus", "arcee", "arctic", "baichuan", "bailingmoe", "bailingmoe2", "bitnet", "chameleon",
    "chatglm", "codeshell", "cogvlm", "cohere2", "cohere2moe", "command-r", "dbrx", "deci",
    "deepseek", "deepseek2", "deepseek2-ocr", "deepseek32", "dots1", "dream", "ernie4_5",
    "ernie4_5-moe", "eurobert", "exaone", "exaone-moe", "exaone4", "falcon", "falcon-h1", "glm-dsa",
    "glm4", "glm4moe", "gpt-oss", "gptj", "gptneox", "gptoss", "grovemoe", "hunyuan-dense",
    "hunyuan-moe", "hunyuan_vl", "internlm2", "jais", "jais2", "kimi-linear", "lfm2", "lfm2moe",
    "llada", "llada-moe", "llama", "llama-embed", "llama4", "maincoder", "mimo2", "minimax-m2",
    "mistral", "mistral3", "mistral4", "nemotron", "neo-bert", "olmo", "olmo2", "olmoe", "openelm",
    "orion", "paddleocr", "pangu-embedded", "phi2", "phi3", "phimoe", "plamo", "plamo2", "plamo3",
    "plm", "qwen", "qwen2", "qwen25vl", "qwen2moe", "qwen2vl", "qwen3", "qwen35", "qwen35moe",
    "qwen3moe", "qwen3next", "qwen3vl", "qwen3vlmoe", "refact", "rnd1", "seed_oss", "smallthinker",
    "smollm3", "stablelm", "starcoder2", "step35", "t5", "t5encoder", "xverse",
];

/// Those that do nothing there and learn the order of tokens by recurrence.
const RECURRENT: &[&str] =
    &["arwkv7", "jamba", "mamba", "mamba2", "nemotron_h", "nemotron_h_moe", "rwkv6qwen2"];
