//! What a file name shows: whether the file is a model, its precision, and the split
//! model that it belongs to.

use crate::safetensors;

/// Whether a file name is that of a GGUF model. Projectors, importance matrices and
/// draft heads come with a model but are not one. llama.cpp recognises them by
/// their names too.
pub(crate) fn is_model(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let beside = ["mmproj", "imatrix"].iter().any(|part| name.contains(part))
        || ["mtp-", "eagle3-", "dflash-"].iter().any(|part| name.starts_with(part));
    name.ends_with(".gguf") && !beside
}

/// Whether a file name is that of a whole checkpoint: its only file, or its index.
pub(super) fn is_checkpoint(name: &str) -> bool {
    [safetensors::SINGLE, safetensors::INDEX].contains(&name)
}

/// Whether a name contains a tag as a whole word, in upper or lower case. Neither
/// Q4_K_M nor IQ4_K contains the word Q4_K.
pub(crate) fn has_tag(name: &str, tag: &str) -> bool {
    let (name, tag) = (name.to_ascii_lowercase(), tag.to_ascii_lowercase());
    let is_end = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '_');
    !tag.is_empty()
        && name.match_indices(&tag).any(|(at, _)| {
            let (before, after) = (&name[..at], &name[at + tag.len()..]);
            is_end(before.chars().next_back()) && is_end(after.chars().next())
        })
}

/// The split model that a part belongs to, with its number of parts: `m-of-00003`
/// for `m-00002-of-00003.gguf`.
pub(crate) fn whole(name: &str) -> Option<String> {
    let (prefix, count) = name.strip_suffix(".gguf")?.rsplit_once("-of-")?;
    let (prefix, no) = prefix.rsplit_once('-')?;
    let is_number = |text: &str| text.len() == 5 && text.bytes().all(|b| b.is_ascii_digit());
    (is_number(no) && is_number(count)).then(|| format!("{prefix}-of-{count}"))
}

/// A model's name without `.gguf` and without the part number.
pub(super) fn stem(name: &str) -> &str {
    let stem = name.strip_suffix(".gguf").unwrap_or(name);
    match whole(name) {
        Some(_) => &stem[..stem.len() - "-00001-of-00001".len()],
        None => stem,
    }
}

/// The last component of a name.
pub(crate) fn file_name(name: &str) -> &str {
    name.rsplit_once('/').map_or(name, |(_, file)| file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn split_parts_share_the_name_of_their_model() {
        assert_eq!(whole("q/m-00002-of-00003.gguf").as_deref(), Some("q/m-of-00003"));
        for name in ["m.gguf", "m-2-of-3.gguf", "m-00002-of-00003.bin", "-of-", ""] {
            assert_eq!(whole(name), None, "{name}");
        }
        assert_eq!(stem("m-00002-of-00003.gguf"), "m");
        assert_eq!(stem("m.Q4_K_M.gguf"), "m.Q4_K_M");
    }

    #[test]
    fn file_names_give_models_and_precisions() {
        assert!(is_model("a.GGUF") && is_model("smtp-expert.gguf"));
        for name in ["mmproj-a.gguf", "o_r_mmproj-a.gguf", "imatrix.gguf", "mtp-a.gguf", "a.bin"] {
            assert!(!is_model(name), "{name}");
        }
        assert!(has_tag("m-Q4_K.gguf", "q4_k") && has_tag("Q8_0/m-00001-of-00002.gguf", "Q8_0"));
        for tag in ["Q4_K", "Q4", "K_M", "IQ4", ""] {
            assert!(!has_tag("m-Q4_K_M.gguf", tag), "{tag}");
        }
        assert!(!has_tag("m-IQ4_NL.gguf", "Q4_NL"));
    }
}
