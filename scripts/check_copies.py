#!/usr/bin/env python3
"""Checks that `embcli check COPY CHECKPOINT` calls a faithful copy faithful, and names
what was changed in one that is not.

    python3 scripts/check_copies.py
    python3 scripts/check_copies.py --llama package/bins/linux-x64

The copies are made by other programs: F32, F16, BF16, Q8_0 and Q4_0 by the `gguf`
package, and with --llama also every type that llama.cpp quantises a table to without an
importance matrix, by its own `llama_model_quantize`. The folder is that of
scripts/llama_verdicts.py. The checkpoint is all-MiniLM-L6-v2; for llama.cpp its rows
are doubled to 768 columns, because super-blocks have 256 values.

Each copy is then damaged: a byte of a row, two rows exchanged, a token respelled.
Prints one line per copy. The exit code is 1 if `check` says anything else.

Needs a release build of embcli, scripts/fetch-real-model.sh --all, and
    pip install numpy gguf
"""

import argparse
import ctypes
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import gguf
    import numpy as np
except ImportError as error:
    sys.exit(f"{error}. This check needs two packages: pip install numpy gguf")

ROOT = Path(__file__).resolve().parent.parent
MODELS = Path(os.environ.get("EMBCLI_MODELS") or ROOT / "models")
NAME = "embeddings.word_embeddings.weight"
TYPES = gguf.GGMLQuantizationType
BY_PACKAGE = ["F32", "F16", "BF16", "Q8_0", "Q4_0"]
BY_LLAMA = ["Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "IQ4_NL",
            "IQ4_XS"]
CHANGED, EXCHANGED, RESPELLED = 4321, [500, 20000], 7777


def table(checkpoint):
    data = (checkpoint / "model.safetensors").read_bytes()
    size = int.from_bytes(data[:8], "little")
    entry = json.loads(data[8:8 + size])[NAME]
    start, end = entry["data_offsets"]
    return np.frombuffer(data[8 + size:][start:end], np.float32).reshape(entry["shape"])


def vocabulary(checkpoint):
    """Texts and types as llama.cpp's converter writes a WordPiece vocabulary."""
    tokenizer = json.loads((checkpoint / "tokenizer.json").read_text())
    special = {it["content"] for it in tokenizer["added_tokens"] if it["special"]}
    tokens = sorted(tokenizer["model"]["vocab"].items(), key=lambda it: it[1])
    spelled = lambda it: it[2:] if it.startswith("##") else "\u2581" + it
    return ([it if it in special else spelled(it) for it, _ in tokens],
            [3 if it in special else 1 for it, _ in tokens])


def write(path, rows, stored_as, words):
    """A GGUF of one table. `rows` are as they are stored."""
    texts, types = words
    width = gguf.quant_shape_from_byte_shape(rows.shape, stored_as)[-1] \
        if rows.dtype == np.uint8 else rows.shape[-1]
    file = gguf.GGUFWriter(path, "bert")
    file.add_embedding_length(width)
    file.add_context_length(512)
    file.add_block_count(1)
    file.add_feed_forward_length(8)
    file.add_head_count(12)
    file.add_layer_norm_eps(1e-12)
    file.add_tokenizer_model("bert")
    file.add_token_list(texts)
    file.add_token_types(types)
    file.add_tensor("token_embd.weight", rows, raw_dtype=stored_as)
    file.write_header_to_file()
    file.write_kv_data_to_file()
    file.write_tensors_to_file()
    file.close()


def doubled(checkpoint, folder):
    """A checkpoint of twice the columns."""
    rows = table(checkpoint)
    order = np.random.default_rng(7).permutation(rows.shape[1])
    rows = np.concatenate([rows, rows[:, order] * np.float32(1.37)], 1)
    folder.mkdir()
    config = json.loads((checkpoint / "config.json").read_text()) | {"hidden_size": rows.shape[1]}
    (folder / "config.json").write_text(json.dumps(config))
    shutil.copy(checkpoint / "tokenizer.json", folder)
    header = {NAME: {"dtype": "F32", "shape": rows.shape, "data_offsets": [0, rows.nbytes]}}
    header = json.dumps(header).encode()
    data = len(header).to_bytes(8, "little") + header + rows.tobytes()
    (folder / "model.safetensors").write_bytes(data)
    return rows


class Params(ctypes.Structure):
    """llama.cpp's parameters of a quantisation. They are shorter than this; as they are
    passed in memory, what follows does not matter."""

    _fields_ = [("threads", ctypes.c_int32), ("file_type", ctypes.c_int32),
                ("output_type", ctypes.c_int32), ("table_type", ctypes.c_int32),
                ("rest", ctypes.c_char * 496)]


def quantise(folder, path, copy, stored_as):
    """Runs in a process of its own, because llama.cpp ends the process at an error."""
    libraries = [next(iter(sorted(folder.glob(f"lib{name}.*so*"))))
                 for name in ["ggml-base", "ggml", "llama"]]
    _, ggml, llama = (ctypes.CDLL(str(it), mode=ctypes.RTLD_GLOBAL) for it in libraries)
    ggml.ggml_backend_load_all_from_path(str(folder).encode())
    llama.llama_backend_init()
    llama.llama_model_quantize_default_params.restype = Params
    params = llama.llama_model_quantize_default_params()
    params.file_type, params.table_type = 18, stored_as  # Q6_K is the type of the rest
    llama.llama_model_quantize.argtypes = [ctypes.c_char_p] * 2 + [ctypes.POINTER(Params)]
    return llama.llama_model_quantize(str(path).encode(), str(copy).encode(), ctypes.byref(params))


class Checked:
    def __init__(self, embcli):
        self.embcli, self.n_wrong = embcli, 0

    def expect(self, copy, checkpoint, exact, code, ids):
        """`code` and `ids` are those of the finding, if there is one."""
        run = subprocess.run([self.embcli, "check", copy, checkpoint, "--format", "json"],
                             capture_output=True, check=False)
        if run.returncode not in (0, 1):
            sys.exit(run.stderr.decode())
        answer = json.loads(run.stdout)
        found = {it["code"]: it.get("ids") for it in answer["findings"]
                 if it["severity"] == "problem"}
        is_exact = answer["comparison"]["copies"][0]["exact"]
        expected = {code: ids} if code else {}
        is_right = (found, is_exact, run.returncode) == (expected, exact, int(bool(code)))
        self.n_wrong += not is_right
        print("ok  " if is_right else "WRONG", Path(copy).name,
              f"{is_exact} rows exact,", found or "faithful", flush=True)

    def damaged(self, folder, name, rows, stored_as, words, checkpoint):
        """A faithful copy, and three that are not."""
        n, path = len(rows), lambda what: folder / f"{name}{what}.gguf"
        write(path(""), rows, stored_as, words)
        self.expect(path(""), checkpoint, n, None, None)
        changed = rows.copy()
        # The lowest bit of a quant, or of the mantissa.
        bytes_of = changed.view(np.uint8)
        bytes_of[CHANGED, bytes_of.shape[1] // 2 + 8] ^= 1
        write(path("-changed"), changed, stored_as, words)
        self.expect(path("-changed"), checkpoint, n - 1, "copy.rows", [CHANGED])
        changed = rows.copy()
        changed[EXCHANGED] = changed[EXCHANGED[::-1]]
        write(path("-exchanged"), changed, stored_as, words)
        self.expect(path("-exchanged"), checkpoint, n - 2, "copy.rows", EXCHANGED)
        texts = list(words[0])
        texts[RESPELLED] = "\u2581zzyyxx"
        write(path("-respelled"), rows, stored_as, (texts, words[1]))
        self.expect(path("-respelled"), checkpoint, n, "other.text", [RESPELLED])


def main():
    summary, details = __doc__.split("\n\n", 1)
    parser = argparse.ArgumentParser(
        description=summary, epilog=details, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--embcli", default=ROOT / "target/release/embcli", type=Path)
    parser.add_argument("--checkpoint", default=MODELS / "all-MiniLM-L6-v2", type=Path)
    parser.add_argument("--llama", type=Path, help="a folder with libllama and libggml")
    parser.add_argument("--quantise", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.quantise:
        path, copy, stored_as = args.quantise
        return quantise(args.llama, path, copy, int(stored_as))
    checked, words = Checked(args.embcli), vocabulary(args.checkpoint)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        rows = table(args.checkpoint)
        for name in BY_PACKAGE:
            stored = gguf.quants.quantize(rows, TYPES[name])
            checked.damaged(folder, name, stored, TYPES[name], words, args.checkpoint)
        if args.llama:
            rows = doubled(args.checkpoint, folder / "doubled")
            write(folder / "f32.gguf", rows, TYPES.F32, words)
            for name in BY_LLAMA:
                copy = folder / f"by-llama-{name}.gguf"
                run = [sys.executable, __file__, "--llama", args.llama, "--quantise",
                       folder / "f32.gguf", copy, str(int(TYPES[name]))]
                subprocess.run(run, check=True, capture_output=True)
                stored = gguf.GGUFReader(copy).tensors[0]
                checked.damaged(folder, f"llama.cpp's {name}", np.array(stored.data),
                                stored.tensor_type, words, folder / "doubled")
    return int(checked.n_wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
