#!/usr/bin/env python3
"""Write fixtures/tokenizer: texts, and llama.cpp's token IDs for them.

    scripts/fetch-vocabularies.sh && scripts/fetch-real-model.sh
    pip install llama-cpp-python==0.3.36
    python scripts/tokenizer_fixtures.py

The IDs come from `llama_tokenize` in that package. Each file has the IDs of one
vocabulary, with a line per text. `special` is llama-tokenize's default: it adds the
model's BOS and EOS and parses special tokens. `plain` does neither; it is null if it
differs from `special` only by the tokens added at the ends.
"""

import json
import pathlib

import llama_cpp.llama_cpp as llama

ROOT = pathlib.Path(__file__).resolve().parent.parent
MODELS = ROOT / "models"
OUT = ROOT / "fixtures" / "tokenizer"

# The kind of text, and the text (bytes if it is not UTF-8).
TEXTS = [
    ("empty", ""),
    ("a sentence", "The cat sat on the mat."),
    ("a leading space", " The cat"),
    ("leading and trailing spaces", "   padded   "),
    ("one space", " "),
    ("runs of spaces", "a b  c   d    e     f                 g"),
    ("only spaces", " " * 37),
    ("newlines", "\n\n\na\n\nb \n c\n \n\n d\n"),
    ("tabs", "\ta\t\tb \t c\t\t\t"),
    ("CRLF", "one\r\ntwo\r\n\r\nthree\r four\r\n"),
    ("mixed white space", " \t\n\r\n  \n\t x \u000b\u000c y  \n"),
    ("Unicode's spaces", "a\u00a0b\u2003c\u3000d\u2028e\u0085f\u1680g\u202f\u205fh"),
    ("zero width", "a\u200bb\u200cc\u200dd\ufeffe\u00adf"),
    ("a byte order mark", "\ufeffHello"),
    ("NUL", "a\0b\0\0c"),
    ("controls", "\x01\x02\x1b[31mred\x1b[0m\x7f\x1c\x1d\x1e\x1f."),
    ("digits", "1 12 123 1234 12345 1234567890"),
    ("many digits", "31415926535897932384626433832795028841971693993751"),
    ("numbers as written", "-3.14e+10, 1,234,567.89 and 0xFF; 50%, 1/2, 10:45"),
    ("numbers of other scripts", "٣٤٥٦ १२३४ ๑๒๓ Ⅷ ½ ² ₃ ①"),
    ("letters and digits", "abc123def4567gh89 v1.2.3-rc4"),
    ("contractions", "I'm you're he'll they've it's don't she'd"),
    ("contractions in odd case", "I'M YOU'Re hE'lL THEY'vE IT'S DON'T SHE'd 'S'T 'ſ"),
    ("typographic apostrophes", "it’s don’t ‘quoted’ “so” – and — on…"),
    ("punctuation", "Hello, world! (really?) [yes]; {no}: <tag/> & \"q\" 'r' #1 @me $5 ~ ` ^ | \\ /"),
    ("runs of punctuation", "!!! ... ??? ---- ==== //// ***** ,,,,,, ''''' ((([[[{{{"),
    ("case", "camelCaseHTTPServer SCREAMING_SNAKE_CASE lower UPPER Title"),
    ("code", "fn main() {\n    let x: Vec<u32> = vec![1, 2];\n\tprintln!(\"{x:?}\");\n}\n"),
    ("a path", "https://example.com/a_b/c-d?e=f&g=h#i C:\\dir\\file.txt"),
    ("one letter again and again", "a" * 300),
    ("emoji", "🦙 is 😀😃 and ❤️ or ☺"),
    ("joined emoji", "👩‍👩‍👧‍👦 👨🏽‍💻 🏳️‍🌈 🇩🇪🇫🇷 1️⃣ 👍🏿"),
    ("accents", "naïve façade Ångström Žižek Straße œuvre Øre ñandú"),
    ("combining marks", "e\u0301 a\u0300\u0323 o\u0308\u0304 Z\u0351\u036b\u0343 cafe\u0301s"),
    ("odd case", "İstanbul ıspanak ǅ ﬁne ẞ ΑΣ ΑΣΣ K Å"),
    ("Greek and Cyrillic", "Ελληνικά γράμματα. Привет, мир! Її Ѣ"),
    ("Vietnamese", "Tiếng Việt: xin chào thế giới"),
    ("Chinese", "你好,世界!天地玄黄，宇宙洪荒。「引用」1234元"),
    ("rare ideographs", "㐀䶿 𠀀𠮷 𫝀 豈 丽 ⼀"),
    ("Japanese", "こんにちは、世界！カタカナﾊﾝｶｸ 東京タワー々〆"),
    ("Korean", "안녕하세요 세계! ㄱㄴㄷ 한글 자모 가"),
    ("Thai, Lao, Khmer, Burmese", "สวัสดีชาวโลก ສະບາຍດີ សួស្តី မင်္ဂလာပါ"),
    ("Arabic and Hebrew", "مرحبا بالعالم! كِتَابٌ ١٢٣ שָׁלוֹם עולם"),
    ("scripts of India", "नमस्ते दुनिया। বাংলা ভাষা తెలుగు தமிழ் ಕನ್ನಡ"),
    ("mixed scripts", "abcабвαβγ漢字かなทดสอบعربي123🦙e\u0301 \u0915\u093f"),
    ("mathematics", "∀x∈ℝ: ⌈x⌉ = −⌊−x⌋, ∑₁ⁿ 𝒜𝔅𝟙 ≤ ∞ ± √2 °C €£¥"),
    ("private use and unassigned", "\ue000\uf8ff\U000f0000 \u0378\u1c89\U0001ccd6 \U0010ffff"),
    ("the mark of spaces itself", "a▁b ▁▁ c▁ <0x0A><0x41> Ġ Ċ"),
    ("special tokens", "<s>Hello</s> <unk><pad>[UNK] <|endoftext|>x"),
    ("special tokens of chats", "<|im_start|>user\nHi<|im_end|>\n<start_of_turn>model\n<end_of_turn>"),
    ("special tokens of Llama 3", "<|begin_of_text|><|start_header_id|>a<|end_header_id|>\n\nb<|eot_id|>"),
    ("special tokens of Gemma", "<bos><eos> <unused5>[multimodal]<|turn>user<turn|> <mask><2mass>"),
    ("special tokens of BERT", "[CLS] a [MASK] b [SEP][PAD] <mask> c"),
    ("special tokens of code", "<fim_prefix>a<fim_suffix>b<fim_middle> <filename>x <|file_sep|>"),
    ("special tokens and white space", "  <s>  a  </s>  b <|end|> \n <|user|> \t c <|assistant|>\n"),
    ("parts of special tokens", "<|im_ start|> <|endoftext <s <|<|im_end|>|> </ s> <unused"),
    ("tags", "<div class=\"a\"><b>bold</b></div><table><tr><td>"),
    ("bytes that are not UTF-8", b"a\xffb\xfe\x80c\xc3(d\xf8\x88\x80\x80\x80e"),
    ("characters cut short", b"\xe2\x82 \xf0\x9f\x98 x\xc3\xa9\xe2\x82"),
    ("longer than needed, and surrogates", b"\xc0\x80 \xc1\xbf \xe0\x80\x80 \xed\xa0\x80\xed\xb0\x80"),
    ("Latin-1", "Grüße aus Köln".encode("latin-1")),
]

VOCABULARIES = {
    path.stem.removeprefix("ggml-vocab-"): path
    for path in sorted((MODELS / "vocabularies").glob("ggml-vocab-*.gguf"))
}
VOCABULARIES["gemma-3-270m"] = MODELS / "gemma-3-270m-q4_k_m.gguf"


def one_a_line(items):
    return "[\n" + ",\n".join("    " + json.dumps(item) for item in items) + "\n  ]"


def main():
    texts = [
        {"what": what, "text": text} if isinstance(text, str) else {"what": what, "hex": text.hex()}
        for what, text in TEXTS
    ]
    OUT.joinpath("texts.json").write_text('{\n  "texts": ' + one_a_line(texts) + "\n}\n")

    llama.llama_backend_init()
    for name, path in VOCABULARIES.items():
        params = llama.llama_model_default_params()
        params.vocab_only = True
        model = llama.llama_model_load_from_file(str(path).encode(), params)
        assert model, path
        vocabulary = llama.llama_model_get_vocab(model)

        def ids_of(text, special):
            text = text.encode() if isinstance(text, str) else text
            most = 2 * len(text) + 64
            ids = (llama.llama_token * most)()
            n = llama.llama_tokenize(vocabulary, text, len(text), ids, most, special, special)
            assert n >= 0, (name, text)
            return list(ids[:n])

        special, plain = [], []
        for _, text in TEXTS:
            with_special, without = ids_of(text, True), ids_of(text, False)
            special.append(with_special)
            around = len(with_special) - len(without)
            same = any(with_special[i : i + len(without)] == without for i in range(around + 1))
            plain.append(None if same else without)
        llama.llama_model_free(model)
        OUT.joinpath(f"{name}.json").write_text(
            "{\n"
            + f'  "special": {one_a_line(special)},\n'
            + f'  "plain": {one_a_line(plain)}\n'
            + "}\n"
        )
        print(f"{name}: {sum(len(ids) for ids in special)} IDs of {len(TEXTS)} texts")


if __name__ == "__main__":
    main()
