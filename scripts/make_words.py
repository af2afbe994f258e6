#!/usr/bin/env python3
"""Makes fixtures/words.gguf: common words of a real model, small enough to build in.

    python3 scripts/make_words.py MODEL.gguf

MODEL is sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0) as GGUF. 4,000 of its whole
words of English letters become the tokens, in their order: those of fixtures/analogies.txt
in lower case, some animals, and the lowest IDs, which are the most common. Their rows
are taken in their first 64 principal coordinates (of the rows as they are, not centred)
and stored as Q8_0. A word has a space before it, as the sign of SentencePiece.
"""

import sys

import gguf
import numpy as np

WORDS, WIDTH = 4000, 64
ANIMALS = "cat cats kitten puppy mouse mice horse cow pig sheep wolf lion tiger bear rabbit"


def main():
    reader = gguf.GGUFReader(sys.argv[1])
    field = reader.fields["tokenizer.ggml.tokens"]
    tokens = [bytes(field.parts[i]).decode() for i in field.data]
    table = next(t for t in reader.tensors if t.name == "token_embd.weight")
    rows = gguf.quants.dequantize(table.data, table.tensor_type).astype(np.float64)

    def is_word(token):
        return token[:1] == "▁" and token[1:].isascii() and token[1:].isalpha() and len(token) > 2

    picked = ANIMALS + " " + open("fixtures/analogies.txt", encoding="utf-8").read().lower()
    picked = {"▁" + word for word in picked.split()}
    words = [i for i, token in enumerate(tokens) if is_word(token)]
    first = [i for i in words if tokens[i] in picked]
    ids = sorted(first + [i for i in words if tokens[i] not in picked][: WORDS - len(first)])
    rows = rows[ids]
    _, _, directions = np.linalg.svd(rows, full_matrices=False)
    # The sign of a direction is not determined: its largest value is positive.
    signs = np.sign(directions[np.arange(WIDTH), np.abs(directions[:WIDTH]).argmax(1)])
    rows = (rows @ (directions[:WIDTH] * signs[:, None]).T).astype(np.float32)

    writer = gguf.GGUFWriter("fixtures/words.gguf", "llama")
    writer.add_name("4,000 common words of all-MiniLM-L6-v2, in 64 principal dimensions")
    writer.add_license("apache-2.0")
    writer.add_url("https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2")
    writer.add_vocab_size(WORDS)
    writer.add_embedding_length(WIDTH)
    writer.add_tokenizer_model("llama")
    writer.add_token_list([tokens[i] for i in ids])
    writer.add_token_scores([float(-i) for i in range(WORDS)])
    writer.add_token_types([1] * WORDS)
    writer.add_add_bos_token(False)
    kind = gguf.GGMLQuantizationType.Q8_0
    writer.add_tensor("token_embd.weight", gguf.quants.quantize(rows, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


main()
