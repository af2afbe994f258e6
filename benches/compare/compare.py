#!/usr/bin/env python3
"""Times embcli and other programs at the same work, on one machine in one run.

    python3 benches/compare/compare.py [--quick] [--write docs/speed.md]

Needs Linux, a release build of embcli and a model (scripts/fetch-real-model.sh).
The rest is optional; if something is missing, its rows say so:

    pip install numpy faiss-cpu gguf       and a C compiler, as cc

How to read it:

- Programs at the same work take turns, A B A B, so a slow moment of the machine
  affects all of them. Figures are medians. The range is shown if the slowest round
  took at least 1.5 times as long as the fastest. Trust the ratios, not the times,
  and run it on an idle machine (a compiler at the same time can triple a line).
- "embcli takes" is embcli's time divided by that line's, with the same number of
  threads: 0.5x is half the time, 3x three times as long.
- embcli is always the whole process: start, open, answer, print CSV to a file.
  numpy and faiss are only the search, on float32 rows that are already dequantised,
  normalised and indexed in memory. Dequantising has a line of its own.
- The floor is a loop that adds up the table's bytes, mapped and in memory: no
  search that reads the table can be faster. The walk is a C process that steps
  through the header and skips all strings: every program that opens the file does
  at least that.
- Peak memory is the kernel's count, which includes the pages of mapped files.
- "As float64" counts the queries (of the first 1000) whose top 10 equals float64's,
  in the same order. IDs whose float64 scores differ by less than 1e-12 may swap.
- The whole table against itself is measured on a slice and extrapolated.
- Skipped lines say why.

It takes some minutes and 4 GB of memory (--quick: about one minute). The exit code
is 1 if embcli's answers differ from float64's.
"""

import argparse
import os
import re
import sys
import tempfile
from pathlib import Path

from contest import Entry, contest
from libraries import ABSENT, Library, verify
from programs import Tools

ROOT = Path(__file__).resolve().parent.parent.parent
MODELS = Path(os.environ.get("EMBCLI_MODELS") or ROOT / "models")
TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target")
BEGIN, END = "<!-- compare:begin -->", "<!-- compare:end -->"
THREADS = (1, 2)
QUERY = 5866
LOOKUP_WORK, SINGLE, FEW, MANY = "open, 3 rows", "1 query", "64 queries", "1000 queries"
WHOLE = "every row against every row"


def duration(seconds):
    if seconds >= 120:
        return f"{seconds / 60:.1f} min"
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1e3:.3g} ms"


def took(entry):
    """The median; also the range if it is wide, because then something else ran."""
    seconds = [entry.scale * sample.seconds for sample in entry.samples]
    if max(seconds) < 1.5 * min(seconds):
        return duration(entry.median)
    return f"{duration(entry.median)} ({duration(min(seconds))} to {duration(max(seconds))})"


def ours(entries, work, threads):
    found = [e for e in entries if e.ours and (e.work, e.threads) == (work, threads) and e.median]
    return found[0] if found else None


def markdown(entries, machine, table, args):
    lines = [
        f"Measured side by side on {machine}, warm, "
        f"{'a quick run, ' if args.quick else ''}on {Path(args.model).name}: {table['n_vocab']:,} rows of "
        f"{table['d_model']}, {table['type']}, {table['bytes'] / 1e6:.0f} MB. On another machine the times differ; the ratios should be similar.",
        "",
        "| work | program | threads | median | embcli takes | peak memory | as float64 |",
        "|---|---|--:|--:|--:|--:|--:|",
    ]
    before = None
    for e in entries:
        us = ours(entries, e.work, e.threads)
        ratio = f"{us.median / e.median:.2g}x" if us and e.samples and not e.ours else ""
        peak = f"{e.peak / 2**20:.1f} MiB" if e.peak else ""
        cells = [e.work if e.work != before else "", e.who, str(e.threads or ""),
                 took(e) if e.samples else f"skipped: {e.skipped}", ratio, peak, e.agreed]
        lines.append(f"| {' | '.join(cells)} |")
        before = e.work
    return "\n".join(lines)


def goals(entries, whole):
    """embcli's goals, each with the measured value."""
    for work, threads, other, most in (
        (LOOKUP_WORK, 0, "C: walk", 3), (SINGLE, 1, "C: floor", 3.2), (SINGLE, 2, "C: floor", 4),
        (MANY, 1, "faiss", 1), (MANY, 2, "faiss", 1),
    ):
        us = ours(entries, work, threads)
        them = [e.median for e in entries if (e.work, e.threads) == (work, threads) and e.who.startswith(other) and e.samples]
        name = f"{work}{f', {plural(threads)}' if threads else ''}: at most {most} times {other}"
        yield name, us.median / them[0] if us and them else None, most, "x"
    for work, threads, most, unit in ((FEW, 2, 200, "ms"), (whole, 2, 5, "min")):
        us = ours(entries, work, threads)
        value = us and us.median * (1e3 if unit == "ms" else 1 / 60)
        yield f"{work}, {plural(threads)}: at most {most} {unit}", value, most, f" {unit}"
    us = ours(entries, LOOKUP_WORK, 0)
    yield f"{LOOKUP_WORK}: at most 20 MiB", us and us.peak / 2**20 or None, 20, " MiB"


def plural(threads):
    return f"{threads} thread{'s' if threads > 1 else ''}"


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        facts = dict(re.findall(r"^([^\t:]+)\s*:\s*(.*)$", file.read(), re.M))
    name = facts.get("model name") or "an unnamed processor"
    family = f" (family {facts['cpu family']}, model {facts['model']})" if "cpu family" in facts else ""
    return f"{name}{family}, {len(os.sched_getaffinity(0))} cores"


def replace(path, text):
    page = Path(path).read_text(encoding="utf-8")
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    Path(path).write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")


def measure(tools, table, args):
    n = table["n_vocab"]
    entries = [Entry(LOOKUP_WORK, "**embcli**", 0, tools.lookup, ours=True),
               Entry(LOOKUP_WORK, "C: walk the header", 0, tools.walk)]
    contest(entries, 7 if args.quick else 21)
    if not args.quick:
        entries += contest([Entry(LOOKUP_WORK, "gguf-py (once)", 0, tools.gguf_py)], 1, warm_up=False)

    print("libraries: dequantise, normalise, index", file=sys.stderr)
    libraries = {t: Library(args.model, table, t) for t in THREADS}

    def entrants(work, ids):
        for t in THREADS:
            yield Entry(work, "**embcli**", t, lambda t=t: tools.neighbors(t, *ids), ours=True)
            if work == SINGLE:
                yield Entry(work, "C: floor, reading the table", t, lambda t=t: tools.floor(table, t))
            if work != SINGLE:
                yield Entry(work, "numpy: sgemm alone", t, lambda t=t: libraries[t]("sgemm", ids))
            yield Entry(work, "numpy: product and argpartition", t, lambda t=t: libraries[t]("numpy", ids))
            yield Entry(work, "faiss: IndexFlatIP", t, lambda t=t: libraries[t]("faiss", ids))
        if work == SINGLE:
            yield Entry(work, "gguf-py: dequantise, before numpy or faiss", 1, lambda: libraries[1]("dequantise"))

    # Spread over the table; no ID twice; the same IDs in every run.
    many = [(QUERY + i * max(1, n // 1000)) % n for i in range(min(n, 1000))]
    entries += contest([*entrants(SINGLE, [QUERY % n])], 3 if args.quick else 11)
    entries += contest([*entrants(FEW, many[::15][:64])], 3 if args.quick else 7)
    entries += contest([*entrants(MANY, many)], 1 if args.quick else 3, warm_up=False)

    part = min(n, 2048 if args.quick else 8192)
    whole = f"{WHOLE} (extrapolated: {n / part:.0f} times a slice of {part:,})" if part < n else WHOLE
    entries += contest([
        Entry(whole, "**embcli**", 2, lambda: tools.neighbors(2, "--all", f"0..{part}"), ours=True, scale=n / part),
        Entry(whole, "faiss: IndexFlatIP", 2, lambda: libraries[2]("faiss", range(part)), scale=n / part),
    ], 1 if args.quick else 3, warm_up=False)
    return entries, whole


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--embcli", default=TARGET / "release" / "embcli")
    parser.add_argument("--model", default=MODELS / "gemma-3-270m-q4_k_m.gguf")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, and no gguf-py reader")
    parser.add_argument("--write", metavar="FILE", help=f"put the table in FILE, between {BEGIN} and {END}")
    args = parser.parse_args()
    for path, remedy in ((args.embcli, "cargo build --release"), (args.model, "scripts/fetch-real-model.sh")):
        if not Path(path).is_file():
            sys.exit(f"{path} does not exist: run {remedy}")
    if args.write and not re.search(f"{BEGIN}.*{END}", Path(args.write).read_text(encoding="utf-8"), re.S):
        sys.exit(f"{args.write} has no {BEGIN} before {END}")

    with tempfile.TemporaryDirectory() as folder:
        tools = Tools(args.embcli, args.model, folder)
        table = tools.table()
        entries, whole = measure(tools, table, args)
    passed = verify(entries, args.model, table)
    text = markdown(entries, processor(), table, args)
    print(text, end="\n\n")
    for name, value, most, unit in goals(entries, whole):
        verdict = "not measured" if value is None else f"{value:.3g}{unit}, {'met' if value <= most else 'NOT MET'}"
        print(f"goal: {name}: {verdict}")
    for who in sorted({f"{e.who}, {e.work}: {e.skipped}" for e in entries if e.skipped}):
        print(f"skipped: {who}")
    if ABSENT:
        print("skipped: the answers were not compared with float64's")
    if args.write:
        replace(args.write, text)
    if not passed:
        sys.exit("embcli's answers differ from float64's")


if __name__ == "__main__":
    main()
