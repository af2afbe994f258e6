#!/usr/bin/env python3
"""Opens the files of `embcli export` with the tools they are for.

    python3 scripts/check_exports.py [MODEL ...]

Exports the whole table of each model (SmolLM2 and Gemma by default) in every form,
opens each file with its own readers (numpy, safetensors, pyarrow, DuckDB, polars,
pandas), and compares all values bit for bit with the dequantiser of the `gguf`
package. Compares tokens, and edges with `embcli neighbors`. Prints one line per
reader. The exit code is 1 if anything disagrees.

Needs a release build of embcli (with --features parquet for the Parquet files), the
models (scripts/fetch-real-model.sh --all), and
    pip install numpy gguf safetensors ml_dtypes pyarrow duckdb polars pandas
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import duckdb
    import gguf
    import ml_dtypes
    import numpy as np
    import pandas as pd
    import polars as pl
    import pyarrow as pa
    import pyarrow.parquet as pq
    import safetensors
    import safetensors.numpy
except ImportError as error:
    packages = "numpy gguf safetensors ml_dtypes pyarrow duckdb polars pandas"
    sys.exit(f"{error}. This check needs packages: pip install {packages}")

ROOT = Path(__file__).resolve().parent.parent
MODELS = Path(os.environ.get("EMBCLI_MODELS") or ROOT / "models")
DEFAULT = ["SmolLM2-135M-Instruct.Q4_1.gguf", "gemma-3-270m-q4_k_m.gguf"]
CHUNK = 8192  # rows compared at a time
EDGES = ["100..120", "--neighbors", "5"]


class Table:
    """token_embd.weight, dequantised by the gguf package when it is needed."""

    def __init__(self, path):
        tensors = gguf.GGUFReader(path).tensors
        (found,) = [t for t in tensors if t.name == "token_embd.weight"]
        self.data, self.type, self.n = found.data, found.tensor_type, len(found.data)

    def rows(self, start, end):
        part = np.ascontiguousarray(self.data[start:end])
        return gguf.quants.dequantize(part, self.type).astype(np.float32)

    def chunks(self):
        return ((s, min(s + CHUNK, self.n)) for s in range(0, self.n, CHUNK))


def same(got, want, what):
    bits = {2: np.uint16, 4: np.uint32}[want.dtype.itemsize]
    assert got.shape == want.shape, f"{what}: {got.shape}, not {want.shape}"
    assert got.dtype == want.dtype, f"{what}: {got.dtype}, not {want.dtype}"
    assert (np.ascontiguousarray(got).view(bits) == want.view(bits)).all(), what


def whole(table, read, what, dtype=np.float32):
    """Compares all rows; `read` gives those from one ID to another."""
    for start, end in table.chunks():
        same(read(start, end), table.rows(start, end).astype(dtype), f"{what}, row {start}")
    print(f"  {what}: {table.n} rows are the same bit for bit")


def lists(column):
    """A chunk of a list column of Arrow as a matrix."""
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return column.flatten().to_numpy().reshape(len(column), -1)


def texts(tokens, lines, what):
    want = [line["token"] for line in lines]
    assert list(tokens) == want, f"{what}: other tokens"


def check(embcli, model, folder):
    def export(file, *options, model=model):
        path = folder / file
        command = [embcli, "export", model, *options, "-o", path, "--force"]
        run = subprocess.run(command, capture_output=True, check=False)
        if run.returncode != 0:
            sys.exit(f"{file}: {run.stderr.decode().strip()}")
        return path

    print(model.name)
    table = Table(model)
    rows = np.load(export("rows.npy"), mmap_mode="r")
    whole(table, lambda a, b: rows[a:b], "numpy.load")
    lines = [json.loads(line) for line in (folder / "rows.jsonl").read_text().split("\n")[:-1]]
    assert [line["id"] for line in lines] == list(range(table.n))
    norms = np.array([line["norm"] for line in lines])
    for start, end in table.chunks():
        want = np.linalg.norm(table.rows(start, end).astype(np.float64), axis=1)
        assert np.allclose(norms[start:end], want, rtol=1e-12, atol=0), start
    print(f"  rows.jsonl: {len(lines)} lines, norms within 1e-12")

    for name, dtype in [("F32", np.float32), ("F16", np.float16), ("BF16", ml_dtypes.bfloat16)]:
        path = export("rows.safetensors", "--dtype", name)
        with safetensors.safe_open(path, "numpy") as file:
            (key,) = file.keys()
            assert file.metadata()["embcli.tokens"] == "rows.jsonl", file.metadata()
            part = file.get_slice(key)
            assert part.get_shape() == list(rows.shape) and part.get_dtype() == name
        loaded = safetensors.numpy.load_file(path)[key]
        whole(table, lambda a, b: loaded[a:b], f"safetensors {name}", dtype)
    del loaded

    want = edges(embcli, model, export)
    probe = [embcli, "export", "toy", "-o", folder / "probe.parquet"]
    run = subprocess.run(probe, capture_output=True, check=False)
    if b"without Parquet" in run.stderr:
        print("SKIPPED: Parquet files need a build with --features parquet")
        return
    for options in [[], ["--compress"]]:
        parquet(table, export("rows.parquet", *options), lines, " ".join(options))
    path = export("edges.parquet", *EDGES)
    assert pl.read_parquet(path).rows() == want, "polars: other edges"
    assert duckdb.sql(f"select * from '{path}'").fetchall() == want, "DuckDB: other edges"
    print(f"  edges as Parquet (polars, DuckDB): {len(want)} are those of neighbors")
    atlas(embcli, export)


def parquet(table, path, lines, options):
    file = pq.ParquetFile(path)
    groups = file.metadata.num_row_groups
    assert groups == -(-table.n // 8192), groups
    statistics = file.metadata.row_group(groups - 1).column(0).statistics
    assert (statistics.min, statistics.max) == ((groups - 1) * 8192, table.n - 1)
    assert file.metadata.metadata[b"embcli.tensor"] == b"token_embd.weight"

    def group(start, _):
        return lists(file.read_row_group(start // CHUNK, ["embedding"])["embedding"])

    whole(table, group, f"pyarrow {options}".strip())
    texts(file.read(["token"])["token"].to_pylist(), lines, "pyarrow")

    duck = duckdb.connect()

    def between(start, end):
        query = f"select embedding from '{path}' where id >= {start} and id < {end} order by id"
        return lists(duck.sql(query).to_arrow_table()["embedding"])

    whole(table, between, f"DuckDB {options}".strip())
    found = duck.sql(f"select token, norm from '{path}' order by id").fetchall()
    texts([token for token, _ in found], lines, "DuckDB")
    assert [norm for _, norm in found] == [line["norm"] for line in lines]

    frame = pl.scan_parquet(path)

    def sliced(start, end):
        part = frame.slice(start, end - start).select("embedding").collect()["embedding"]
        return part.explode().to_numpy().reshape(end - start, -1)

    whole(table, sliced, f"polars {options}".strip())
    texts(frame.select("token").collect()["token"].to_list(), lines, "polars")

    def filtered(start, end):
        ids = [("id", ">=", start), ("id", "<", end)]
        part = pd.read_parquet(path, filters=ids)
        texts([None if pd.isna(t) else t for t in part["token"]], lines[start:end], "pandas")
        return np.stack(part["embedding"].to_list())

    whole(table, filtered, f"pandas {options}".strip())


def atlas(embcli, export):
    """The column of neighbours, for all rows of the toy."""
    command = [embcli, "neighbors", "toy", "--all", "-k5", "--format", "jsonl"]
    run = subprocess.run(command, capture_output=True, check=True)
    queries = [json.loads(line) for line in run.stdout.splitlines()]
    path = export("atlas.parquet", "--neighbors", "5", "--atlas", model="toy")
    for name, rows in [
        ("pyarrow", pq.read_table(path).to_pylist()),
        ("polars", pl.read_parquet(path).to_dicts()),
        ("DuckDB", duckdb.sql(f"select * from '{path}' order by id").to_arrow_table().to_pylist()),
        ("pandas", pd.read_parquet(path).to_dict("records")),
    ]:
        assert len(rows) == len(queries)
        for row, query in zip(rows, queries):
            ids = [one["id"] for one in query["neighbors"]]
            distances = [1 - one["score"] for one in query["neighbors"]]
            assert row["id"] == query["id"] and row["token"] == query["token"], (name, row)
            assert list(row["neighbors"]["ids"]) == ids, (name, row)
            assert list(row["neighbors"]["distances"]) == distances, (name, row)
            assert np.isfinite([row["x"], row["y"]]).all(), (name, row)
    print(f"toy\n  the neighbours of {len(queries)} rows, for embedding-atlas, by 4 readers")


def edges(embcli, model, export):
    command = [embcli, "neighbors", model, EDGES[0], "-k5", "--format", "json"]
    run = subprocess.run(command, capture_output=True, check=True)
    want = [
        (str(model), query["id"], one["id"], one["rank"], one["score"])
        for query in json.loads(run.stdout)["queries"]
        for one in query["neighbors"]
    ]
    columns = ["model", "id", "neighbor_id", "rank", "score"]
    csv = pd.read_csv(export("edges.csv", *EDGES), converters={"score": float})
    assert list(csv.columns) == columns
    assert list(csv.itertuples(index=False, name=None)) == want, "edges.csv"
    table = pl.read_ndjson(export("edges.jsonl", *EDGES))
    assert table.columns == columns and table.rows() == want, "edges.jsonl"
    print(f"  edges as csv (pandas) and jsonl (polars): {len(want)} are those of neighbors")
    return want


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("models", nargs="*", type=Path, metavar="MODEL")
    parser.add_argument("--embcli", default=ROOT / "target/release/embcli")
    args = parser.parse_args()
    for model in args.models or [MODELS / name for name in DEFAULT]:
        if not model.exists():
            sys.exit(f"{model} does not exist: run scripts/fetch-real-model.sh --all")
        with tempfile.TemporaryDirectory() as folder:
            check(args.embcli, model, Path(folder))


if __name__ == "__main__":
    main()
