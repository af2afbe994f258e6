"""Neighbours, against float64 arithmetic by numpy."""

import numpy as np
import pytest


def scored(rows, queries, metric):
    """The scores of every row, for each query."""
    queries = queries.astype(np.float64)
    parts = []
    for start in range(0, len(rows), 16_384):
        part = rows[start : start + 16_384].astype(np.float64)
        if metric == "l2":
            parts.append(np.stack([np.linalg.norm(part - query, axis=1) for query in queries]))
            continue
        scores = queries @ part.T
        if metric == "cosine":
            scores /= np.linalg.norm(queries, axis=1)[:, None]
            scores /= np.linalg.norm(part, axis=1)
        parts.append(scores)
    return np.concatenate(parts, axis=1)


def agrees(found, scores, own, metric):
    """Whether IDs and scores are the best, up to the order of near-equal scores."""
    sign = 1 if metric == "l2" else -1
    for ids, got, all, self in zip(found.ids, found.scores, scores, own, strict=True):
        assert self not in ids and len(set(ids)) == len(ids)
        np.testing.assert_allclose(got, all[ids], rtol=1e-11, atol=1e-11)
        others = np.delete(all, self) if self is not None else all
        best = np.sort(sign * others)[: len(ids)]
        np.testing.assert_allclose(sign * got, best, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("metric", ["cosine", "dot", "l2"])
@pytest.mark.parametrize("n", [1, 12])
def test_rows_and_vectors_against_numpy(smol, smol_rows, metric, n):
    ids = np.random.default_rng(n).integers(300, len(smol), n)
    found = smol.neighbors(ids, k=7, metric=metric)
    assert found.ids.shape == found.scores.shape == (n, 7)
    assert (found.ids.dtype, found.scores.dtype) == (np.int64, np.float64)
    agrees(found, scored(smol_rows, smol_rows[ids], metric), ids, metric)
    vectors = np.random.default_rng(n).standard_normal((n, smol.shape[1])).astype(np.float32)
    found = smol.neighbors(vectors, k=7, metric=metric)
    agrees(found, scored(smol_rows, vectors, metric), [None] * n, metric)


def test_gemma(gemma):
    cat = gemma.id(" cat")
    found = gemma.neighbors(" cat")
    assert gemma.token(found.ids[:3]) == [" Cat", " cats", " dog"]
    (cosines,) = scored(gemma[:], gemma[[cat]], "cosine")
    cosines[cat] = -2
    assert np.array_equal(found.ids, np.argsort(-cosines, kind="stable")[:10])
    np.testing.assert_allclose(found.scores, cosines[found.ids], rtol=1e-12)


def test_one_query_has_one_axis(toy):
    cat = toy.id(" cat")
    one = toy.neighbors(" cat", k=3)
    assert one.ids.shape == (3,)
    for query in [cat, np.int64(cat), cat - len(toy)]:
        assert np.array_equal(toy.neighbors(query, 3).ids, one.ids)
    several = toy.neighbors([" cat", " dog"], k=3)
    assert several.ids.shape == (2, 3)
    assert np.array_equal(several.ids[0], one.ids)
    vector = toy.neighbors(toy[" cat"], k=3)
    assert vector.ids.shape == (3,) and vector.ids[0] == cat
    assert toy.neighbors(toy[:100], k=2).ids.shape == (100, 2)
    assert toy.neighbors(toy[:8].astype(np.float64).tolist(), k=2).ids.shape == (8, 2)
    assert toy.neighbors(np.zeros((0, 4), np.float32), k=2).ids.shape == (0, 2)
    assert toy.neighbors([], k=2).ids.shape == (0, 2)


def test_a_slice_is_its_ids(smol):
    by_slice = smol.neighbors(slice(500, 540), k=5)
    assert np.array_equal(by_slice.ids, smol.neighbors(range(500, 540), k=5).ids)
    one = smol.neighbors(539, k=5)
    assert np.array_equal(by_slice.ids[-1], one.ids)
    assert np.array_equal(by_slice.scores[-1].view(np.int64), one.scores.view(np.int64))


def test_fewer_rows_than_k(toy):
    assert toy.neighbors(5, k=10_000, metric="l2").ids.shape == (len(toy) - 1,)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda m: m.neighbors(1, k=0), "k is 0"),
        (lambda m: m.neighbors(1, metric="manhattan"), "no metric is called \"manhattan\": use cosine"),
        (lambda m: m.neighbors([[1.0, 2.0]]), r"shape \(1, 2\); the rows have 4 values"),
        (lambda m: m.neighbors([0.0] * 4), "vector 0 is all zeros"),
        (lambda m: m.neighbors([np.nan] * 4), "vector 0 holds NaN"),
        (lambda m: m.neighbors(1, threads=0), "threads is 0"),
    ],
)  # fmt: skip
def test_wrong_arguments_are_value_errors(toy, call, words):
    with pytest.raises(ValueError, match=words):
        call(toy)


def test_the_number_of_threads_changes_nothing(smol):
    a, b = (smol.neighbors(range(900, 930), k=4, threads=n) for n in (1, 3))
    assert np.array_equal(a.ids, b.ids)
    assert np.array_equal(a.scores.view(np.int64), b.scores.view(np.int64))


def test_without_strict_a_query_may_have_no_neighbors(toy):
    rows = toy[:6].copy()
    rows[[0, 4]] = 0
    rows[5] = np.nan
    with pytest.raises(ValueError, match="vector 0 is all zeros"):
        toy.neighbors(rows)
    found = toy.neighbors(rows, k=3, strict=False)
    assert (found.ids[[0, 4, 5]] == -1).all() and np.isnan(found.scores[[0, 4, 5]]).all()
    assert np.array_equal(found.ids[1:4], toy.neighbors(rows[1:4], k=3).ids)
    nothing = toy.neighbors(rows[:1], k=3, strict=False)
    assert nothing.ids.shape[0] == 1 and (nothing.ids == -1).all()
