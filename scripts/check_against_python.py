#!/usr/bin/env python3
"""Checks embcli against the `gguf` Python package and float64 numpy.

    python3 scripts/check_against_python.py lookup       the same f32 values, bit for bit
    python3 scripts/check_against_python.py neighbors    the same ranking, scores within 1e-6
    python3 scripts/check_against_python.py similarity   the same matrix, within 1e-6
    python3 scripts/check_against_python.py analogy      the same ranking, scores within 1e-6

--frame centre or whiten compares the rows less their mean, or whitened by half.

The check is independent: it uses gguf's dequantisation and numpy's arithmetic, and
only the JSON of embcli. Rows are picked at random; --seed picks others. It takes
half a minute on the real model, mostly while gguf reads the vocabulary. Prints one
line per check. The exit code is 1 if anything disagrees.

Needs a release build of embcli, the model (scripts/fetch-real-model.sh), and
    pip install numpy gguf
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

try:
    import gguf
    import numpy as np
except ImportError as error:
    sys.exit(f"{error}. This check needs two packages: pip install numpy gguf")

ROOT = Path(__file__).resolve().parent.parent
MODELS = Path(os.environ.get("EMBCLI_MODELS") or ROOT / "models")
CHUNK = 4096  # rows converted to float64 at a time: 20 MB of the real model
SCORE_TOLERANCE = 1e-6
TIE_TOLERANCE = 1e-12  # scores closer than this have no certain order even in float64


class Table:
    """token_embd.weight. gguf dequantises rows when they are needed."""

    def __init__(self, path):
        tensors = gguf.GGUFReader(path).tensors
        found = [t for t in tensors if t.name == "token_embd.weight"]
        if not found:
            sys.exit(f"{path} has no token_embd.weight")
        self.data, self.type = found[0].data, found[0].tensor_type
        self.n_vocab = len(self.data)
        self.mean, self.matrix = 0.0, None

    def move(self, frame):
        """Subtracts the mean from all rows; `whiten` also divides principal coordinates."""
        parts = [(len(rows), rows.sum(0)) for _, rows in self.chunks()]
        mean = sum(part for _, part in parts) / self.n_vocab
        if frame == "whiten":
            gram = sum((rows - mean).T @ (rows - mean) for _, rows in self.chunks())
            variances, directions = np.linalg.eigh(gram / self.n_vocab)
            self.matrix = directions * variances**-0.25
        self.mean = mean

    def rows(self, index):
        return gguf.quants.dequantize(np.ascontiguousarray(self.data[index]), self.type)

    def moved(self, index):
        rows = self.rows(index).astype(np.float64) - self.mean
        return rows if self.matrix is None else rows @ self.matrix

    def chunks(self):
        for start in range(0, self.n_vocab, CHUNK):
            part = slice(start, start + CHUNK)
            yield part, self.moved(part)


def embcli(args, ids, *options):
    options = [*options, *([f"--{args.frame}"] if args.frame else [])]
    command = [args.embcli, args.command, args.model, *map(str, ids), *options]
    try:
        run = subprocess.run([*command, "--format", "json"], capture_output=True, check=False)
    except OSError as error:
        sys.exit(f"{args.embcli}: {error.strerror}: run cargo build --release")
    if run.returncode != 0:
        sys.exit(f"embcli failed with exit code {run.returncode}: {run.stderr.decode().strip()}")
    return json.loads(run.stdout)


def check_lookup(table, ids, args, problems):
    """Adds each disagreement to the problems. Returns the summary if there is none."""
    # The first and last row show a wrong offset. IDs may repeat and need no order.
    ids = [0, *ids, table.n_vocab - 1, ids[0]]
    expected = table.rows(ids)
    rows = embcli(args, ids)["rows"]
    if [row["id"] for row in rows] != ids:
        problems.append(f"wrong rows: {[row['id'] for row in rows]}, not {ids}")
        return ""
    for row, want in zip(rows, expected):
        # NaN and the infinities are strings, because JSON has no numbers for them.
        got = np.array([float(value) for value in row["values"]]).astype(np.float32)
        if got.shape != want.shape:
            problems.append(f"row {row['id']} has {got.size} values, not {want.size}")
            continue
        same = (got.view(np.uint32) == want.view(np.uint32)) | (np.isnan(got) & np.isnan(want))
        for at in np.flatnonzero(~same):
            problems.append(f"row {row['id']} value {at}: {got[at]!r}, not {want[at]!r}")
    return f"{len(ids)} rows of {expected.shape[1]} values are the same bit for bit"


def scores(table, queries, metric):
    """The score of every row for every query. Larger is nearer; -inf excludes a row."""
    out = np.empty((len(queries), table.n_vocab))
    for part, rows in table.chunks():
        if metric == "l2":  # |x|^2 - 2xq + |q|^2 would lose digits by cancellation
            for query, line in zip(queries, out):
                line[part] = -np.linalg.norm(rows - query, axis=1)
        else:
            out[:, part] = queries @ rows.T
            if metric == "cosine":
                norms = np.linalg.norm(rows, axis=1)
                norms[norms == 0] = np.nan  # no direction
                out[:, part] /= norms * np.linalg.norm(queries, axis=1)[:, None]
    out[~np.isfinite(out)] = -np.inf
    return out


def check_neighbors(table, ids, args, problems):
    """Adds each disagreement to the problems. Returns the summary if there is none."""
    queries = table.moved(ids)
    usable = np.isfinite(queries).all(axis=1) & queries.any(axis=1)
    ids, queries = [i for i, good in zip(ids, usable) if good], queries[usable]
    answer = embcli(args, ids, "-k", str(args.top), "--metric", args.metric)["queries"]
    if [query["id"] for query in answer] != ids:
        problems.append(f"wrong queries: {[query['id'] for query in answer]}, not {ids}")
        return ""
    sign = -1 if args.metric == "l2" else 1
    worst, near_ties = 0.0, 0
    for query, line in zip(answer, scores(table, queries, args.metric)):
        line[query["id"]] = -np.inf  # itself
        k = min(args.top, np.count_nonzero(line > -np.inf))
        best = np.lexsort((np.arange(len(line)), -line))[:k]
        got = [neighbor["id"] for neighbor in query["neighbors"]]
        where = f"query {query['id']}"
        if len(got) != k or len(set(got)) != k:
            problems.append(f"{where}: {len(set(got))} different neighbors, not {k}")
            continue
        for i, (neighbor, want) in enumerate(zip(query["neighbors"], best)):
            mine = line[neighbor["id"]]
            if neighbor["rank"] != i + 1:
                problems.append(f"{where}: rank {neighbor['rank']} at position {i + 1}")
            # Relative for scores above 1 (dot, l2): f32 has no more digits.
            error = abs(sign * neighbor["score"] - mine) / max(1.0, abs(mine))
            worst = max(worst, error)
            if not error <= SCORE_TOLERANCE:
                problems.append(f"{where}: {neighbor['id']} has {neighbor['score']}, not {sign * mine}")
            if neighbor["id"] != want:
                # Moved rows are rounded to f32.
                tolerance = SCORE_TOLERANCE if args.frame else TIE_TOLERANCE
                if not abs(mine - line[want]) <= tolerance * abs(line[want]):
                    problems.append(f"{where}: rank {i + 1} is {neighbor['id']}, not {want}")
                near_ties += 1
        # Equal rows must tie exactly, so the lower ID comes first.
        rows = table.rows(got)
        for a, b, row, after in zip(got, got[1:], rows, rows[1:]):
            if a > b and np.array_equal(row, after):
                problems.append(f"{where}: the equal rows {b} and {a} are not in order of ID")
    ties = f", {near_ties} ranks in a different order within {TIE_TOLERANCE} (allowed)"
    return (
        f"{len(ids)} queries have the same top {args.top} by {args.metric}, "
        f"scores within {worst:.1e}{ties if near_ties else ''}"
    )


def check_similarity(table, ids, args, problems):
    """Adds each disagreement to the problems. Returns the summary if there is none."""
    rows = table.moved(ids)
    rows /= np.linalg.norm(rows, axis=1)[:, None]
    want = rows @ rows.T
    got = np.array(embcli(args, ids)["matrix"])
    error = np.abs(got - want).max()
    if not error <= SCORE_TOLERANCE:
        problems.append(f"the matrices differ by {error:.1e}")
    return f"the cosines of {len(ids)} rows are the same within {error:.1e}"


def check_analogy(table, ids, args, problems):
    """Adds each disagreement to the problems. Returns the summary if there is none."""
    triples = [ids[i : i + 3] for i in range(0, len(ids) - 2, 3)]
    queries = []
    for a, b, c in (table.moved(triple) for triple in triples):
        unit = [row / np.linalg.norm(row) for row in (a, b, c)]
        queries.append(unit[1] - unit[0] + unit[2])
    worst = 0.0
    for triple, line in zip(triples, scores(table, np.array(queries), "cosine")):
        line[triple] = -np.inf
        best = np.lexsort((np.arange(len(line)), -line))[: args.top]
        found = embcli(args, triple, "-k", str(args.top), "--variants")["candidates"]
        for i, (one, want) in enumerate(zip(found, best)):
            error = abs(one["score"] - line[one["id"]])
            worst = max(worst, error)
            if not error <= SCORE_TOLERANCE:
                problems.append(f"{triple}: {one['id']} has {one['score']}, not {line[one['id']]}")
            if one["id"] != want and abs(line[want] - line[one["id"]]) > 2 * worst:
                problems.append(f"{triple}: rank {i + 1} is {one['id']}, not {want}")
    return f"{len(triples)} analogies have the same top {args.top}, scores within {worst:.1e}"


CHECKS = {
    "lookup": check_lookup,
    "neighbors": check_neighbors,
    "similarity": check_similarity,
    "analogy": check_analogy,
}


def main():
    summary, _, details = __doc__.partition("\n\n")
    parser = argparse.ArgumentParser(
        description=summary, epilog=details, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=list(CHECKS))
    parser.add_argument("--embcli", default=str(ROOT / "target/release/embcli"))
    parser.add_argument("--model", default=str(MODELS / "gemma-3-270m-q4_k_m.gguf"))
    parser.add_argument("--count", type=int, default=50, help="rows to pick (50)")
    parser.add_argument("--seed", type=int, default=0, help="which rows are picked (0)")
    parser.add_argument("--top", type=int, default=20, help="neighbors to compare (20)")
    parser.add_argument("--metric", choices=["cosine", "dot", "l2"], default="cosine")
    parser.add_argument("--frame", choices=["centre", "whiten"], help="move the rows first")
    args = parser.parse_args()
    if not Path(args.model).is_file():
        sys.exit(f"{args.model} is not there: scripts/fetch-real-model.sh fetches the real model")

    table = Table(args.model)
    count = min(max(args.count, 1), table.n_vocab)
    random = np.random.default_rng(args.seed)
    ids = random.choice(table.n_vocab, size=count, replace=False).tolist()
    check = CHECKS[args.command]
    if args.frame:
        table.move(args.frame)
    problems = []
    with np.errstate(all="ignore"):  # rows of zeros, NaN and infinities are expected
        agreed = check(table, ids, args, problems)
    for problem in problems[:20]:
        print(problem, file=sys.stderr)
    if problems:
        sys.exit(f"{args.command}: DISAGREES with Python in {len(problems)} places")
    print(f"{args.command}: agrees with Python: {agreed}")


if __name__ == "__main__":
    main()
