#!/usr/bin/env python3
"""Damages the embedding table of a GGUF in many ways, runs `embcli check` on
each copy, and prints what it tells.

    python3 scripts/check_damage.py MODEL.gguf
    python3 scripts/check_damage.py MODEL.gguf --script Cyrillic
    python3 scripts/check_damage.py MODEL.gguf --only clean,shift,swaps

Needs numpy and gguf, both from PyPI. A copy holds the vocabulary and the table,
nothing else. --script keeps the tokens whose first letter is of a script, by
its Unicode name. --offset adds a constant vector to every row, so that the mean
cosine of two rows is what is asked for. --other is a file whose vocabulary is
put in the place of this one's.

In the table, "told" is the verdict with the codes of its findings, "located" how
many of the damaged stretches were told with both ends within 10 IDs and with
the right place, "IDs" how many IDs were told, and how many of those and of the
damaged ones are right.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import unicodedata
from pathlib import Path

import numpy as np
from gguf import GGMLQuantizationType as Type
from gguf import GGUFReader, GGUFWriter
from gguf.quants import dequantize, quantize

ROOT = Path(__file__).resolve().parent.parent
WITHIN = 10
COPIED = (
    "tokenizer.ggml.model",
    "tokenizer.ggml.pre",
    "tokenizer.ggml.merges",
    "tokenizer.ggml.scores",
)


# ---- tables

class Table:
    """Rows as they are stored, and the tokens they belong to."""

    def __init__(self, rows, kind, tokens, types, fields):
        self.rows, self.kind = rows, kind
        self.tokens, self.types, self.fields = tokens, types, fields

    @classmethod
    def read(cls, path):
        reader = GGUFReader(path)
        tensor = next(it for it in reader.tensors if it.name == "token_embd.weight")
        tokens = reader.fields["tokenizer.ggml.tokens"]
        tokens = [bytes(tokens.parts[i]) for i in tokens.data]
        types = reader.fields.get("tokenizer.ggml.token_type")
        types = types.contents() if types else [1] * len(tokens)
        fields = {key: reader.fields[key] for key in COPIED if key in reader.fields}
        rows = np.array(tensor.data).view(np.uint8).reshape(len(tokens), -1)
        return cls(rows, tensor.tensor_type, tokens, types, fields)

    def __len__(self):
        return len(self.tokens)

    def values(self, ids=slice(None)):
        """The rows as numbers."""
        rows = np.ascontiguousarray(self.rows[ids])
        if self.kind in (Type.F32, Type.F16):
            return rows.view(np.float32 if self.kind == Type.F32 else np.float16).astype(np.float32)
        return dequantize(rows, self.kind)

    def with_values(self, values, kind=None):
        return self.with_rows(stored(values, kind or self.kind), kind or self.kind)

    def with_rows(self, rows, kind=None):
        return Table(rows, kind or self.kind, self.tokens, self.types, self.fields)

    def set(self, ids, values):
        """A copy with some rows of other values."""
        rows = self.rows.copy()
        rows[ids] = stored(values, self.kind)
        return self.with_rows(rows)

    def moved(self, order):
        """A copy whose row i is this one's row order[i]."""
        return self.with_rows(self.rows[order])

    def subset(self, ids):
        # Merges and scores are about the whole vocabulary.
        fields = {key: it for key, it in self.fields.items() if not key.endswith(("merges", "scores"))}
        tokens, types = [self.tokens[i] for i in ids], [self.types[i] for i in ids]
        return Table(self.rows[ids], self.kind, tokens, types, fields)

    def text(self, i):
        """A token's text, as far as is needed to choose words: no space before it."""
        text = self.tokens[i].decode("utf-8", "replace")
        if self.fields["tokenizer.ggml.model"].contents() == "gpt2":
            text = bytes(BYTES.get(c, 0) for c in text).decode("utf-8", "replace")
        return text.removeprefix("##").lstrip(" ▁")

    def words(self):
        """IDs of tokens that are ordinary words of two letters or more."""
        is_word = [
            kind == 1 and len(text) > 1 and text.isalpha()
            for kind, text in ((self.types[i], self.text(i)) for i in range(len(self)))
        ]
        return np.flatnonzero(is_word)

    def write(self, path):
        writer = GGUFWriter(path, "llama")
        width = self.values(slice(0, 1)).shape[1]
        writer.add_embedding_length(width)
        for key, field in self.fields.items():
            of = field.types[1] if len(field.types) > 1 else None
            writer.add_key_value(key, field.contents(), field.types[0], of)
        writer.add_token_list(self.tokens)
        writer.add_token_types(self.types)
        rows = np.ascontiguousarray(self.rows)
        if self.kind in (Type.F32, Type.F16):
            rows = rows.view(np.float32 if self.kind == Type.F32 else np.float16)
            writer.add_tensor("token_embd.weight", rows)
        else:
            writer.add_tensor("token_embd.weight", rows, raw_dtype=self.kind)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()


def byte_letters():
    """The letters that stand for bytes in a vocabulary of GPT-2's kind."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return {chr(byte): byte for byte in plain} | {chr(256 + i): byte for i, byte in enumerate(others)}


BYTES = byte_letters()


# ---- types

def stored(values, kind):
    values = np.ascontiguousarray(values, np.float32)
    if kind in (Type.Q4_K, Type.Q2_K):
        blocks = values.reshape(-1, 256)
        rows = (q4_k if kind == Type.Q4_K else q2_k)(blocks)
        return rows.reshape(len(values), -1)
    return quantize(values, kind).view(np.uint8).reshape(len(values), -1)


def halves(x):
    return x.astype(np.float16).reshape(-1, 1).view(np.uint8)


def steps(blocks, parts, levels, scales):
    """Of each part: its scale and its least value in steps of the block's own,
    and every value in steps of the two. As plain as can be: from least to most."""
    x = blocks.reshape(len(blocks), parts, -1)
    least = np.minimum(x.min(axis=2), 0)
    scale = (x.max(axis=2) - least) / levels
    d, d_min = scale.max(axis=1) / scales, -least.min(axis=1) / scales
    d, d_min = (np.float32(np.float16(it)) for it in (d, d_min))
    over = lambda a, b: np.divide(a, b, out=np.zeros_like(a), where=b > 0)
    s = np.clip(np.rint(over(scale, d[:, None] + 0 * scale)), 0, scales)
    m = np.clip(np.rint(over(-least, d_min[:, None] + 0 * scale)), 0, scales)
    step = (d[:, None] * s)[:, :, None] + 0 * x
    q = np.clip(np.rint(over(x + (d_min[:, None] * m)[:, :, None], step)), 0, levels)
    return d, d_min, s.astype(np.uint8), m.astype(np.uint8), q.astype(np.uint8)


def q4_k(blocks):
    d, d_min, s, m, q = steps(blocks, 8, 15, 63)
    high = lambda x: (x >> 4) << 6
    packed = np.concatenate(
        [s[:, :4] | high(s[:, 4:]), m[:, :4] | high(m[:, 4:]), (s[:, 4:] & 15) | (m[:, 4:] << 4)], axis=1)
    q = q.reshape(-1, 4, 2, 32)
    q = (q[:, :, 0] | (q[:, :, 1] << 4)).reshape(-1, 128)
    return np.concatenate([halves(d), halves(d_min), packed, q], axis=1)


def q2_k(blocks):
    d, d_min, s, m, q = steps(blocks, 16, 3, 15)
    q = q.reshape(-1, 2, 4, 32)
    q = sum(q[:, :, i] << (2 * i) for i in range(4)).astype(np.uint8).reshape(-1, 64)
    return np.concatenate([s | (m << 4), q, halves(d), halves(d_min)], axis=1)


# ---- damages

def statistics(table):
    some = np.linspace(0, len(table) - 1, min(len(table), 20_000)).astype(int)
    values = table.values(some)
    return values.mean(axis=0), values.std(axis=0)


class Bench:
    def __init__(self, table, other):
        self.table, self.other = table, other
        self.words = table.words()
        self.mean, self.sd = statistics(table)
        self.n = len(table)

    def random(self, seed):
        return np.random.default_rng(seed)

    def redrawn(self, ids, seed=1):
        draws = self.random(seed).normal(size=(len(ids), len(self.mean)))
        return self.table.set(ids, self.mean + self.sd * draws)

    def place(self, share, length):
        """Where a run of so many words begins that lie side by side, from a share on."""
        is_word = np.zeros(self.n + 1, int)
        is_word[1:][self.words] = 1
        is_word = np.cumsum(is_word)
        start = np.arange(self.n - length)
        most = is_word[start + length] - is_word[start]
        good = np.flatnonzero(most >= 0.95 * length if most.max() >= 0.95 * length else most == most.max())
        return int(good[np.argmin(abs(good - share * self.n))])

    def permuted(self, first, last, seed=3):
        order = np.arange(self.n)
        order[first:last + 1] = self.random(seed).permutation(order[first:last + 1])
        return self.table.moved(order)

    def pairs(self, ids, count, seed):
        count = min(count, len(ids) // 2)
        return self.random(seed).permutation(ids)[:2 * count].reshape(-1, 2)

    def swapped(self, pairs):
        order = np.arange(self.n)
        order[pairs[:, 0]], order[pairs[:, 1]] = pairs[:, 1], pairs[:, 0]
        return self.table.moved(order)

    def noisy(self, share):
        values = self.table.values()
        size = np.linalg.norm(values - self.mean, axis=1, keepdims=True) / np.sqrt(len(self.mean))
        values += share * size * self.random(5).normal(size=values.shape).astype(np.float32)
        return self.table.with_values(values, Type.F16)

    def as_type(self, kind, columns=None):
        return self.table.with_values(self.table.values()[:, :columns], kind)


def damages(bench):
    """The damages: name, what makes the table, and what is to be told."""
    n, table, words = bench.n, bench.table, bench.words
    third, ids = n // 3, np.arange(n)
    shifted = lambda by, first=0, last=n - 1: np.where((ids >= first) & (ids <= last), np.clip(ids + by, 0, n - 1), ids)

    yield "clean", lambda: table, "nothing"
    for kind in (Type.F16, Type.Q8_0, Type.Q5_0, Type.Q4_0):
        yield f"clean as {kind.name}", lambda kind=kind: bench.as_type(kind), "nothing"
    width = len(bench.mean)
    columns = None if width % 256 == 0 else width // 256 * 256
    for kind in (Type.Q4_K, Type.Q2_K):
        of = f", {columns} columns" if columns else ""
        yield f"clean as {kind.name}{of}", lambda kind=kind: bench.as_type(kind, columns), "nothing"
    for share in (0.25, 0.5):
        yield f"clean with {share} noise", lambda share=share: bench.noisy(share), "nothing"
    for i in range(5):
        rows = np.arange(i * (n - third) // 4, i * (n - third) // 4 + third)
        yield f"clean rows {rows[0]} to {rows[-1]}", lambda rows=rows: table.subset(rows), "nothing"
        rows = np.sort(bench.random(50 + i).permutation(n)[:n // (2 + i)])
        yield f"clean 1/{2 + i} at random", lambda rows=rows: table.subset(rows), "nothing"

    everything = [(0, n - 1, None)]
    yield "permuted", lambda: bench.permuted(0, n - 1), everything
    yield "reversed", lambda: table.moved(ids[::-1]), [(0, n - 1, "reversed")]
    if bench.other:
        size = min(n, len(bench.other))
        def foreign():
            part = table.subset(ids[:size])
            return Table(part.rows, part.kind, bench.other.tokens[:size], bench.other.types[:size],
                         {k: it for k, it in bench.other.fields.items() if k in ("tokenizer.ggml.model", "tokenizer.ggml.pre")})
        yield "another vocabulary", foreign, [(0, size - 1, None)]
    def noise():
        values = 0.3 + bench.random(6).normal(size=(n, width)).astype(np.float32)
        return table.with_values(values, Type.F16)
    yield "noise alone", noise, "unknown"
    yield "rolled by 3", lambda: table.moved((ids + 3) % n), [(0, n - 1, -3)]
    yield "shift by one from a third", lambda: table.moved(shifted(-1, third)), [(third, n - 1, 1)]
    yield "even and odd exchanged", lambda: table.moved(np.minimum(ids ^ 1, n - 1)), [(0, n - 1, "exchanged")]
    a, b = bench.place(0.3, 64), bench.place(0.7, 64)
    blocks = ids.copy()
    blocks[a:a + 64], blocks[b:b + 64] = ids[b:b + 64], ids[a:a + 64]
    yield "blocks of 64 swapped", lambda: table.moved(blocks), [(a, a + 63, b - a), (b, b + 63, a - b)]
    p = bench.place(0.6, 100)
    yield "band of 100 permuted", lambda: bench.permuted(p, p + 99), [(p, p + 99, None)]
    s = bench.place(0.55, 200)
    yield "200 shifted by one", lambda: table.moved(shifted(-1, s, s + 199)), [(s, s + 199, 1)]
    for length in (20, 5):
        r = bench.place(0.4, length)
        run = np.arange(r, r + length)
        yield f"{length} re-initialised in a row", lambda run=run: bench.redrawn(run), [(r, r + length - 1, None)]
        order = ids.copy()
        order[run] = np.roll(run, 1)
        yield f"{length} rolled by one", lambda order=order: table.moved(order), [(r, r + length - 1, ...)]

    pairs = bench.pairs(words, 100, 11)
    yield "100 random pairs swapped", lambda: bench.swapped(pairs), (("order.swapped", "order.more"), pairs.ravel())
    by_word = {}
    for i in words:
        by_word.setdefault(table.text(i).lower(), []).append(i)
    related = np.array([of[0] for word, of in by_word.items() if len(of) > 2 and len(word) > 2], int)
    if len(related) > 20:
        kin = bench.pairs(related, 60, 12)
        yield f"{len(kin)} pairs with relatives swapped", lambda: bench.swapped(kin), (("order.swapped", "order.more"), kin.ravel())
    last = words[-min(3000, n // 3):]
    yield f"last {len(last)} words the mean row", lambda: table.set(last, np.tile(bench.mean, (len(last), 1))), (("rows.mean",), last)
    copied = bench.pairs(words, 500, 14)
    order = ids.copy()
    order[copied[:, 0]] = copied[:, 1]
    yield f"{len(copied)} words with copies", lambda order=order: table.moved(order), (("rows.copied",), copied[:, 0])
    drawn = np.sort(bench.random(13).permutation(words)[:500])
    yield f"{len(drawn)} scattered re-initialised", lambda: bench.redrawn(drawn, 2), (("rows.drawn",), drawn)


# ---- what is told

def judge(report, expected, n):
    codes = sorted({it["code"] for it in report["findings"]})
    told = report["verdict"] + "".join(f", {code}" for code in codes)
    if isinstance(expected, str):
        good = report["verdict"] == {"nothing": "ok"}.get(expected, expected)
        return told, "", "", good
    if isinstance(expected, tuple):
        codes, ids = expected
        found = set()
        for it in report["findings"]:
            if it["code"] in codes:
                found |= set(it["ids"])
        right = len(found & set(map(int, ids)))
        return told, "", f"{len(found)} told, {right} right, of {len(ids)}", right >= 0.9 * max(len(found), 1)
    places = [it for it in report["findings"] if it.get("from_id") is not None]
    hits = 0
    for first, last, where in expected:
        for it in places:
            near = abs(it["from_id"] - first) <= WITHIN and abs(it["to_id"] - last) <= WITHIN
            offset, named = it.get("offset"), it["evidence"].get("rows")
            right = where is ... or where in (offset, named) and (where is not None or named == "nowhere")
            if near and right:
                hits += 1
                break
    parts = "; ".join(
        f"{it['from_id']} to {it['to_id']}: {it['evidence'].get('rows') if it.get('offset') is None else format(it['offset'], '+')}"
        for it in places[:4])
    return told, f"{hits} of {len(expected)}", f"{parts}{'; ...' if len(places) > 4 else ''}", hits == len(expected)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("model")
    parser.add_argument("--embcli", default=ROOT / "target/release/embcli")
    parser.add_argument("--script", help="only tokens of a script: Cyrillic, CJK, Hangul, Arabic, ...")
    parser.add_argument("--sample", type=int, help="only so many of the tokens, at random")
    parser.add_argument("--offset", type=float, help="add a constant vector: the mean cosine to reach")
    parser.add_argument("--other", help="a file with another vocabulary")
    parser.add_argument("--only", help="only damages whose names begin with these, by commas")
    parser.add_argument("--keep", help="keep the copies in this directory")
    args = parser.parse_args()

    table = Table.read(args.model)
    if args.script:
        def is_of(i):
            text = table.text(i)
            return table.types[i] == 1 and unicodedata.name(text[:1] or " ", "").startswith(args.script.upper())
        table = table.subset(np.flatnonzero([is_of(i) for i in range(len(table))]))
    if args.sample:
        table = table.subset(np.sort(np.random.default_rng(9).permutation(len(table))[:args.sample]))
    if args.offset:
        values = table.values()
        centred = values - values.mean(axis=0)
        size = np.sqrt((centred ** 2).sum(axis=1).mean() * args.offset / (1 - args.offset))
        away = np.random.default_rng(8).normal(size=values.shape[1])
        table = table.with_values(centred + away / np.linalg.norm(away) * size, Type.F16)
    other = Table.read(args.other) if args.other else None
    bench = Bench(table, other)
    print(f"{Path(args.model).name}{' ' + args.script if args.script else ''}: "
          f"{len(table)} x {len(bench.mean)} {table.kind.name}, {len(bench.words)} words\n")
    print("| damage | told | located | what | | s |\n|---|---|--:|---|---|--:|")
    bad = 0
    with tempfile.TemporaryDirectory(dir=args.keep) as folder:
        for name, make, expected in damages(bench):
            if args.only and not name.startswith(tuple(args.only.split(","))):
                continue
            path = Path(args.keep or folder) / (name.replace(" ", "-").replace("/", "-") + ".gguf")
            make().write(path)
            start = time.monotonic()
            # The vocabulary of a subset only names rows: merges, letters and bytes are missing.
            command = [args.embcli, "check", path, "--format", "json"]
            command += [f"--allow=vocab.{code}" for code in ("merge", "alphabet", "bytes")]
            run = subprocess.run(command,
                                 capture_output=True, text=True)
            seconds = time.monotonic() - start
            if not args.keep:
                os.remove(path)
            if run.returncode not in (0, 1):
                sys.exit(run.stderr)
            *columns, good = judge(json.loads(run.stdout), expected, len(table))
            bad += not good
            print(f"| {name} | " + " | ".join(columns) + f" | {'' if good else 'no'} | {seconds:.1f} |", flush=True)
    print(f"\n{bad} not as they should be")


main()
