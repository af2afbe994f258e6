//! The known pre-tokenizers, with the patterns of each.

use super::Rule::{BeforeThrees, Classes, Points, Threes, Words, WordsAndPowers};
use super::{Pre, Rule, Spelling};

/// GPT-2's words.
const GPT_2: Rule = Words(r"'(?:s|t|re|ve|m|ll|d)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+");

/// The words of Llama 3, which are GPT-4's.
const LLAMA_3: Rule = Words(r"<contraction>|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}<others>");

/// Qwen 2's words: like Llama 3's, but each digit is a word.
const QWEN_2: Rule = Words(r"<contraction>|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}<others>");

/// GPT-4o's words: a word ends before a capital letter.
const GPT_4O: Rule = Words(concat!(
    r"[^\r\n\p{L}\p{N}]?[\p{L}&&[^a-z]]*[\p{L}&&[^A-Z]]+<contraction>",
    r"?|[^\r\n\p{L}\p{N}]?[\p{L}&&[^a-z]]+[\p{L}&&[^A-Z]]*<contraction>",
    r"?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+"
));

/// DeepSeek 3's words. Other rules cut numbers and CJK text before this one.
const DEEPSEEK_3: Rule = Words(concat!(
    r##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|"##,
    r"[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+"
));

const DIGIT: Rule = Classes(r"\p{N}");
const UP_TO_THREE_DIGITS: Rule = Classes(r"\p{N}{1,3}");
const KANJI_AND_KANA: Rule = Points(r"[\u{4e00}-\u{9fa5}\u{3040}-\u{309f}\u{30a0}-\u{30ff}]+");
/// The second range covers far more than CJK.
const CJK: Rule = Points(r"[\u{4e00}-\u{9fa5}\u{800}-\u{4e00}\u{ac00}-\u{d7ff}]+");
/// One word: letters, digits and most signs together.
const NORDIC: Rule =
    Points(r" ?[^(\s|.,!?\u{2026}\u{3002}\u{ff0c}\u{3001}\u{964}\u{6d4}\u{60c})]+");
pub(super) const LINES: Rule = Classes(r"[^\n]+|\n+");
const NEWLINE: Rule = Classes(r"[\r\n]");

/// The settings of most pre-tokenizers, without names and rules.
pub(super) const PLAIN: Pre = Pre {
    names: "",
    rules: &[],
    ignore_merges: false,
    add_bos: false,
    default_bos: true,
    default_eos: true,
    lowercase: true,
    needs_merges: true,
    spelling: Spelling::Bytes,
    gemma: false,
};

/// The pre-tokenizer of a file that names none, or an unknown one.
pub(super) const DEFAULT: Pre = Pre {
    names: "default",
    rules: &[
        Classes(r"[\p{P}\$\+<=>\^~\|]+"),
        GPT_2,
        Classes(r"\p{N}+"),
        Classes("[0-9][0-9][0-9]"),
    ],
    ..PLAIN
};

/// All pre-tokenizers in `src/llama-vocab.cpp` of llama.cpp, as packaged in
/// llama-cpp-python 0.3.36.
pub(super) const KNOWN: &[Pre] = &[
    DEFAULT,
    Pre {
        names: "gpt-2 phi-2 jina-es jina-de gigachat jina-v2-es jina-v2-de a.x-4.0 mellum \
                modern-bert jina-v1-en jina-v2-code roberta-bpe exaone4 mpt olmo jais trillion \
                granite-docling",
        rules: &[GPT_2],
        ..PLAIN
    },
    Pre {
        names: "llama3 llama-v3 llama-bpe falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano",
        rules: &[LLAMA_3],
        ignore_merges: true,
        add_bos: true,
        ..PLAIN
    },
    Pre { names: "dbrx smaug-bpe", rules: &[LLAMA_3], ..PLAIN },
    Pre { names: "chatglm-bpe", rules: &[LLAMA_3], default_bos: false, ..PLAIN },
    Pre { names: "glm4 glm5", rules: &[LLAMA_3], ignore_merges: true, default_bos: false, ..PLAIN },
    Pre {
        names: "qwen2 deepseek-r1-qwen kormo f2llmv2 megrez stablelm2 hunyuan solar-open \
                grok-2",
        rules: &[QWEN_2],
        ..PLAIN
    },
    Pre {
        names: "qwen35",
        rules: &[Words(concat!(
            r"<contraction>|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}",
            r"| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+"
        ))],
        ..PLAIN
    },
    Pre { names: "ufakzeka", rules: &[Words(r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}<others>")], ..PLAIN },
    Pre { names: "laguna", rules: &[LINES, QWEN_2], ..PLAIN },
    Pre {
        names: "minicpm5",
        rules: &[
            UP_TO_THREE_DIGITS,
            Words(r"<contraction>|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}+<others>"),
        ],
        ignore_merges: true,
        ..PLAIN
    },
    Pre {
        names: "jais-2",
        rules: &[WordsAndPowers(r"<contraction>|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}<others>")],
        ..PLAIN
    },
    Pre {
        names: "bailingmoe bailingmoe2 llada-moe",
        rules: &[Words(
            r"<contraction>|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]",
        )],
        ..PLAIN
    },
    Pre {
        names: "seed-coder",
        rules: &[Words(
            r"<contraction>|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+",
        )],
        ..PLAIN
    },
    Pre {
        names: "exaone-moe",
        rules: &[Words(concat!(
            r"<contraction>|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}",
            r"| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]"
        ))],
        ..PLAIN
    },
    Pre { names: "gpt-4o llama4 kanana2 talkie minimax-m2", rules: &[GPT_4O], ..PLAIN },
    Pre {
        names: "tekken",
        rules: &[Words(concat!(
            r"[^\r\n\p{L}\p{N}]?[\p{L}&&[^a-z]]*[\p{L}&&[^A-Z]]+",
            r"|[^\r\n\p{L}\p{N}]?[\p{L}&&[^a-z]]+[\p{L}&&[^A-Z]]*",
            r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+"
        ))],
        ignore_merges: true,
        add_bos: true,
        ..PLAIN
    },
    Pre {
        names: "granite-embed-multi-97m",
        rules: &[Words(concat!(
            r"[^\r\n\p{L}\p{N}]?[[\p{L}\p{M}]&&[^a-z]]*[[\p{L}\p{M}]&&[^A-Z]]+<contraction>",
            r"?|[^\r\n\p{L}\p{N}]?[[\p{L}\p{M}]&&[^a-z]]+[[\p{L}\p{M}]&&[^A-Z]]*<contraction>",
            r"?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+"
        ))],
        ignore_merges: true,
        ..PLAIN
    },
    Pre {
        names: "tiny_aya cohere2moe",
        rules: &[
            Threes,
            Words(concat!(
                r"[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+<contraction>",
                r"?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+"
            )),
        ],
        ..PLAIN
    },
    Pre {
        names: "youtu",
        rules: &[
            Points(concat!(
                r"[\u{ac00}-\u{d7a3}\u{3131}-\u{318e}]+|",
                r"[\u{ff01}\u{2026}\u{201c}\u{201d}\u{2018}\u{2019}\u{2014}\u{ff1a}\u{ff1b}",
                r"\u{ff0c}\u{3001}-\u{303f}\u{fe30}-\u{fe4f}]+|",
                r"[\u{3105}-\u{312f}]+|",
                r"[\u{4e00}-\u{9fa5}\u{3040}-\u{309f}\u{30a0}-\u{30ff}]+"
            )),
            Words(concat!(
                r"[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+<contraction>",
                r"?|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+"
            )),
        ],
        ignore_merges: true,
        ..PLAIN
    },
    Pre {
        names: "kimi-k2",
        rules: &[Words(
            r"\p{Han}+|[^\r\n\p{L}\p{N}]?[\p{L}&&[^\p{Han}]]+<contraction>?|\p{N}{1,3}<others>",
        )],
        needs_merges: false,
        ..PLAIN
    },
    Pre {
        names: "deepseek-llm",
        rules: &[
            NEWLINE,
            Points(concat!(
                r"\s?[A-Za-z\u{b5}\u{c0}-\u{d6}\u{d8}-\u{f6}\u{f8}-\u{1ba}\u{1bc}-\u{1bf}",
                r"\u{1c4}-\u{293}\u{295}-\u{2af}\u{370}-\u{373}\u{376}\u{377}\u{37b}-\u{37d}",
                r"\u{37f}\u{386}\u{388}-\u{38a}\u{38c}\u{38e}-\u{3a1}\u{3a3}-\u{3f5}",
                r"\u{3f7}-\u{481}\u{48a}-\u{52f}\u{531}-\u{556}\u{10a0}-\u{10c5}",
                r"\u{13a0}-\u{13f5}\u{13f8}-\u{13fd}\u{1c90}-\u{1cba}\u{1cbd}-\u{1cbf}",
                r"\u{1d00}-\u{1d2b}\u{1d6b}-\u{1d77}\u{1d79}-\u{1d9a}\u{1e00}-\u{1f15}",
                r"\u{1f18}-\u{1f1d}\u{1f20}-\u{1f45}\u{1f48}-\u{1f4d}\u{1f50}-\u{1f57}\u{1f59}",
                r"\u{1f5b}\u{1f5d}\u{1f5f}-\u{1f7d}\u{1f80}-\u{1fb4}\u{1fb6}-\u{1fbc}\u{1fbe}",
                r"\u{1fc2}-\u{1fc4}\u{1fc6}-\u{1fcc}\u{1fd0}-\u{1fd3}\u{1fd6}-\u{1fdb}",
                r"\u{1fe0}-\u{1fec}\u{1ff2}-\u{1ff4}\u{1ff6}-\u{1ffc}\u{2102}\u{2107}",
                r"\u{210a}-\u{2113}\u{2115}\u{2119}-\u{211d}\u{2124}\u{2126}\u{2128}",
                r"\u{212a}-\u{212d}\u{212f}-\u{2134}\u{2139}\u{213c}-\u{213f}\u{2145}-\u{2149}",
                r"\u{214e}\u{2183}\u{2184}\u{2c00}-\u{2c7b}\u{2c7e}-\u{2ce4}\u{2ceb}-\u{2cee}",
                r"\u{2cf2}\u{2cf3}\u{a640}-\u{a66d}\u{a680}-\u{a69b}\u{a722}-\u{a76f}",
                r"\u{a771}-\u{a787}\u{a78b}-\u{a78e}\u{ab70}-\u{abbf}\u{fb00}-\u{fb06}",
                r"\u{fb13}-\u{fb17}\u{ff21}-\u{ff3a}\u{ff41}-\u{ff5a}\u{10400}-\u{1044f}",
                r"\u{104b0}-\u{104d3}\u{104d8}-\u{104fb}\u{10c80}-\u{10cb2}\u{10cc0}-\u{10cf2}",
                r"\u{118a0}-\u{118df}\u{1e900}-\u{1e943}]+"
            )),
            Points(
                r"\s?[!-/:-~\u{ff01}-\u{ff0f}\u{ff1a}-\u{ff5e}\u{2018}-\u{201f}\u{3000}-\u{3002}]+",
            ),
            Points(r"\s+$"),
            CJK,
            Classes(r"\p{N}+"),
        ],
        ..PLAIN
    },
    Pre {
        names: "deepseek-coder",
        rules: &[NEWLINE, Classes(r"\s?\p{L}+"), Classes(r"\s?\p{P}+"), CJK, DIGIT],
        ..PLAIN
    },
    Pre {
        names: "deepseek-v3 hunyuan-dense joyai-llm hy_v4",
        rules: &[UP_TO_THREE_DIGITS, KANJI_AND_KANA, DEEPSEEK_3],
        ..PLAIN
    },
    Pre {
        names: "spark2_5",
        rules: &[
            UP_TO_THREE_DIGITS,
            KANJI_AND_KANA,
            Words(concat!(
                r##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|"##,
                r"[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+|[\r\n]"
            )),
            DIGIT,
        ],
        ..PLAIN
    },
    Pre {
        names: "afmoe",
        rules: &[
            Threes,
            // U+8C48 starts a range that was meant to start at U+F900, its
            // compatibility form.
            Points(concat!(
                r"[\u{4e00}-\u{9fff}\u{3400}-\u{4dbf}\u{8c48}-\u{faff}\u{3040}-\u{309f}",
                r"\u{30a0}-\u{30ff}\u{ff65}-\u{ff9f}\u{2f00}-\u{2fdf}\u{e40}-\u{e7f}",
                r"\u{e80}-\u{eff}\u{1780}-\u{17ff}\u{1000}-\u{109f}\u{aa60}-\u{aa7f}",
                r"\u{a9e0}-\u{a9ff}\u{ac00}-\u{d7af}\u{1100}-\u{11ff}]+"
            )),
            DEEPSEEK_3,
        ],
        ..PLAIN
    },
    Pre {
        names: "falcon",
        rules: &[Classes(r"[\p{P}\$\+<=>\^~\|`]+"), GPT_2, Classes("[0-9][0-9][0-9]")],
        ..PLAIN
    },
    Pre {
        names: "starcoder refact command-r smollm codeshell exaone minerva-7b mellum2",
        rules: &[DIGIT, GPT_2],
        ..PLAIN
    },
    Pre { names: "poro-chat bloom gpt3-finnish", rules: &[NORDIC], ..PLAIN },
    Pre { names: "viking", rules: &[NORDIC, DIGIT], ..PLAIN },
    Pre {
        names: "chameleon",
        rules: &[
            Points("<sentinel:[0-9]+>"),
            Points("IMGIMG[A-I]{1,4}Z"),
            Points(r"[\t\n]|    |  "),
            DIGIT,
            Classes(r"[\p{P}!-/:-@\[-`{-~]"),
            GPT_2,
        ],
        add_bos: true,
        ..PLAIN
    },
    Pre { names: "superbpe", rules: &[Classes(r"\p{N}+"), BeforeThrees], ..PLAIN },
    Pre {
        names: "gemma4 granite-embed-multi-311m",
        rules: &[LINES],
        spelling: Spelling::Underscores,
        gemma: true,
        ..PLAIN
    },
    Pre { names: "sarvam-moe", rules: &[LINES], spelling: Spelling::Underscores, ..PLAIN },
    Pre {
        names: "whitespace",
        rules: &[Points(r"\S+")],
        lowercase: false,
        spelling: Spelling::Characters,
        ..PLAIN
    },
];
