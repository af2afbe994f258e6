#!/usr/bin/env python3
"""Makes src/commands/map/letters.bin, the letters of PNG pictures, from the font
misc-fixed 7x14 of X.Org (public domain; Debian has it in xfonts-base):

    python3 scripts/letters.py /usr/share/fonts/X11/misc/7x14.pcf.gz

Each letter is 14 bytes, one a row, its leftmost dot the bit 0x40; a letter that the font
lacks is zeros.
"""
import gzip
import struct
import sys

RANGES = [(0x20, 0x7F), (0xA0, 0x180), (0x370, 0x400), (0x400, 0x460)]
HEIGHT = 14


def main(path):
    font = gzip.open(path).read()
    tables = {}
    for at in range(8, 8 + 16 * struct.unpack_from("<I", font, 4)[0], 16):
        kind, form, _, start = struct.unpack_from("<IIII", font, at)
        tables[kind] = (form, start)

    def table(kind):
        form, start = tables[kind]
        return form, ">" if form & 4 else "<", start + 4

    form, order, at = table(4)  # metrics
    assert form & 0x100, "compressed metrics"
    count = struct.unpack_from(order + "H", font, at)[0]
    metrics = [
        [byte - 0x80 for byte in font[at + 2 + 5 * i : at + 7 + 5 * i]] for i in range(count)
    ]
    form, order, at = table(8)  # bitmaps
    count = struct.unpack_from(order + "I", font, at)[0]
    offsets = struct.unpack_from(f"{order}{count}I", font, at + 4)
    bits = at + 4 + 4 * count + 16
    pad = 1 << (form & 3)
    lsb_first = not form & 8
    _, order, at = table(2)  # metrics of the whole font
    form, order, at = table(32)  # encodings
    low, high, first, last, _ = struct.unpack_from(order + "5H", font, at)

    def glyph(code):
        row, column = code >> 8, code & 0xFF
        if not (first <= row <= last and low <= column <= high):
            return None
        place = (row - first) * (high - low + 1) + column - low
        index = struct.unpack_from(order + "H", font, at + 10 + 2 * place)[0]
        return None if index == 0xFFFF else index

    ascent = max(metric[3] for metric in metrics)
    out = bytearray()
    for start, end in RANGES:
        for code in range(start, end):
            rows = [0] * HEIGHT
            index = glyph(code)
            if index is not None:
                left, right, _, up, down = metrics[index]
                wide = right - left
                stride = (wide + 8 * pad - 1) // (8 * pad) * pad
                for y in range(up + down):
                    for x in range(wide):
                        byte = font[bits + offsets[index] + y * stride + x // 8]
                        bit = byte >> (x % 8 if lsb_first else 7 - x % 8) & 1
                        top = 11 - up + y
                        if bit and 0 <= top < HEIGHT and 0 <= left + x < 7:
                            rows[top] |= 0x40 >> (left + x)
            out += bytes(rows)
    open("src/commands/map/letters.bin", "wb").write(out)
    print(len(out), "bytes; ascent", ascent)


main(sys.argv[1])
