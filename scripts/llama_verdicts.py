#!/usr/bin/env python3
"""Makes small damaged GGUF files, loads each with llama.cpp itself, and prints
its verdict beside that of `embcli check`.

    npm pack @node-llama-cpp/linux-x64@3.22.1
    tar xzf node-llama-cpp-linux-x64-3.22.1.tgz
    python3 scripts/llama_verdicts.py package/bins/linux-x64
    python3 scripts/llama_verdicts.py package/bins/linux-x64 --only merge --keep files

Needs Python's standard library, and a folder with a built libllama and libggml
for x86-64: that npm package has one. Each file is loaded in a process of its
own, because llama.cpp ends the process at some of them. A file that loads is
also given a text, and the pieces are printed if they are not those of the
undamaged file. `--markdown` prints the table of docs/check.md.

The models are whole: one layer, rows of 32 values, and as few tokens as the
fault needs.
"""

import argparse
import ctypes
import json
import os
import random
import signal
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WIDTH = 32
HEADS = 2
INNER = 64

# ---- a GGUF writer that writes faults too

F32, F16, Q8_0, Q2_0 = 0, 1, 8, 42
U8, U16, U32, I32, REAL, BOOL, TEXT, ARRAY = 0, 2, 4, 5, 6, 7, 8, 9


def text(value):
    data = value if isinstance(value, bytes) else value.encode()
    return struct.pack("<Q", len(data)) + data


def scalar(kind, value):
    if kind == TEXT:
        return text(value)
    return struct.pack("<" + {U8: "B", U16: "H", U32: "I", I32: "i", REAL: "f", BOOL: "?"}[kind], value)


def entry(key, value):
    """A key with its value: (type, value), or a value whose type is plain."""
    if not isinstance(value, tuple):
        sample = value[0] if isinstance(value, list) else value
        kind = {bool: BOOL, int: U32, float: REAL, str: TEXT}[type(sample)]
        value = (I32 if isinstance(value, list) and kind == U32 else kind, value)
    kind, value = value
    if isinstance(value, list):
        items = b"".join(scalar(kind, item) for item in value)
        return text(key) + struct.pack("<IIQ", ARRAY, kind, len(value)) + items
    return text(key) + struct.pack("<I", kind) + scalar(kind, value)


class File:
    """Metadata and tensors. A tensor is [name, dimensions, type, bytes, place]."""

    def __init__(self, keys, tensors, alignment=32, version=3):
        self.keys, self.tensors = dict(keys), [list(it) for it in tensors]
        self.alignment, self.version, self.twice = alignment, version, []

    def build(self):
        keys = list(self.keys.items()) + self.twice
        head = b"GGUF" + struct.pack("<IQQ", self.version, len(self.tensors), len(keys))
        head += b"".join(entry(*it) for it in keys)
        data = b""
        for name, dims, kind, stored, *place in self.tensors:
            at = place[0] if place else len(data)
            head += text(name) + struct.pack("<I", len(dims))
            head += struct.pack(f"<{len(dims)}QIQ", *dims, kind, at)
            data = data.ljust(at + len(stored), b"\0")
            data = data[:at] + stored + data[at + len(stored):]
            data += bytes(-len(data) % self.alignment)
        return head + bytes(-len(head) % self.alignment) + data

    def tensor(self, name):
        return next(it for it in self.tensors if it[0] == name)


def reals(n):
    chance = random.Random(n)
    return struct.pack(f"<{n}f", *(chance.gauss(0, 0.1) for _ in range(n)))


def matrix(name, columns, rows):
    return [name, [columns, rows], F32, reals(columns * rows)]


def vector(name, n=WIDTH):
    return [name, [n], F32, reals(n)]


# ---- undamaged models

SPACE = "\u2581"
BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
PIECES = list("helowrd") + ["he", "ll", "llo", "hello", SPACE, SPACE + "hello", SPACE + "w", "or",
                            "ld", "orld", SPACE + "world"]


def letters():
    """GPT-2's letters for the 256 bytes, by byte."""
    own = [*range(33, 127), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in own]
    points = {byte: byte for byte in own} | {byte: 0x100 + i for i, byte in enumerate(others)}
    return [chr(points[byte]) for byte in range(256)]


MERGES = ["h e", "l l", "he ll", "hell o", "Ġ w", "o r", "l d", "Ġw or", "Ġwor ld", "Ġ hello"]


def layers(n_tokens):
    head = WIDTH // HEADS
    return [
        matrix("token_embd.weight", WIDTH, n_tokens),
        vector("output_norm.weight"),
        vector("blk.0.attn_norm.weight"),
        matrix("blk.0.attn_q.weight", WIDTH, HEADS * head),
        matrix("blk.0.attn_k.weight", WIDTH, HEADS * head),
        matrix("blk.0.attn_v.weight", WIDTH, HEADS * head),
        matrix("blk.0.attn_output.weight", WIDTH, WIDTH),
        vector("blk.0.ffn_norm.weight"),
        matrix("blk.0.ffn_gate.weight", WIDTH, INNER),
        matrix("blk.0.ffn_up.weight", WIDTH, INNER),
        matrix("blk.0.ffn_down.weight", INNER, WIDTH),
    ]


def sizes(architecture):
    values = {"context_length": 64, "embedding_length": WIDTH, "block_count": 1,
              "feed_forward_length": INNER, "attention.head_count": HEADS}
    return {"general.architecture": architecture} | {
        f"{architecture}.{key}": value for key, value in values.items()}


def vocabulary(model, tokens, types=None, **more):
    keys = {"tokenizer.ggml.model": model, "tokenizer.ggml.tokens": list(tokens)}
    if types:
        keys["tokenizer.ggml.token_type"] = list(types)
    return keys | {f"tokenizer.ggml.{key}": value for key, value in more.items()}


def llama(tokens=None, types=None, n_rows=None, **more):
    """A model of llama's architecture with a SentencePiece vocabulary."""
    if tokens is None:
        tokens = ["<unk>", "<s>", "</s>"] + BYTES + PIECES
        types = types or [2, 3, 3] + [6] * 256 + [1] * len(PIECES)
    first = len(tokens) - len(PIECES)
    more = {"scores": [0.0 if i < first else float(i - first) - 1000 for i in range(len(tokens))],
            "bos_token_id": 1, "eos_token_id": 2} | more
    more = {key: value for key, value in more.items() if value is not None}
    keys = sizes("llama") | {"llama.attention.layer_norm_rms_epsilon": 1e-5}
    return File(keys | vocabulary("llama", tokens, types, **more), layers(n_rows or len(tokens)))


def gpt2(words=(), merges=MERGES, drop=(), **more):
    """A model of llama's architecture with a byte-level vocabulary."""
    tokens = [it for it in letters() if it not in drop]
    tokens += [merge.replace(" ", "") for merge in MERGES] + list(words) + ["<|endoftext|>"]
    end = len(tokens) - 1
    more = {"model": "gpt2", "pre": "gpt-2", "bos_token_id": end, "eos_token_id": end} | more
    more = {key: value for key, value in more.items() if value is not None}
    types = [1] * end + [3]
    keys = sizes("llama") | {"llama.attention.layer_norm_rms_epsilon": 1e-5}
    keys |= vocabulary(more.pop("model"), tokens, types, **more)
    if merges:
        keys["tokenizer.ggml.merges"] = list(merges)
    return File(keys, layers(len(tokens)))


def bert(tokens):
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + tokens
    keys = sizes("bert") | {"bert.attention.layer_norm_epsilon": 1e-12, "bert.attention.causal": False,
                            "bert.pooling_type": 2, "tokenizer.ggml.token_type_count": 2}
    keys |= vocabulary("bert", tokens, [3] * 5 + [1] * (len(tokens) - 5), unknown_token_id=1,
                       bos_token_id=2, cls_token_id=2, seperator_token_id=3, padding_token_id=0,
                       mask_token_id=4)
    both = lambda name, *of: [matrix(name + ".weight", *of), vector(name + ".bias", of[1])]
    norm = lambda name: [vector(name + ".weight"), vector(name + ".bias")]
    return File(keys, [
        matrix("token_embd.weight", WIDTH, len(tokens)), matrix("token_types.weight", WIDTH, 2),
        matrix("position_embd.weight", WIDTH, 64), *norm("token_embd_norm"),
        *both("blk.0.attn_q", WIDTH, WIDTH), *both("blk.0.attn_k", WIDTH, WIDTH),
        *both("blk.0.attn_v", WIDTH, WIDTH), *both("blk.0.attn_output", WIDTH, WIDTH),
        *norm("blk.0.attn_output_norm"), *both("blk.0.ffn_up", WIDTH, INNER),
        *both("blk.0.ffn_down", INNER, WIDTH), *norm("blk.0.layer_output_norm")])


# ---- damaged ones

def with_keys(file, **keys):
    file.keys |= {key.replace("__", "."): value for key, value in keys.items()}
    return file


def typed(kinds):
    """llama's types with some of them changed, by ID."""
    types = [2, 3, 3] + [6] * 256 + [1] * len(PIECES)
    for at, kind in kinds.items():
        types[at] = kind
    return types


def with_words(words, kind=1, **more):
    tokens = ["<unk>", "<s>", "</s>"] + BYTES + words + PIECES
    return llama(tokens, [2, 3, 3] + [6] * 256 + [kind] * len(words) + [1] * len(PIECES), **more)


def few_bytes():
    tokens = ["<unk>", "<s>", "</s>"] + BYTES[:64] + [f"{SPACE}w{i}" for i in range(300)] + PIECES
    return llama(tokens, [2, 3, 3] + [6] * 64 + [1] * (300 + len(PIECES)))


def moved(name, by):
    """A tensor written that many bytes from where the one before it ends."""
    file = llama()
    at = 0
    for tensor in file.tensors:
        if tensor[0] == name:
            tensor.append(at + by)
            return file
        at += len(tensor[3]) + -len(tensor[3]) % 32
    raise KeyError(name)


def with_type(kind, stored):
    """A layer's matrix of another type."""
    file = llama()
    file.tensor("blk.0.ffn_down.weight")[2:] = [kind, stored]
    return file


def forks_q2_0():
    """Two-bit blocks of 128 values in 34 bytes, under ggml's number for 64 in 18."""
    file = llama()
    file.keys["llama.feed_forward_length"] = 1024
    for name, dims in [("gate", [WIDTH, 1024]), ("up", [WIDTH, 1024]), ("down", [1024, WIDTH])]:
        tensor = file.tensor(f"blk.0.ffn_{name}.weight")
        tensor[1], tensor[3] = dims, reals(dims[0] * dims[1])
    file.tensor("blk.0.ffn_down.weight")[2:] = [Q2_0, bytes(1024 * WIDTH // 128 * 34)]
    file.tensors.append(vector("rope_freqs.weight", WIDTH // HEADS // 2))
    return file


def shape(columns, rows):
    file = llama()
    file.tensor("token_embd.weight")[1:] = [[columns, rows], F32, reals(columns * rows)]
    return file


def part(no, count=2):
    file = llama()
    half = len(file.tensors) // 2
    keys = file.keys if no == 0 else {}
    keys = keys | {"split.no": (U16, no), "split.count": (U16, count),
                   "split.tensors.count": (I32, len(file.tensors))}
    return File(keys, file.tensors[:half] if no == 0 else file.tensors[half:])


def left_over():
    file = llama()
    return with_keys(file, split__no=(U16, 0), split__count=(U16, 2),
                     split__tensors__count=(I32, len(file.tensors)))


def twice(tensor=False):
    file = llama()
    if tensor:
        file.tensors.append(list(file.tensors[1]))
    else:
        file.twice = [("llama.context_length", 64)]
    return file


def big_endian(file):
    data = file.build()
    return data[:4] + data[4:8][::-1] + data[8:]


def whole(file=None):
    return (file or llama()).build()


N = 3 + 256 + len(PIECES)
WORDS = "hello world"

# Name, bytes of the file, and a text that shows what is wrong.
CASES = [
    ("no fault, `llama`", lambda: llama(), WORDS),
    ("no fault, `gpt2`", lambda: gpt2(), WORDS),
    ("no fault, `bert`", lambda: bert([SPACE + "hello", SPACE + "world", "s"]), "hello worlds"),
    # the vocabulary
    ("two tokens of one text", lambda: with_words([SPACE + "a", SPACE + "b", SPACE + "a"]), WORDS),
    ("fewer types than tokens", lambda: llama(types=[1] * 9), WORDS),
    ("more types than tokens", lambda: llama(types=typed({}) + [1]), WORDS),
    ("types that are no whole numbers", lambda: with_keys(llama(), **{
        "tokenizer__ggml__token_type": [1.0] * N}), WORDS),
    ("fewer scores than tokens", lambda: llama(scores=[0.0] * 9), WORDS),
    ("a type that does not exist", lambda: llama(types=typed({N - 1: 7})), WORDS),
    ("a byte token of the type of text", lambda: llama(types=typed({3 + 10: 1})), "hello\nworld"),
    ("a word of the type of a byte", lambda: llama(types=typed({N - 1: 6})), WORDS),
    ("a letter of the type of a byte", lambda: llama(types=typed({3 + 256: 6})), "h"),
    ("64 of 256 byte tokens", few_bytes, "\u00e9"),
    ("a byte-level alphabet with a hole", lambda: gpt2(drop="\u00a3"), "1\u00a3"),
    ("byte-level tokens, named `llama`", lambda: gpt2(model="llama", pre=None), WORDS),
    ("log probabilities, named `llama`", lambda: llama(
        scores=[0.0] * 259 + [-8.5 - 0.37 * (i % 7) for i in range(len(PIECES))]), WORDS),
    ("SentencePiece tokens, named `gpt2`", lambda: with_keys(llama(), **{
        "tokenizer__ggml__model": "gpt2", "tokenizer__ggml__pre": "gpt-2",
        "tokenizer__ggml__merges": ["h e", "l l"]}), WORDS),
    ("WordPiece in its own spelling, ##", lambda: bert(["hello", "world", "##s"]), "hello worlds"),
    ("no pre-tokenizer", lambda: gpt2(pre=None), WORDS),
    ("a pre-tokenizer of another name", lambda: gpt2(pre="mine"), WORDS),
    ("no merges", lambda: gpt2(merges=None), WORDS),
    ("a merge that makes no token", lambda: gpt2(merges=[*MERGES, "r d"]), "world rd"),
    ("a merge without a space", lambda: gpt2(merges=[*MERGES, "rd"]), WORDS),
    ("a token that no merge makes", lambda: gpt2(words=["rd"]), "rd"),
    ("chat markers of the type of text", lambda: with_words(["<|im_start|>", "<start_of_turn>"]),
     "<|im_start|>"),
    ("an end of text that is a word", lambda: llama(eos_token_id=N - 1), WORDS),
    ("an end of text beyond the tokens", lambda: llama(eos_token_id=N + 7), WORDS),
    ("a template with a marker that is no token", lambda: with_keys(
        with_words(["<|user|>"], 3), **{"tokenizer__chat_template": "<|user|>{{x}}<|end_of_user|>"}),
     "<|end_of_user|>"),
    ("a BOS of tokenizer and template both", lambda: with_keys(llama(add_bos_token=True), **{
        "tokenizer__chat_template": "{{ bos_token }}{{ messages[0].content }}"}), WORDS),
    # the table
    ("no table", lambda: File(llama().keys, llama().tensors[1:]), WORDS),
    ("fewer rows than tokens", lambda: llama(n_rows=N - 1), WORDS),
    ("more rows than tokens", lambda: llama(n_rows=N + 10), WORDS),
    ("rows of another width than said", lambda: shape(64, N), WORDS),
    ("a table written the other way round", lambda: shape(N, WIDTH), WORDS),
    # the file
    ("cut off after the table", lambda: whole()[:-1000], WORDS),
    ("cut off in the header", lambda: whole()[:2000], WORDS),
    ("a tensor over the end of the table", lambda: moved("output_norm.weight", -160), WORDS),
    ("a gap between two tensors", lambda: moved("blk.0.ffn_up.weight", 128), WORDS),
    ("a tensor that is not aligned", lambda: moved("blk.0.ffn_down.weight", 4), WORDS),
    ("bytes after the last tensor", lambda: whole() + b"x" * 100, WORDS),
    ("two parts joined with `cat`", lambda: part(0).build() + part(1).build(), WORDS),
    ("a part under another name", lambda: part(0), WORDS),
    ("a whole file that says it is a part", left_over, WORDS),
    ("a type of ik_llama.cpp (139)", lambda: with_type(139, bytes(1152)), WORDS),
    ("BitNet's I2_S (36)", lambda: with_type(36, bytes(544)), WORDS),
    ("a fork's type 42", forks_q2_0, WORDS),
    ("two tensors of one name", lambda: twice(tensor=True), WORDS),
    ("a key that is there twice", twice, WORDS),
    ("a tensor's name of 64 bytes", lambda: File(llama().keys, [
        *llama().tensors, vector("x" * 64)]), WORDS),
    ("an alignment of 24", lambda: File(llama().keys | {"general.alignment": 24}, llama().tensors,
                                        alignment=24), WORDS),
    ("an architecture of another name", lambda: with_keys(llama(), general__architecture="mine"),
     WORDS),
    ("a file type that says F32, tensors of F16", lambda: with_keys(with_type(
        F16, bytes(2 * INNER * WIDTH)), general__file_type=0), WORDS),
    ("big-endian", lambda: big_endian(llama()), WORDS),
    ("version 1", lambda: File(llama().keys, llama().tensors, version=1), WORDS),
    ("the second piece of a file", lambda: whole()[9000:], WORDS),
    ("zeros", lambda: bytes(4096), WORDS),
    ("a web page", lambda: b"\n <!DOCTYPE html><p>Log in", WORDS),
]

# ---- llama.cpp, in a process of its own


class Params(ctypes.Structure):
    """llama.cpp's parameters of a model, which only llama.cpp looks into. They are
    shorter than this; as they are passed in memory, what follows does not matter."""

    _fields_ = [("bytes", ctypes.c_char * 512)]


def library(folder, name):
    found = sorted(folder.glob(f"lib{name}.*so*")) or sorted(folder.glob(f"lib{name}.so*"))
    if not found:
        raise SystemExit(f"no lib{name} in {folder}")
    return ctypes.CDLL(str(found[0]), mode=ctypes.RTLD_GLOBAL)


def load(folder, path, words):
    """Loads a file and prints what llama.cpp logs, and the pieces of a text."""
    library(folder, "ggml-base")
    ggml, lib = library(folder, "ggml"), library(folder, "llama")
    say = lambda kind, value: print(json.dumps([kind, value]), flush=True)

    @ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)
    def log(level, line, _):
        say("log", [level, line.decode(errors="replace")])

    ggml.ggml_backend_load_all_from_path(str(folder).encode())
    lib.llama_log_set(log, None)
    lib.llama_backend_init()
    lib.llama_model_default_params.restype = Params
    lib.llama_model_load_from_file.restype = ctypes.c_void_p
    lib.llama_model_load_from_file.argtypes = [ctypes.c_char_p, Params]
    model = lib.llama_model_load_from_file(str(path).encode(), lib.llama_model_default_params())
    say("loaded", bool(model))
    if not model:
        return
    lib.llama_model_get_vocab.restype = ctypes.c_void_p
    lib.llama_model_get_vocab.argtypes = [ctypes.c_void_p]
    vocab = ctypes.c_void_p(lib.llama_model_get_vocab(model))
    tokens, data = (ctypes.c_int32 * 256)(), words.encode()
    n = lib.llama_tokenize(vocab, data, len(data), tokens, 256, False, True)
    pieces = []
    for token in tokens[:max(n, 0)]:
        piece = ctypes.create_string_buffer(256)
        length = lib.llama_token_to_piece(vocab, token, piece, 256, 0, True)
        pieces.append(piece.raw[:max(length, 0)].decode(errors="replace"))
    say("pieces", pieces)


def verdict(folder, path, words):
    """What llama.cpp does with a file, in a few words, and the pieces if it loads."""
    command = [sys.executable, __file__, str(folder), "--load", str(path), "--text", words]
    environment = os.environ | {"GGML_NO_BACKTRACE": "1"}
    run = subprocess.run(command, capture_output=True, env=environment, timeout=60)
    said, logged, pieces, loaded = [], [], None, None
    for line in run.stdout.decode(errors="replace").splitlines():
        kind, value = json.loads(line)
        if kind == "log":
            (said if value[0] == 4 else logged).append(value[1].strip())
        elif kind == "pieces":
            pieces = value
        else:
            loaded = value
    if run.returncode < 0 or run.returncode > 1:
        name = signal.Signals(-run.returncode).name if run.returncode < 0 else run.returncode
        errors = run.stderr.decode(errors="replace").splitlines()
        why = next((line for line in errors if "GGML_A" in line or "what()" in line), "")
        when = "at a text" if loaded else "while it loads"
        return f"aborts {when} ({name}): {shorter(why, path)}", None
    if not loaded:
        # The first line is the cause; the last ones say only that it failed.
        why = next((line for line in said if not line.endswith("failed to load model")), "")
        return f"refuses: {shorter(why, path)}", None
    warned = [line for line in logged if "missing pre-tokenizer" in line or "GENERATION" in line]
    return "loads" + (" with a warning" if warned else ""), pieces


def shorter(line, path):
    """A message without its function, the file's folder and source lines."""
    line = line.replace(str(path), Path(path).name).replace(str(Path(path).parent) + "/", "")
    for start in ("gguf_init_from_reader: ", "gguf_init_from_file_impl: ", "llama_model_load: ",
                  "load_vocab: ", "error loading model: ", "error loading model vocabulary: ",
                  "check_tensor_dims: ", "what():  "):
        line = line.split(start)[-1]
    if "GGML_A" in line:
        line = line[line.index("GGML_A"):]
    return " ".join(line.split())


def visible(words):
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in words)


# ---- embcli

def ours(binary, path):
    run = subprocess.run([binary, "check", "--format", "json", str(path)], capture_output=True)
    try:
        findings = json.loads(run.stdout)["findings"]
    except (ValueError, KeyError):
        error = run.stderr.decode().strip().removeprefix(f"error: {path}: ")
        return error.replace(', where GGUF files begin with "GGUF"', "")
    # The rows are random, so nothing can be said about their order.
    told = [it for it in findings if not it["code"].startswith("order.")]
    codes = [f"`{it['code']}`" + (" (note)" if it["severity"] == "note" else "") for it in told]
    return ", ".join(dict.fromkeys(codes)) or "ok"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="the folder of llama.cpp's libraries")
    parser.add_argument("--embcli", default=ROOT / "target/release/embcli", type=Path)
    parser.add_argument("--only", default="", help="only cases with this word in their name")
    parser.add_argument("--keep", type=Path, help="leaves the files in this folder")
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--load", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--text", default="", help=argparse.SUPPRESS)
    args = parser.parse_args()
    folder = args.folder.resolve()
    if args.load:
        return load(folder, args.load, args.text)
    good = {}
    with tempfile.TemporaryDirectory() as made:
        made = args.keep or Path(made)
        made.mkdir(exist_ok=True)
        if args.markdown:
            print("| file | `embcli check` | llama.cpp |\n|---|---|---|")
        for name, make, words in CASES:
            if args.only not in name:
                continue
            file = make()
            plain = "".join(c if c.isalnum() else "-" for c in name.lower()).strip("-")
            path = made / f"{plain}.gguf"
            path.write_bytes(file if isinstance(file, bytes) else file.build())
            said, pieces = verdict(folder, path, words)
            if pieces is not None:
                usual = good.setdefault(words, pieces)
                if pieces != usual or name.startswith("no fault") or words != WORDS:
                    shown = " ".join(f"[{piece}]" for piece in pieces)
                    said += f", `{visible(words)}` is {visible(shown) or 'nothing'}"
            told = ours(args.embcli, path)
            if args.markdown:
                cells = [cell.replace("|", "\\|") for cell in (name, told, said)]
                print(f"| {' | '.join(cells)} |")
            else:
                print(f"{name}\n    embcli     {told}\n    llama.cpp  {said}")


if __name__ == "__main__":
    main()
