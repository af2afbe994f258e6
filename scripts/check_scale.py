#!/usr/bin/env python3
"""Runs the examples of docs/scale.md, and compares their answers with one machine's.

    python3 scripts/check_scale.py [--copies 64] [--embcli target/release/embcli]

1. Spark, with two local workers, finds the neighbours of all rows of 64 copies of a small
   model. On the first attempt at one partition, the executor is killed when half of the
   partition's answer is out. Every edge must be the one that a single process finds, bit
   for bit, and there once.
2. DuckDB runs examples/duckdb.sql on the rows and the edges of two models. Its tables are
   compared with NumPy's.

Needs Java 17, and: pip install embcli pandas pyarrow pyspark duckdb
"""

import argparse
import functools
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import embcli
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parent.parent
WORDS, TOY = ROOT / "fixtures" / "words.gguf", ROOT / "fixtures" / "toy.gguf"
K, ROWS = 5, 2048


def example():
    """examples/spark/neighbors.py, which workers get by value."""
    spec = importlib.util.spec_from_file_location("neighbors", ROOT / "examples/spark/neighbors.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    import pyspark.cloudpickle

    pyspark.cloudpickle.register_pickle_by_value(module)
    return module


def dying(parts, work, victim, log):
    """The work, in which the first executor that gets the victim dies half-way."""
    import pyspark

    for frame in parts:
        part = tuple(frame.iloc[0])
        if part == victim:
            model, start, stop = part
            with open(log, "a") as file:
                print(pyspark.TaskContext.get().attemptNumber(), file=file)
            if sum(1 for _ in open(log)) == 1:
                yield from work(iter([frame.assign(stop=(start + stop) // 2)]))
                # The daemon of this process is a child of the executor.
                daemon = os.getppid()
                stat = Path(f"/proc/{daemon}/stat").read_text()
                executor = int(stat.rpartition(")")[2].split()[1])
                os.kill(executor, signal.SIGKILL)
                os.kill(os.getpid(), signal.SIGKILL)
        yield from work(iter([frame]))


def edges_of(model, k=K):
    """The edges of a model, found by this process alone."""
    found = embcli.open(model).neighbors(slice(None), k)
    n, k = found.ids.shape
    return pd.DataFrame({
        "id": np.repeat(np.arange(n), k),
        "neighbor_id": found.ids.ravel(),
        "rank": np.tile(np.arange(1, k + 1), n),
        "score": found.scores.ravel(),
    })  # fmt: skip


def same(a, b):
    """Whether two frames of edges have the same bits."""
    names = ["id", "neighbor_id", "rank", "score"]
    bits = [f[names].to_numpy(np.float64).view(np.int64) for f in (a, b)]
    return bits[0].shape == bits[1].shape and (bits[0] == bits[1]).all()


def check_program(embcli_program, alone):
    """Compares with the program's own lists."""
    command = [embcli_program, "export", WORDS, "--neighbors", str(K), "--format", "jsonl"]
    lines = subprocess.run(command, check=True, capture_output=True).stdout.splitlines()
    if not same(pd.DataFrame(map(json.loads, lines)), alone):
        sys.exit("the program finds other edges than the Python package")
    print(f"embcli export: the same {len(alone):,} edges")


def check_spark(folder, copies):
    neighbors = example()
    models = [folder / "models" / f"copy-{i:02}.gguf" for i in range(copies)]
    models[0].parent.mkdir()
    for model in models:
        shutil.copy(WORDS, model)
    parts = list(neighbors.partitions(map(str, models), ROWS))
    victim, log = parts[len(parts) // 3], folder / "attempts"
    work = functools.partial(neighbors.neighbors, k=K)
    work = functools.partial(dying, work=work, victim=victim, log=str(log))

    start = time.monotonic()
    spark = neighbors.session(workers=2)
    spark.sparkContext.setLogLevel("OFF")
    neighbors.run(spark, models, folder / "edges", rows=ROWS, work=work)
    spark.stop()
    took = time.monotonic() - start

    attempts = log.read_text().split()
    if len(attempts) < 2:
        sys.exit(f"the partition {victim} was not done again: its attempts are {attempts}")
    found = pa.dataset.dataset(folder / "edges", format="parquet").to_table().to_pandas()
    found = found.sort_values(["model", "id", "rank"])
    alone = edges_of(WORDS)
    by_model = {Path(model).name: frame for model, frame in found.groupby("model")}
    for model in models:
        if not same(by_model.pop(model.name), alone):
            sys.exit(f"Spark and a single process differ about {model.name}")
    if by_model:
        sys.exit(f"Spark's answer has other models: {list(by_model)}")
    print(
        f"Spark: {copies} models, {len(parts)} partitions, {len(found):,} edges, all equal to a "
        f"single process's bit for bit; the executor of one partition was killed, and the "
        f"partition was done {len(attempts)} times; {took:.0f} s"
    )
    return alone


def check_duckdb(folder):
    models = {"toy": embcli.open(TOY), "words": embcli.open(WORDS)}
    (folder / "rows").mkdir()
    shutil.rmtree(folder / "edges")
    (folder / "edges").mkdir()
    edges = {}
    for name, m in models.items():
        pq.write_table(pa.table(m.batches()), folder / "rows" / f"{name}.parquet")
        edges[name] = edges_of(m.name, 10)
        edges[name].assign(model=m.name).to_parquet(folder / "edges" / f"{name}.parquet")
    os.chdir(folder)
    start = time.monotonic()
    db = duckdb.connect()
    db.execute((ROOT / "examples" / "duckdb.sql").read_text())
    took = time.monotonic() - start

    tokens = {name: m.token(slice(None)) for name, m in models.items()}
    first = {name: {} for name in models}
    for name, texts in tokens.items():
        for id, text in enumerate(texts):
            first[name].setdefault(text, id)

    near = {}
    for name, frame in edges.items():
        lists = frame.groupby("id").neighbor_id.agg(list)
        of = {id: text for text, id in first[name].items()}
        near[name] = {of[i]: {of[n] for n in ids if n in of} for i, ids in lists.items() if i in of}
    agreed = {t: len(near["toy"][t] & near["words"][t]) for t in near["toy"].keys() & near["words"]}
    expected = {t: n for t, n in agreed.items() if n}
    found = dict(db.execute("select token, agreed from agreement").fetchall())
    if found != expected:
        sys.exit("DuckDB and Python disagree about the neighbours that two models agree on")

    for name, m in models.items():
        _, at, counts = np.unique(m[:].view(np.uint32), axis=0, return_inverse=True, return_counts=True)
        groups = sorted(np.flatnonzero(at.ravel() == i).tolist() for i in np.flatnonzero(counts > 1))
        query = "select ids from duplicates where model = ?"
        if sorted(ids for (ids,) in db.execute(query, [name]).fetchall()) != groups:
            sys.exit(f"DuckDB and NumPy disagree about the equal rows of {name}")

    answers = db.execute("select model, a, b, c, list(id order by score desc), "
                         "list(score order by score desc) from analogies group by all").fetchall()  # fmt: skip
    if not answers:
        sys.exit("DuckDB answered no analogy")
    for name, a, b, c, ids, scores in answers:
        m, own = models[name], [first[name][text] for text in (a, b, c)]
        rows = m[own].astype(np.float64)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        vector = rows[1] - rows[0] + rows[2]
        frame = edges[name]
        candidates = sorted(set(frame[frame.id.isin(own[1:])].neighbor_id) - set(own))
        units = m[candidates].astype(np.float64)
        cosines = units @ vector / np.linalg.norm(units, axis=1) / np.linalg.norm(vector)
        order = np.argsort(-cosines)[:3]
        if [candidates[i] for i in order] != ids or not np.allclose(cosines[order], scores, rtol=1e-9):
            sys.exit(f"DuckDB and NumPy disagree about {a} : {b} = {c} : ? in {name}")
    best = [f"{a} :{b} ={c} :{models[m].token(ids[0])}" for m, a, b, c, ids, _ in answers]
    print(f"DuckDB: {len(expected)} tokens with agreed neighbours, {len(answers)} analogies "
          f"({'; '.join(sorted(best))}), all as by NumPy; {took:.1f} s")  # fmt: skip


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--copies", type=int, default=64)
    arguments.add_argument("--embcli", type=Path, default=ROOT / "target" / "release" / "embcli")
    given = arguments.parse_args()
    program = given.embcli.resolve()
    with tempfile.TemporaryDirectory() as folder:
        alone = check_spark(Path(folder), given.copies)
        if program.exists():
            check_program(program, alone)
        else:
            print(f"SKIPPED: {program} is not built, so its edges were not compared")
        check_duckdb(Path(folder))


if __name__ == "__main__":
    main()
