#!/usr/bin/env python3
"""Puts what embcli really prints under each `$ embcli ...` of README.md.

    python3 scripts/readme.py            rewrite the blocks
    python3 scripts/readme.py --check    exit 1 if README.md shows anything else

Runs the release build at 80 columns. A block that ends in a line `...` shows
the first lines only, one that begins with it the last. Blocks about a model
that is not there are left alone, and said.
"""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
BLOCK = re.compile(r"^```\n\$ embcli (.*)\n((?:(?!```).*\n)*)```$", re.MULTILINE)


def block(match):
    command, shown = match[1], match[2].splitlines()
    words = shlex.split(command)
    missing = [word for word in words if word.endswith(".gguf") and not (ROOT / word).exists()]
    if missing:
        print(f"SKIPPED: {missing[0]} is not there: embcli {command}", file=sys.stderr)
        return match[0]
    run = subprocess.run(
        [ROOT / "target/release/embcli", *words],
        cwd=ROOT, env={**os.environ, "COLUMNS": "80"}, capture_output=True, text=True, check=True,
    )
    lines = run.stdout.splitlines()
    if shown[:1] == ["..."]:
        lines = ["...", *lines[1 - len(shown):]]
    elif shown[-1:] == ["..."]:
        lines = [*lines[:len(shown) - 1], "..."]
    return "\n".join(["```", f"$ embcli {command}", *lines, "```"])


def main():
    before = README.read_text(encoding="utf-8")
    after = BLOCK.sub(block, before)
    if "--check" not in sys.argv:
        README.write_text(after, encoding="utf-8")
    elif after != before:
        sys.exit("README.md does not show what embcli prints: run scripts/readme.py")


main()
