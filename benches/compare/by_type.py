#!/usr/bin/env python3
"""Times one query on tables of every common type, beside ggml's own dot product.

    python3 benches/compare/by_type.py [--types Q6_K,Q4_K] [--write docs/speed.md]
    python3 benches/compare/by_type.py --queries 1000

Needs Linux, a C compiler (cc), numpy and a release build of embcli. ggml's libraries
are optional: --ggml FOLDER is one with libggml-base.so and libggml-cpu*.so, as the
packages llama-cpp-python (llama_cpp/lib) and @node-llama-cpp/linux-x64 (bins/linux-x64)
have. Tables of 128,256 x 4,096 random blocks take up to 1.1 GB each, in --folder; they
are kept there for the next run.

How to read it:

- Programs take turns. Figures are medians of the processor time, user and system, of
  whole processes for embcli and of the loops alone for C. Processor time is what a
  busy machine distorts least.
- "read" is a C program that reads the same bytes of the same file, by pread in pieces
  of 1 MiB, or mapped. "dot" also runs ggml's vec_dot on each row. It gives dot products
  only: no norms and no ranking.
- embcli computes each row's dot product and norm, with a bound, and ranks exactly.
- With --queries N, embcli finds the neighbours of the first N rows on one thread. faiss
  (pip install faiss-cpu) searches as often with IndexFlatIP over random f32 rows of the same
  shape, which takes 4.2 GB; its time is that of the search alone.
"""

import argparse
import os
import re
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from compare import TARGET, processor
from contest import K
from libraries import POOLS

ROWS, WIDTH, QUERY = 128_256, 4096, 777

# ggml's number, values and bytes of a block, and where a block has its scales (F16).
TYPES = {
    "F16": (1, 1, 2, ()), "BF16": (30, 1, 2, ()),
    "Q8_0": (8, 32, 34, (0,)), "Q6_K": (14, 256, 210, (208,)), "Q5_K": (13, 256, 176, (0, 2)),
    "Q4_K": (12, 256, 144, (0, 2)), "Q3_K": (11, 256, 110, (108,)), "Q2_K": (10, 256, 84, (80, 82)),
    "Q4_0": (2, 32, 18, (0,)), "Q4_1": (3, 32, 20, (0, 2)), "Q5_0": (6, 32, 22, (0,)),
    "Q5_1": (7, 32, 24, (0, 2)), "IQ4_NL": (20, 32, 18, (0,)), "IQ4_XS": (23, 256, 136, (0,)),
    "MXFP4": (39, 32, 17, ()),
}


def text(value):
    return struct.pack("<Q", len(value)) + value.encode()


def blocks(name, random, n):
    """Random blocks with ordinary scales."""
    _, _, size, scales = TYPES[name]
    if name in ("F16", "BF16"):
        values = random.standard_normal(n, np.float32) * np.float32(0.02)
        halves = values.astype(np.float16).view(np.uint16)
        return halves if name == "F16" else (values.view(np.uint32) >> 16).astype(np.uint16)
    made = random.integers(0, 256, (n, size), np.uint8)
    for at in scales:
        made[:, at : at + 2] = random.uniform(5e-4, 1e-3, n).astype(np.float16).view(np.uint8).reshape(n, 2)
    if name == "MXFP4":
        made[:, 0] = random.integers(118, 124, n)
    return made


def make(name, path, rows):
    """Writes a GGUF file with a table of random blocks."""
    number, values, _, _ = TYPES[name]
    header = b"GGUF" + struct.pack("<IQQ", 3, 1, 1) + text("general.architecture") + struct.pack("<I", 8) + text("llama")
    header += text("token_embd.weight") + struct.pack("<IQQIQ", 2, WIDTH, rows, number, 0)
    random = np.random.default_rng(7)
    part = path.with_suffix(".part")
    with open(part, "wb") as file:
        file.write(header + bytes(-len(header) % 32))
        for start in range(0, rows, 4096):
            file.write(blocks(name, random, min(4096, rows - start) * WIDTH // values).tobytes())
    part.rename(path)


def embcli(program, path, threads, queries=str(QUERY)):
    """Processor seconds of the whole process."""
    command = [program, "neighbors", path, queries, "--threads", str(threads), "--format", "csv"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"embcli failed on {path}")
    return usage.ru_utime + usage.ru_stime


def ggml(folder):
    """The two libraries in a folder."""
    names = [*folder.glob("libggml-cpu.so*"), *folder.glob("libggml-cpu-haswell.so*")]
    base = [*folder.glob("libggml-base.so*")]
    if not names or not base:
        sys.exit(f"{folder} has no libggml-base.so and libggml-cpu.so or libggml-cpu-haswell.so")
    return [base[0], names[0]]


def measure(args, name, path, dot):
    number, values, size, _ = TYPES[name]
    row = WIDTH // values * size
    libraries = ggml(Path(args.ggml)) + [number] if args.ggml else None

    def in_c(how, threads, libraries=()):
        command = [dot, path, args.rows, WIDTH, row, threads, how, *libraries]
        run = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
        if run.returncode:
            sys.exit(run.stderr.strip())
        return int(run.stdout.split()[1]) / 1e9

    entries = {}
    for threads in (1, 2):
        entries["read", threads] = lambda t=threads: in_c("pread", t)
        entries["read, mapped", threads] = lambda t=threads: in_c("mmap", t)
        if libraries:
            entries["dot", threads] = lambda t=threads: in_c("pread", t, libraries)
        entries["embcli", threads] = lambda t=threads: embcli(args.embcli, path, t)
    samples = {key: [] for key in entries}
    for turn in range(args.rounds + 1):
        for key, run in entries.items():
            taken = run()
            if turn:
                samples[key].append(taken)
    return {key: statistics.median(taken) for key, taken in samples.items()}


def line(name, megabytes, threads, found):
    ms = {key: taken * 1e3 for (key, t), taken in found.items() if t == threads}
    ours, dots = ms["embcli"], ms.get("dot")
    cells = [name if threads == 1 else "", f"{megabytes:.0f} MB" if threads == 1 else "", str(threads)]
    cells += [f"{ms[key]:.3g} ms" for key in ("read", "read, mapped")]
    cells += [f"{dots:.3g} ms" if dots else "", f"{ours:.3g} ms", f"{ours / ms['read']:.2f}x"]
    return f"| {' | '.join([*cells, f'{ours / dots:.2f}x' if dots else ''])} |"


def searches(args):
    """Processor seconds of faiss, which reads its number of threads when it is loaded."""
    os.environ.update(dict.fromkeys(POOLS, "1"))
    import faiss

    rows = np.random.default_rng(7).standard_normal((args.rows, WIDTH), np.float32)
    faiss.normalize_L2(rows)
    index = faiss.IndexFlatIP(WIDTH)
    index.add(rows)
    taken = []
    for _ in range(args.rounds):
        start = time.process_time()
        index.search(rows[: args.queries], K + 1)
        taken.append(time.process_time() - start)
    return statistics.median(taken)


def batches(args, tables):
    """The lines of a table of batches."""
    theirs = searches(args)
    yield f"{args.queries:,} queries, {args.rows:,} x {WIDTH:,}, one thread, medians of processor time on {processor()}. faiss: {theirs:.3g} s."
    yield from ["", "| type | embcli | embcli / faiss |", "|---|--:|--:|"]
    for name, path in tables:
        ours = statistics.median(embcli(args.embcli, path, 1, f"0..{args.queries}") for _ in range(args.rounds))
        yield f"| {name} | {ours:.3g} s | {ours / theirs:.2f}x |"


def single(args, tables, folder):
    """The lines of a table of single queries."""
    dot = folder / "dot"
    subprocess.run(["cc", "-O2", "-pthread", "-o", dot, Path(__file__).with_name("dot.c"), "-ldl"], check=True)
    yield f"One query, {args.rows:,} x {WIDTH:,} random blocks, medians of processor time on {processor()}."
    yield ""
    yield "| type | table | threads | C: read | C: read, mapped | C: read, and ggml's dot | embcli | embcli / read | embcli / ggml |"
    yield "|---|--:|--:|--:|--:|--:|--:|--:|--:|"
    for name, path in tables:
        found = measure(args, name, path, dot)
        megabytes = args.rows * WIDTH // TYPES[name][1] * TYPES[name][2] / 1e6
        yield from (line(name, megabytes, threads, found) for threads in (1, 2))


def tables(args, folder):
    """The types and their files, which are made if they are not there."""
    for name in args.types.split(","):
        path = folder / f"{name}-{args.rows}.gguf"
        if not path.exists():
            print(f"making {path}", file=sys.stderr)
            make(name, path, args.rows)
        yield name, path


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--embcli", default=TARGET / "release" / "embcli")
    parser.add_argument("--ggml", metavar="FOLDER", help="where ggml's libraries are")
    parser.add_argument("--types", default=",".join(TYPES), help="which types")
    parser.add_argument("--folder", default=Path(tempfile.gettempdir()) / "embcli-types", help="where the tables are")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--queries", type=int, metavar="N", help="neighbours of N rows, beside faiss")
    parser.add_argument("--write", metavar="FILE", help="put the table in FILE, between its marks types:begin and types:end (batches with --queries)")
    args = parser.parse_args()
    name = "batches" if args.queries else "types"
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    page = Path(args.write).read_text(encoding="utf-8") if args.write else ""
    if args.write and not re.search(f"{begin}.*{end}", page, re.S):
        sys.exit(f"{args.write} has no {begin} before {end}")
    folder = Path(args.folder)
    folder.mkdir(parents=True, exist_ok=True)
    made = tables(args, folder)
    lines = []
    for found in batches(args, made) if args.queries else single(args, made, folder):
        print(found, file=sys.stderr, flush=True)
        lines.append(found)
    print(*lines, sep="\n")
    if args.write:
        table = "\n".join([begin, *lines, end])
        Path(args.write).write_text(re.sub(f"{begin}.*{end}", lambda _: table, page, flags=re.S), encoding="utf-8")


if __name__ == "__main__":
    main()
