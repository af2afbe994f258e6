#!/usr/bin/env python3
"""Draws docs/picture.svg, the README's picture, from what embcli prints.

    python3 scripts/picture.py EMBCLI MODEL.gguf

The text becomes token IDs, each ID picks one row of the table, and the rows
are the model's input. Colours are the values of the real rows.
"""

import html
import json
import subprocess
import sys
from pathlib import Path

OUT = Path(__file__).resolve().parent.parent / "docs" / "picture.svg"
TEXT = "The cat sat"
CELLS, CELL = 64, 7  # columns shown of each row, and their width


def colour(value, largest):
    """Blue below 0, orange above, white at 0."""
    share = max(-1.0, min(1.0, value / largest))
    far = (37, 99, 165) if share < 0 else (214, 108, 20)
    return "#" + "".join(f"{round(255 + (c - 255) * abs(share)):02x}" for c in far)


def main():
    embcli, model = sys.argv[1:]
    run = subprocess.run(
        [embcli, "lookup", model, "--text", TEXT, "--no-bos", "--format", "json"],
        capture_output=True, check=True, text=True,
    )
    answer = json.loads(run.stdout)
    rows, table = answer["rows"], answer["table"]
    n_vocab, d_model = table["n_vocab"], table["d_model"]
    largest = max(abs(value) for row in rows for value in row["values"][:CELLS]) * 0.7
    width, top, step = 900, 86, 44
    strip = 340
    height = top + step * len(rows) + 62
    svg = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" font-family="ui-monospace, Menlo, Consolas, monospace" font-size="15">',
        f'<rect width="{width}" height="{height}" rx="10" fill="#fbfbf8"/>',
    ]

    def text(x, y, words, fill="#222", size=15, anchor="start"):
        svg.append(
            f'<text x="{x}" y="{y}" fill="{fill}" font-size="{size}" text-anchor="{anchor}" '
            f'xml:space="preserve">{html.escape(words)}</text>'
        )

    for x, words in [(30, "token"), (170, "token ID"), (strip, f"its row of the table [{n_vocab:,}, {d_model}]")]:
        text(x, 44, words, "#777", 13)
    svg.append(f'<line x1="30" y1="56" x2="{width - 30}" y2="56" stroke="#ccc"/>')
    for i, row in enumerate(rows):
        y = top + i * step
        text(30, y + 5, json.dumps(row["token"], ensure_ascii=False))
        text(245, y + 5, str(row["id"]), anchor="end")
        svg.append(f'<path d="M262 {y} H{strip - 22} m-6 -4 l6 4 l-6 4" fill="none" stroke="#999"/>')
        for j, value in enumerate(row["values"][:CELLS]):
            svg.append(
                f'<rect x="{strip + j * CELL}" y="{y - 13}" width="{CELL}" height="26" '
                f'fill="{colour(value, largest)}"/>'
            )
        svg.append(
            f'<rect x="{strip}" y="{y - 13}" width="{CELLS * CELL}" height="26" fill="none" stroke="#bbb"/>'
        )
        text(strip + CELLS * CELL + 10, y + 5, f"… {d_model - CELLS} more", "#777", 13)
    y = top + len(rows) * step + 10
    read, stored = answer["bytes_read"], table["bytes"]
    text(30, y, f"{len(rows)} rows are read, {read:,} of {stored:,} bytes, and nothing is computed: a lookup.", "#555", 13)
    text(30, y + 20, f"The [{len(rows)}, {d_model}] matrix is what the model starts from.", "#555", 13)
    svg.append("</svg>\n")
    OUT.write_text("\n".join(svg), encoding="utf-8")


main()
