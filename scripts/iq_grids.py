#!/usr/bin/env python3
"""Write src/quant/iq_grids.rs: the codebooks of the IQ formats, 16 bits a point.

They were found by a search over real weights, so no formula gives them. The
reference Python package has them:

    pip install gguf
    python scripts/iq_grids.py | rustfmt > src/quant/iq_grids.rs
"""

from gguf import quants

print("//! The grids of the IQ formats, packed. Written by `scripts/iq_grids.py`; do not edit.")
print("//!")
print("//! A point has 8 coordinates of 2 bits or 4 coordinates of 4 bits, the first in the")
print("//! lowest bits. Each coordinate is an index into a list of levels in `iq.rs`.")

for name in ["IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ3_XXS", "IQ3_S", "IQ1_S"]:
    table = getattr(quants, name)
    table.init_grid()
    points, coordinates = table.grid_shape
    bits = 16 // coordinates
    level = {value: i for i, value in enumerate(table.grid_map)}
    packed = [
        sum(level[int(value)] << (bits * i) for i, value in enumerate(point))
        for point in table.grid.reshape(points, coordinates)
    ]
    print(f"\npub(super) const {name}: [u16; {points}] = [")
    print(", ".join(f"0x{point:04x}" for point in packed))
    print("];")
