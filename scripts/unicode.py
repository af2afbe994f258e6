#!/usr/bin/env python3
"""Write src/tokenizer/unicode_data.rs: the categories of Unicode 15.1.

llama.cpp's tokenizers use that version and treat newer characters as
unassigned. Rust crates follow the newest version. This package has 15.1:

    pip install unicodedata2==15.1.0
    python scripts/unicode.py | rustfmt > src/tokenizer/unicode_data.rs
"""

import unicodedata2

assert unicodedata2.unidata_version == "15.1.0"

# The order of `Category` in unicode.rs, by the first letter of the general
# category. Unassigned (Cn) is 0.
NUMBERS = {letter: number for number, letter in enumerate("NLZMPSC", start=1)}


def category(point):
    name = unicodedata2.category(chr(point))
    return 0 if name == "Cn" else NUMBERS[name[0]]


starts = []
for point in range(0x110000):
    number = category(point)
    if not starts or starts[-1] & 7 != number:
        starts.append(point << 3 | number)

print("//! The categories of Unicode 15.1. Written by `scripts/unicode.py`; do not edit.")
print()
print("/// The start of each run of characters with one category, in order. The lowest")
print("/// three bits hold the category's number, the bits above them the code point.")
print(f"pub(super) const RUNS: [u32; {len(starts)}] = [")
print(", ".join(f"0x{start:06x}" for start in starts))
print("];")
