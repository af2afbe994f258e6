#!/usr/bin/env python3
"""Makes fixtures/words.gguf: common words of a real model, small enough to build in.

    scripts/fetch-real-model.sh --all
    python3 scripts/make_words.py models/all-MiniLM-L6-v2

The model is sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0). 4,000 of its whole
words of English letters become the tokens, in their order: those of fixtures/analogies.txt
in lower case, some animals, and the lowest IDs, which are the most common. After them
come the two words of one letter, signs, digits and the special tokens, so that ordinary
sentences can be tokenized. Rows are taken in the first 64 principal coordinates of the
4,000 (as they are, not centred) and stored as Q8_0. A word has a space before it, as
llama.cpp's converter writes a vocabulary of WordPiece.
"""

import json
import sys

import gguf
import numpy as np
from safetensors.numpy import load_file

WORDS, WIDTH = 4000, 64
ANIMALS = "cat cats kitten puppy mouse mice horse cow pig sheep wolf lion tiger bear rabbit"
MORE = "a i . , ? ! ' \" : - 0 1 2 3 4 5 6 7 8 9".split()
SPECIAL = ["[UNK]", "[CLS]", "[SEP]"]
CONTROL = gguf.TokenType.CONTROL


def main():
    folder = sys.argv[1]
    with open(f"{folder}/tokenizer.json", encoding="utf-8") as file:
        vocabulary = json.load(file)["model"]["vocab"]
    rows = load_file(f"{folder}/model.safetensors")["embeddings.word_embeddings.weight"]
    rows = rows.astype(np.float64)

    def is_word(token):
        return token.isascii() and token.isalpha() and len(token) > 1

    picked = ANIMALS + " " + open("fixtures/analogies.txt", encoding="utf-8").read().lower()
    picked = set(picked.split())
    words = [token for token in sorted(vocabulary, key=vocabulary.get) if is_word(token)]
    first = [token for token in words if token in picked]
    others = [token for token in words if token not in picked]
    words = sorted(first + others[: WORDS - len(first)], key=vocabulary.get)
    tokens = words + MORE + SPECIAL
    rows = rows[[vocabulary[token] for token in tokens]]
    _, _, directions = np.linalg.svd(rows[:WORDS], full_matrices=False)
    # The sign of a direction is not determined: its largest value is positive.
    signs = np.sign(directions[np.arange(WIDTH), np.abs(directions[:WIDTH]).argmax(1)])
    rows = (rows @ (directions[:WIDTH] * signs[:, None]).T).astype(np.float32)

    writer = gguf.GGUFWriter("fixtures/words.gguf", "llama")
    writer.add_name("4,000 common words of all-MiniLM-L6-v2, in 64 principal dimensions")
    writer.add_license("apache-2.0")
    writer.add_url("https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2")
    writer.add_vocab_size(len(tokens))
    writer.add_embedding_length(WIDTH)
    writer.add_tokenizer_model("bert")
    writer.add_token_list([token if token in SPECIAL else "\u2581" + token for token in tokens])
    writer.add_token_types([CONTROL if token in SPECIAL else 1 for token in tokens])
    writer.add_unk_token_id(tokens.index("[UNK]"))
    writer.add_bos_token_id(tokens.index("[CLS]"))
    writer.add_sep_token_id(tokens.index("[SEP]"))
    kind = gguf.GGMLQuantizationType.Q8_0
    writer.add_tensor("token_embd.weight", gguf.quants.quantize(rows, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


main()
