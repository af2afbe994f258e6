"""numpy and faiss on rows that gguf dequantised, and float64 scores to check all answers."""

import multiprocessing
import os
import sys
import time

from contest import K, Sample, Skip

ABSENT = {}
try:
    import numpy as np
except ImportError:
    ABSENT["numpy"] = "numpy is not installed"
try:
    from gguf import GGMLQuantizationType, quants
except ImportError:
    ABSENT["gguf"] = "gguf is not installed"

TIE = 1e-12  # scores closer than this have no certain order even in float64
POOLS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def chunks(model, table, size):
    """The table, dequantised by gguf in chunks of rows."""
    n, width = table["n_vocab"], table["bytes"] // table["n_vocab"]
    raw = np.memmap(model, np.uint8, "r", table["offset"], (n, width))
    for start in range(0, n, size):
        part = slice(start, min(start + size, n))
        yield part, quants.dequantize(raw[part], GGMLQuantizationType[table["type"]])


def dequantised(model, table):
    rows = np.empty((table["n_vocab"], table["d_model"]), np.float32)
    for part, values in chunks(model, table, 512):  # the size that was fastest
        rows[part] = values
    return rows


def merge(best, scores, ids, k):
    """The k largest of `best` and of new scores: one row per query, unsorted."""
    if scores.shape[1] > k:
        top = np.argpartition(scores, -k, axis=1)[:, -k:]
        scores, ids = np.take_along_axis(scores, top, 1), ids[top]
    else:
        ids = np.broadcast_to(ids, scores.shape)
    if best is None:
        return scores, ids
    scores, ids = np.hstack([best[0], scores]), np.hstack([best[1], ids])
    top = np.argpartition(scores, -k, axis=1)[:, -k:]
    return np.take_along_axis(scores, top, 1), np.take_along_axis(ids, top, 1)


def search(rows, queries, k):
    """Cosine in numpy: sgemm on blocks of rows, argpartition, sort. Times all of it, and sgemm alone."""
    start, multiplying, best = time.perf_counter(), 0, None
    block = len(rows) if len(queries) == 1 else 16384
    for at in range(0, len(rows), block):
        part = rows[at : at + block]
        before = time.perf_counter()
        scores = (part @ queries[0])[None] if len(queries) == 1 else queries @ part.T
        multiplying += time.perf_counter() - before
        best = merge(best, scores, np.arange(at, at + len(part)), k)
    order = np.argsort(-best[0], axis=1, kind="stable")
    found = np.take_along_axis(best[1], order, 1)
    return time.perf_counter() - start, multiplying, found


def serve(pipe, model, table, threads):
    """A process with numpy and faiss limited to `threads` threads. It prepares the rows, then answers requests."""
    try:
        import faiss
    except ImportError:
        faiss = None
    rows = dequantised(model, table)
    norms = np.sqrt(np.einsum("ij,ij->i", rows, rows, dtype=np.float64))
    rows /= np.where(norms > 0, norms, 1)[:, None].astype(np.float32)
    if faiss:
        faiss.omp_set_num_threads(threads)
        index = faiss.IndexFlatIP(rows.shape[1])
        index.add(rows)
    pipe.send("ready")
    while True:
        try:
            what, ids = pipe.recv()
        except EOFError:  # the comparison has ended
            return
        queries = rows[ids]
        start, found = time.perf_counter(), None
        if what == "dequantise":
            dequantised(model, table)
            seconds = time.perf_counter() - start
        elif what == "faiss" and not faiss:
            pipe.send("faiss-cpu is not installed")
            continue
        elif what == "faiss":
            _, found = index.search(queries, K + 1)
            seconds = time.perf_counter() - start
        else:
            whole, multiplying, found = search(rows, queries, K + 1)
            seconds = multiplying if what == "sgemm" else whole
        answer = {}
        if found is not None:  # the query itself is among the k + 1, first or tied with equal rows
            answer = {int(q): [int(i) for i in row if i != q][:K] for q, row in zip(ids, found)}
        pipe.send(Sample(seconds, answer=answer))


class Library:
    """The other end of `serve`. Libraries read their number of threads at load, so each number has a process."""

    def __init__(self, model, table, threads):
        if ABSENT:
            return
        before = os.environ.copy()
        os.environ.update(dict.fromkeys(POOLS, str(threads)))
        spawn = multiprocessing.get_context("spawn")
        self.pipe, end = spawn.Pipe()
        spawn.Process(target=serve, args=(end, model, table, threads), daemon=True).start()
        end.close()
        self.pipe.recv()
        for name in POOLS:
            del os.environ[name]
        os.environ.update(before)

    def __call__(self, what, ids=()):
        if ABSENT:
            raise Skip("; ".join(ABSENT.values()))
        self.pipe.send((what, list(ids)))
        sample = self.pipe.recv()
        if isinstance(sample, str):
            raise Skip(sample)
        return sample


def verify(entries, model, table):
    """Compares every answer with float64's. Returns whether all of embcli's are right."""
    entries = [entry for entry in entries if entry.samples and entry.samples[-1].answer]
    if ABSENT or not entries:
        return True
    print("checking the answers in float64", file=sys.stderr)
    answers = [list(entry.samples[-1].answer.items())[:1000] for entry in entries]
    ids = np.unique([query for answer in answers for query, _ in answer])
    wanted = np.unique(np.concatenate([ids, *(found for answer in answers for _, found in answer)]))
    units, best = np.zeros((len(wanted), table["d_model"])), None
    for fill in (True, False):  # the first pass collects the wanted rows, the second searches
        for part, rows in chunks(model, table, 4096):
            rows = rows.astype(np.float64)
            norms = np.linalg.norm(rows, axis=1)
            usable = np.isfinite(norms) & (norms > 0)
            rows /= np.where(usable, norms, 1)[:, None]
            low, high = np.searchsorted(wanted, (part.start, part.stop))
            if fill:
                units[low:high] = rows[wanted[low:high] - part.start]
                continue
            scores = units[np.searchsorted(wanted, ids)] @ rows.T
            scores[:, ~usable] = -np.inf
            own = (ids >= part.start) & (ids < part.stop)
            scores[own, ids[own] - part.start] = -np.inf
            best = merge(best, scores, np.arange(part.start, part.stop), K)
    truth = dict(zip(ids.tolist(), -np.sort(-best[0], axis=1)))

    def right(query, found):
        if len(set(found)) != K or query in found:
            return False
        scores = units[np.searchsorted(wanted, found)] @ units[np.searchsorted(wanted, query)]
        return np.allclose(scores, truth[query], rtol=0, atol=TIE)

    passed = True
    for entry, answer in zip(entries, answers):
        agree = sum(right(query, found) for query, found in answer)
        entry.agreed = f"{agree} of {len(answer)}"
        passed &= agree == len(answer) or not entry.ours
    return passed
