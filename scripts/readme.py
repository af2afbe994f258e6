#!/usr/bin/env python3
"""Puts what embcli prints under each `$ embcli ...` of README.md and docs/*.md.

    python3 scripts/readme.py            rewrite the blocks
    python3 scripts/readme.py --check    exit 1 if a page shows anything else

Runs the release build at 80 columns. A block that ends in a line `...` shows
the first lines only, one that begins with it the last lines. Blocks about a model
that is not there are left as they are, and named.
"""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
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
    stale = []
    for page in PAGES:
        before = page.read_text(encoding="utf-8")
        after = BLOCK.sub(block, before)
        if after == before:
            continue
        stale.append(page.relative_to(ROOT).as_posix())
        if "--check" not in sys.argv:
            page.write_text(after, encoding="utf-8")
    if stale and "--check" in sys.argv:
        sys.exit(f"{', '.join(stale)} does not show what embcli prints: run scripts/readme.py")


main()
