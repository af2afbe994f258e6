//! Corrects the types of tokens that files state wrongly.
//!
//! Converters write wrong types, so llama.cpp goes by the names of some tokens. A
//! type decides whether a token is found in a text, so embcli does the same.

use crate::model::{Error, Fact, Model, Role};

use super::settings::{self, Settings};
use super::token_index::{TokenIndex, Types};

/// Ends of a text, a turn or a call: always control tokens.
const ENDS: &[&str] = &[
    "<|eot_id|>",
    "<|im_end|>",
    "<|end|>",
    "<|return|>",
    "<|call|>",
    "<|flush|>",
    "<|calls|>",
    "<end_of_turn>",
    "<|endoftext|>",
    "</s>",
    "<|eom_id|>",
    "<EOT>",
    "_<EOT>",
    "[EOT]",
    "[EOS]",
    "<|end_of_text|>",
    "<end_of_utterance>",
    "<eos>",
    "<turn|>",
    "<|tool_response>",
    "<｜end▁of▁sentence｜>",
    "[e~[",
];

/// The roles of filling in the middle, and the names of their tokens. If the model
/// gives no token the role, the token with such a name gets it and becomes a
/// control token.
const FILL_IN: &[(Role, &[&str])] = &[
    (
        Role::FillPrefix,
        &[
            "<|fim_prefix|>",
            "<fim-prefix>",
            "<fim_prefix>",
            "<｜fim▁begin｜>",
            "<PRE>",
            "▁<PRE>",
            "<|code_prefix|>",
            "<|prefix|>",
        ],
    ),
    (
        Role::FillSuffix,
        &[
            "<|fim_suffix|>",
            "<fim-suffix>",
            "<fim_suffix>",
            "<｜fim▁hole｜>",
            "<SUF>",
            "▁<SUF>",
            "<|code_suffix|>",
            "<|suffix|>",
        ],
    ),
    (
        Role::FillMiddle,
        &[
            "<|fim_middle|>",
            "<fim-middle>",
            "<fim_middle>",
            "<｜fim▁end｜>",
            "<MID>",
            "▁<MID>",
            "<|code_middle|>",
            "<|middle|>",
        ],
    ),
    (Role::FillPad, &["<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]"]),
    (
        Role::FillRepository,
        &["<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>"],
    ),
    (Role::FillSeparator, &["<|file_sep|>"]),
];

/// Parts of gpt-oss' messages: always user-defined.
const CHANNELS: &[&str] = &["<|channel|>", "<|message|>", "<|start|>", "<|constrain|>"];

/// Whether a token of this text is always a control token.
pub(super) fn is_end(text: &[u8]) -> bool {
    ENDS.iter().any(|end| end.as_bytes() == text)
}

pub(super) fn retype(
    vocabulary: &mut TokenIndex,
    model: &Model,
    settings: &Settings,
) -> Result<(), Error> {
    let mut ends: Vec<u32> = settings.eos.into_iter().collect();
    for (role, names) in FILL_IN {
        let mut id = settings::special(model, *role, vocabulary.len())?;
        // If several tokens have such names, llama.cpp takes one by the order of
        // its hash map; embcli takes the last.
        let named = names.iter().filter_map(|name| vocabulary.id_of(name.as_bytes())).max();
        if id.is_none()
            && let Some(named) = named
        {
            add(vocabulary, named, Types::CONTROL);
            id = Some(named);
        }
        ends.extend(id);
    }
    for role in [Role::EndOfTurn, Role::EndOfMessage] {
        ends.extend(settings::special(model, role, vocabulary.len())?);
    }
    for name in ENDS {
        if let Some(id) = vocabulary.id_of(name.as_bytes()) {
            add(vocabulary, id, Types::CONTROL);
        }
    }
    for name in CHANNELS {
        set(vocabulary, name, Types::USER_DEFINED);
    }
    let has = |name: &str| vocabulary.id_of(name.as_bytes()).is_some();
    // In gpt-oss and Solar Open, "<|end|>" ends a message, not the text.
    let calls = has("<|call|>") || has("<|calls|>");
    let end_is_inside = calls && (has("<|return|>") || has("<|flush|>"));
    // In Gemma 4 and PLaMo, "</s>" is text.
    let plamo = ends.iter().any(|&id| vocabulary.text(id) == b"<|plamo:eos|>");
    let s_is_text = plamo || has("<|tool_response>");
    if end_is_inside {
        set(vocabulary, "<|end|>", Types::USER_DEFINED);
    }
    if s_is_text {
        set(vocabulary, "</s>", Types::NORMAL);
    }
    strip(vocabulary, model)
}

/// Marks the tokens that include the white space beside them. Files do not state
/// which do: the model's name decides.
fn strip(vocabulary: &mut TokenIndex, model: &Model) -> Result<(), Error> {
    let text = |fact| Ok::<_, Error>(model.text(fact)?.unwrap_or_default());
    let pre = text(Fact::PreTokenizer)?;
    let architecture = text(Fact::Architecture)?;
    let name = text(Fact::Name)?.to_ascii_lowercase();
    let any = |text: &str, parts: &[&str]| parts.iter().any(|part| text.contains(part));

    let mask = |vocabulary: &mut TokenIndex, mask: &str| {
        if let Some(id) = vocabulary.id_of(mask.as_bytes()) {
            add(vocabulary, id, Types::LSTRIP);
        }
    };
    if any(&pre, &["jina-v2-de", "jina-v2-es", "jina-v2-code"])
        || any(&architecture, &["nomic-bert-moe", "jina-bert-v3"])
    {
        mask(vocabulary, "<mask>");
    } else if any(&name, &["phi-3", "phi3"]) {
        for id in vocabulary.ids() {
            let keeps = matches!(vocabulary.text(id), b"<unk>" | b"<s>" | b"<|endoftext|>");
            let special = vocabulary.types(id).any(Types::SPECIAL);
            if (special && !keeps) || vocabulary.text(id) == b"</s>" {
                add(vocabulary, id, Types::RSTRIP);
            }
        }
    } else if name.contains("modern-bert") {
        mask(vocabulary, "[MASK]");
    }
    Ok(())
}

fn add(vocabulary: &mut TokenIndex, id: u32, types: Types) {
    vocabulary.set_types(id, vocabulary.types(id).with(types));
}

fn set(vocabulary: &mut TokenIndex, name: &str, types: Types) {
    if let Some(id) = vocabulary.id_of(name.as_bytes()) {
        vocabulary.set_types(id, types);
    }
}
