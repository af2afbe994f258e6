#!/usr/bin/env python3
"""Compares the outputs of two builds of embcli for a fixed list of commands.

    scripts/same_outputs.py OLD_BINARY NEW_BINARY [MODEL.gguf]

Standard output, standard error and the exit code must be byte-identical, on the
built-in toy and on a real model (default: models/gemma-3-270m-q4_k_m.gguf). The
times that the tour measures are ignored. The exit code is 1 if anything differs.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# MODEL is replaced by each of the two models.
COMMANDS = [
    "lookup MODEL 791 2368 3290 --format json",
    "lookup MODEL 791 2368 3290 --format csv",
    "lookup MODEL 791 2368 791 --format jsonl",
    "lookup MODEL 0..20 --values 4 --format csv",
    "lookup MODEL The ' cat' --format json",
    "lookup MODEL --token 7 --format csv",
    "lookup MODEL --text 'The cat sat' --format json",
    "lookup MODEL --text 'The cat sat' --no-bos --format csv",
    "lookup MODEL 5 --as-input --start 3 --format json",
    "lookup MODEL 99999999 --format json",
    "neighbors MODEL 2368 --format json",
    "neighbors MODEL 2368 5765 -k 5 --format csv",
    "neighbors MODEL 791 --metric l2 --format jsonl",
    "neighbors MODEL 791 --metric dot -k 3 --format json",
    "neighbors MODEL ' cat' --as-input --format json",
    "neighbors MODEL 100..160 -k 4 --threads 1 --format csv",
    "neighbors MODEL --all 0..40 -k 3 --format csv",
    "neighbors MODEL --all 300..330 -k 2 --format jsonl",
    "footprint MODEL --format json",
    "footprint MODEL --format csv",
    "tokens MODEL cat --format json",
    "tokens MODEL cat --format csv",
    "tokens MODEL '^ ?[0-9]+$' --regex --format jsonl",
    "tokens MODEL --type control --format json",
    "tokens MODEL --range 0..300 --norm --format csv",
    "tokens MODEL --text 'The cat sat on the mat.' --format json",
    "tokens MODEL --text 'The cat sat on the mat.' --format csv",
    "info MODEL --format json",
    "info MODEL --format csv",
    "info MODEL --keys --format json",
    "info MODEL --tensors --format csv",
    "info MODEL --strict --format jsonl",
    "check MODEL --format json",
    "check MODEL --format csv",
    "check MODEL --strict --format jsonl",
    "check MODEL MODEL --format json",
    "tour MODEL --format json",
    "tour MODEL --step 1,5,6 --format csv",
    "tour MODEL --step 2,3,4 --format jsonl",
]
ALONE = [
    "footprint --vocab 128000 --dim 4096 --format json",
    "footprint --vocab 128000 --dim 4096,8192 --format csv",
    "footprint --like llama3-8b --format jsonl",
    "footprint --like nothing --format json",
    "tour --list --format json",
    "tour --list --format csv",
    "completions bash",
    "lookup nowhere.gguf 1 --format json",
    "check toy --format npy",
]
TIMES = re.compile(rb'"([a-z_]*microseconds|times_as_long|seconds)":[-0-9.e]+|[^"]*times as long, on[^"]*')


def run(binary, command, model):
    words = [
        word.replace("MODEL", model).strip("'")
        for word in re.findall(r"'[^']*'|\S+", command)
    ]
    done = subprocess.run(
        [binary, *words], stdin=subprocess.DEVNULL, capture_output=True, timeout=300
    )
    answer = b"exit %d\n" % done.returncode + done.stdout + b"\n-- stderr\n" + done.stderr
    return TIMES.sub(b"TIME", answer)


def main():
    old, new, *rest = sys.argv[1:]
    real = rest[0] if rest else str(ROOT / "models" / "gemma-3-270m-q4_k_m.gguf")
    work = [(command, model) for model in ["toy", real] for command in COMMANDS]
    work += [(command, "") for command in ALONE]
    different = 0
    for command, model in work:
        before, after = run(old, command, model), run(new, command, model)
        if before == after:
            continue
        different += 1
        print(f"DIFFERENT: {command.replace('MODEL', model)}")
        at = next((i for i, (a, b) in enumerate(zip(before, after)) if a != b), min(len(before), len(after)))
        for name, text in [("old", before), ("new", after)]:
            print(f"    {name}: {text[max(0, at - 80) : at + 160].decode(errors='replace')!r}")
    print(f"{len(work) - different} of {len(work)} commands print the same bytes")
    sys.exit(different > 0)


main()
