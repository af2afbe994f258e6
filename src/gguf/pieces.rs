//! Files that were cut into pieces byte by byte, by their names.
//!
//! Such a piece is no GGUF file of its own: only the first has a header, and `cat`
//! joins them. (The parts that `gguf-split` writes are files of their own: see
//! [`split`](super::split).)

use std::path::Path;

/// How to join the pieces if this is the name of one: `x.gguf.part1of2`,
/// `x.gguf-split-a`.
pub(super) fn advice(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    if let Some((whole, piece)) = name.rsplit_once(".part")
        && let Some((no, count)) = piece.split_once("of")
        && let (Ok(no), Ok(count)) = (no.parse::<u32>(), count.parse::<u32>())
        && (1..=count).contains(&no)
        && count > 1
    {
        let more = if count > 2 { " ..." } else { "" };
        return Some(format!(
            "by its name this is piece {no} of {count} of a file: join all with \
             `cat {whole}.part1of{count}{more} {whole}.part{count}of{count} > {whole}`"
        ));
    }
    let (whole, letter) = name.rsplit_once("-split-")?;
    let is_piece = letter.len() == 1 && letter.as_bytes()[0].is_ascii_lowercase();
    (is_piece && whole.ends_with(".gguf")).then(|| {
        format!(
            "by its name this is piece {letter} of a file: join all with \
             `cat {whole}-split-* > {whole}`"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_known_by_their_names() {
        let advice = |name: &str| advice(Path::new(name));
        let of = advice("dir/x.gguf.part1of2").unwrap();
        assert!(of.contains("`cat x.gguf.part1of2 x.gguf.part2of2 > x.gguf`"), "{of}");
        let of = advice("x.gguf.part2of12").unwrap();
        assert!(of.contains("`cat x.gguf.part1of12 ... x.gguf.part12of12 > x.gguf`"), "{of}");
        assert!(advice("x.gguf-split-b").unwrap().contains("`cat x.gguf-split-* > x.gguf`"));
        for other in ["x.gguf", "x.part1of1", "x.part3of2", "x.part0of2", "a-split-b", "x.partof"] {
            assert_eq!(advice(other), None, "{other}");
        }
    }
}
