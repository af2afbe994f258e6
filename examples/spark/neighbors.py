#!/usr/bin/env python3
"""The nearest rows of every row of many models, by Spark, as Parquet.

    pip install ./python pandas pyarrow pyspark    # Spark 4 needs Java 17
    python3 examples/spark/neighbors.py models/*.gguf -o edges --workers 2

A partition is a range of rows of one model. A worker opens the model by its name, so
every worker must reach it: on a shared disk, in a store, or at an address. A partition
whose worker dies is done again by another one; the files of the answer appear only when a
partition is complete. The columns are those of `embcli export --neighbors`: model, id,
neighbor_id, rank, score. The scores are the same numbers to the last bit.

On a cluster, `spark-submit examples/spark/neighbors.py ...` uses its master.
"""

import argparse
import functools
import os
import sys

import embcli
import numpy as np
import pandas as pd

SCHEMA = "model string, id long, neighbor_id long, rank int, score double"


def neighbors(parts, k, metric="cosine"):
    """Spark calls this with frames of partitions: model, start, stop."""
    for frame in parts:
        for model, start, stop in frame.itertuples(index=False):
            # Spark has a task for each core.
            rows = range(start, stop)
            found = embcli.open(model).neighbors(rows, k, metric=metric, threads=1, strict=False)
            has = found.ids >= 0  # Rows of zeros have no neighbours.
            ids, ranks = np.nonzero(has)
            yield pd.DataFrame({
                "model": model,
                "id": start + ids,
                "neighbor_id": found.ids[has],
                "rank": (ranks + 1).astype(np.int32),
                "score": found.scores[has],
            })  # fmt: skip


def partitions(models, rows):
    """Ranges of at most so many rows."""
    for model in models:
        m = embcli.open(model)
        for start in range(0, len(m), rows):
            yield m.name, start, min(start + rows, len(m))


def run(spark, models, out, *, rows=8192, work=functools.partial(neighbors, k=10)):
    """Writes the answer, a file for each partition."""
    parts = list(partitions(models, rows))
    spread = spark.sparkContext.parallelize(parts, len(parts))
    frame = spark.createDataFrame(spread, "model string, start long, stop long")
    answer = frame.mapInPandas(work, SCHEMA)
    answer.write.mode("overwrite").parquet(str(out), compression="zstd")


def session(workers):
    """Spark on this machine, with workers that are processes of their own."""
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.appName("embcli neighbors")
    if workers:
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        builder = builder.master(f"local-cluster[{workers},1,1024]")
    builder = builder.config("spark.ui.showConsoleProgress", sys.stderr.isatty())
    # One row of the frame is a partition of work: it must not wait for others.
    builder = builder.config("spark.sql.execution.arrow.maxRecordsPerBatch", 1)
    return builder.getOrCreate()


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("models", nargs="+", metavar="MODEL")
    arguments.add_argument("-o", "--out", required=True, help="the folder of the answer")
    arguments.add_argument("-k", type=int, default=10)
    arguments.add_argument("--metric", default="cosine", choices=["cosine", "dot", "l2"])
    arguments.add_argument("--rows", type=int, default=8192, help="rows of a partition")
    arguments.add_argument("--workers", type=int, help="workers on this machine, not a cluster")
    given = arguments.parse_args()
    spark = session(given.workers)
    spark.sparkContext.setLogLevel("WARN")
    work = functools.partial(neighbors, k=given.k, metric=given.metric)
    run(spark, given.models, given.out, rows=given.rows, work=work)
    spark.stop()


if __name__ == "__main__":
    main()
