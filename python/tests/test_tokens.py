"""Texts of tokens, and tokens of texts."""

import numpy as np
import pytest


def test_token(toy):
    assert toy.token(3) == toy.token([3])[0] == toy.token(np.int64(3)) == toy.token(3 - len(toy))
    assert toy.token(range(8192)) == toy.token(slice(None)) == [toy.token(i) for i in range(8192)]
    assert toy.token_bytes(3) == toy.token(3).encode()
    with pytest.raises(IndexError):
        toy.token(8192)


def test_the_tokens_of_gemma(gemma, gemma_reference):
    for id in range(1000, len(gemma), 9973):
        assert gemma.token(id) == gemma_reference.token(id).replace("\u2581", " ")
        assert gemma.token(gemma.id(gemma.token(id))) == gemma.token(id)


def test_tokenize(gemma):
    assert gemma.tokenize("The cat sat") == [2, 818, 5866, 2838]
    assert gemma.tokenize("The cat sat", add_special=False) == [818, 5866, 2838]
    assert gemma.tokenize("<bos>", add_special=False) == [2]
    assert len(gemma.tokenize("<bos>", add_special=False, parse_special=False)) > 1
    assert "".join(gemma.token(gemma.tokenize("The cat sat", add_special=False))) == "The cat sat"


def test_a_text_of_several_tokens_says_so(gemma):
    with pytest.raises(KeyError, match=r"is 2 tokens here.*m\[m.tokenize\(text\)\] has them all"):
        gemma["The cat"]
