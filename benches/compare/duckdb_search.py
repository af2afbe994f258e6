#!/usr/bin/env python3
"""Times the ten nearest rows of some queries, by embcli and by DuckDB.

    python3 benches/compare/duckdb_search.py MODEL [QUERIES]

Needs the Python package and: pip install duckdb pyarrow. Both have the table at hand: embcli
in the system's cache, DuckDB in memory. Prints medians of three.
"""

import statistics
import sys
import time

import duckdb
import embcli
import numpy as np
import pyarrow as pa

SEARCH = """
SELECT query, id FROM (
    SELECT q.id AS query, r.id, row_number() OVER (
        PARTITION BY q.id ORDER BY array_cosine_similarity(r.e, q.e) DESC
    ) AS rank
    FROM rows AS r, rows AS q WHERE q.id IN (SELECT unnest(?)) AND r.id <> q.id
) WHERE rank <= 10 ORDER BY query, rank
"""


def main():
    m = embcli.open(sys.argv[1])
    n = int(sys.argv[2]) if len(sys.argv) > 2 else 64
    queries = np.linspace(1000, len(m) - 1000, n, dtype=np.int64)
    arrow_table = pa.table(m.batches())
    db = duckdb.connect()
    db.execute(f"CREATE TABLE rows AS SELECT id, embedding::FLOAT[{m.shape[1]}] AS e FROM arrow_table")
    took = {}
    for name, search in {
        "embcli": lambda: m.neighbors(queries).ids.ravel(),
        "DuckDB": lambda: np.array(db.execute(SEARCH, [queries.tolist()]).fetchall())[:, 1],
    }.items():
        found, times = None, []
        for _ in range(3):
            start = time.perf_counter()
            found = search()
            times.append(time.perf_counter() - start)
        took[name] = statistics.median(times), found
    same = np.mean(took["embcli"][1] == took["DuckDB"][1])
    print(f"{m.table.name} {list(m.shape)}, {n} queries:")
    for name, (seconds, _) in took.items():
        print(f"  {name} {seconds:.2f} s")
    print(f"  {same:.1%} of the neighbours are the same; the others have scores that are equal, or "
          "equal in the single precision of DuckDB")  # fmt: skip


if __name__ == "__main__":
    main()
