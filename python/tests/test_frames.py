"""Frames, and Arrow's interface."""

import sys

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest


def test_frames_of_rows(toy):
    pandas, polars = toy.frame(), toy.frame(to="polars")
    assert isinstance(pandas, pd.DataFrame) and isinstance(polars, pl.DataFrame)
    for frame in [pandas, polars]:
        assert list(frame.columns) == ["id", "token", "norm", "embedding"]
        assert list(frame["token"]) == toy.token(slice(None))
        assert np.array_equal(np.stack([np.asarray(row) for row in frame["embedding"]]), toy[:])
        np.testing.assert_allclose(frame["norm"], np.linalg.norm(toy[:].astype(float), axis=1))
    assert list(toy.frame([" cat", " dog"])["id"]) == [toy.id(" cat"), toy.id(" dog")]
    assert list(toy.frame(" cat")["token"]) == [" cat"]


def test_frames_of_neighbors(toy):
    found = toy.neighbors([" cat", " dog"], k=3)
    frame = toy.frame(found)
    assert list(frame.columns) == ["query", "rank", "id", "token", "score"]
    assert list(frame["query"]) == [0, 0, 0, 1, 1, 1]
    assert list(frame["rank"]) == [1, 2, 3, 1, 2, 3]
    assert list(frame["token"]) == toy.token(found.ids.ravel())
    one = toy.frame(toy.neighbors(" cat", k=3), to="polars")
    assert one["id"].to_list() == found.ids[0].tolist()
    with pytest.raises(ValueError, match='use "pandas" or "polars"'):
        toy.frame(to="excel")
    rows = toy[:2].copy()
    rows[0] = 0
    for to in ["pandas", "polars"]:
        some = toy.frame(toy.neighbors(rows, k=3, strict=False), to=to)
        assert list(some["query"]) == [1, 1, 1] and list(some["rank"]) == [1, 2, 3]
        assert len(toy.frame(toy.neighbors(rows[:1], k=3, strict=False), to=to)) == 0


def test_a_missing_library_is_named(toy, monkeypatch):
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(ImportError, match=r"frame\(to='polars'\) needs polars: pip install polars"):
        toy.frame(to="polars")


def test_arrow_streams(smol):
    rows = smol[:3000]
    batches = smol.batches(slice(0, 3000), size=1024)
    assert [len(b) for b in pa.RecordBatchReader.from_stream(batches)] == [1024, 1024, 952]
    # Each use begins a new stream.
    for _ in range(2):
        table = pa.table(batches)
        assert table.schema.names == ["id", "token", "norm", "embedding"]
        assert table["id"].to_pylist() == list(range(3000))
        assert table["token"].to_pylist() == smol.token(range(3000))
        embedding = table["embedding"].combine_chunks().flatten().to_numpy()
        assert np.array_equal(embedding.view(np.uint32), rows.ravel().view(np.uint32))
        norms = np.linalg.norm(rows.astype(np.float64), axis=1)
        np.testing.assert_allclose(table["norm"], norms, rtol=1e-12)
    polars = pl.DataFrame(batches)
    assert np.array_equal(polars["embedding"].to_numpy(), rows)
    (found,) = duckdb.sql("select count(*), max(id) from batches").fetchall()
    assert found == (3000, 2999)
    assert len(pa.table(smol.batches(slice(5, 5)))) == 0


def test_wrong_batches(toy):
    with pytest.raises(ValueError, match="a step of 2"):
        toy.batches(slice(0, 8, 2))
    with pytest.raises(ValueError, match="size is 0"):
        toy.batches(size=0)
