"""Rows, by every kind of key, bit for bit."""

import embcli
import numpy as np
import pytest

from conftest import MINI, TOY, opened


def same(rows: np.ndarray, expected: np.ndarray) -> bool:
    assert rows.dtype == np.float32
    assert rows.shape == expected.shape
    return np.array_equal(rows.view(np.uint32), np.ascontiguousarray(expected).view(np.uint32))


def test_the_toy_is_what_the_gguf_package_reads(toy, toy_rows):
    assert toy.table == ("token_embd.weight", (8192, 4), "F32", 131_072)
    assert len(toy) == 8192
    assert same(toy[:], toy_rows)
    assert same(np.stack(list(toy)), toy_rows)


@pytest.mark.parametrize(
    "key",
    [
        3, -1, np.int32(2), slice(0, 3), slice(None, None, -2), slice(8000, 9000), slice(5, 2),
        range(1, 7, 2), [3, 3, 0, -8192], (1, 2), [], np.array([[1, 2], [3, -4]]),
        np.array([7, 0], np.uint8), np.array(5), np.arange(8192) % 3 == 0,
    ],
    ids=repr,
)  # fmt: skip
def test_keys_mean_what_they_mean_to_numpy(toy, toy_rows, key):
    expected = toy_rows
    if isinstance(key, range | tuple):
        expected = expected[list(key)]
    elif isinstance(key, list) and not key:
        expected = expected[:0]
    else:
        expected = expected[key]
    assert same(toy[key], expected)


def test_texts_are_keys(toy):
    cat = toy.id(" cat")
    assert toy.token(cat) == " cat"
    assert same(toy[" cat"], toy[cat])
    assert same(toy[[" cat", " dog", " cat"]], toy[[cat, toy.id(" dog"), cat]])
    assert same(toy[np.array([" dog"])], toy[[" dog"]])
    assert " cat" in toy and " cta" not in toy
    assert 8191 in toy and 8192 not in toy and -1 not in toy and 1.5 not in toy


@pytest.mark.parametrize("key", [8192, -8193, [0, 8192], [-8193], np.array([True]), 2**63, 2**64 - 1])
def test_an_id_out_of_range_is_an_index_error(toy, key):
    with pytest.raises(IndexError):
        toy[key]


def test_errors_have_the_programs_words(toy):
    with pytest.raises(IndexError, match="token ID 8192 is out of range: this table has 8192 rows, 0 to 8191"):
        toy[8192]
    with pytest.raises(IndexError, match="token ID -8193 is out of range: this table has 8192 rows"):
        toy[-8193]
    with pytest.raises(KeyError, match="is 3 tokens here: .*m.tokenize"):
        toy["no such token"]


@pytest.mark.parametrize("key", [1.5, [0.5], None, {}, [[1], [2, 3]], [" cat", 3], b" cat"])
def test_other_keys_are_type_errors(toy, key):
    with pytest.raises((TypeError, ValueError)):
        toy[key]


def test_a_whole_quantised_table(smol, smol_rows):
    assert smol.table.dtype == "Q8_0"
    assert same(smol[:], smol_rows)
    ids = np.random.default_rng(1).integers(-len(smol), len(smol), 5000)
    assert same(smol[ids], smol_rows[ids])


def test_rows_of_gemma(gemma, gemma_reference):
    assert gemma.table.shape == (262_144, 640)
    assert gemma.table.dtype == "Q8_0"
    for key in [[791, 2368], slice(None, None, 100), slice(100_000, 110_000)]:
        assert same(gemma[key], gemma_reference[key])


def test_a_checkpoint():
    model = opened(MINI)
    import safetensors

    with safetensors.safe_open(MINI / "model.safetensors", "numpy") as file:
        name = "embeddings.word_embeddings.weight"
        name = name if name in file.keys() else "bert." + name
        assert same(model[:], file.get_tensor(name).astype(np.float32))


def test_other_tensors_and_names():
    assert embcli.open("toy").table.shape == (8192, 4)
    with pytest.raises(ValueError, match="nonsense"):
        embcli.open(TOY, tensor="nonsense")
