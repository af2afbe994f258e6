"""Programs that run as whole processes: embcli, the C programs here, gguf's reader."""

import csv
import importlib.util
import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from contest import K, LOOKUP, Sample, Skip

GGUF_PY = f"""
import sys, gguf
for tensor in gguf.GGUFReader(sys.argv[1]).tensors:
    if tensor.name == "token_embd.weight":
        gguf.quants.dequantize(tensor.data[{list(LOOKUP)}], tensor.tensor_type)
"""


class Tools:
    """Runs embcli and the C programs, one process at a time."""

    def __init__(self, embcli, model, folder):
        self.embcli, self.model, self.folder = embcli, model, Path(folder)
        self.no_compiler = "" if shutil.which("cc") else "no C compiler (cc)"
        for name in () if self.no_compiler else ("run", "walk", "floor"):
            source = Path(__file__).with_name(f"{name}.c")
            build = ["cc", "-O2", "-pthread", "-o", self.folder / name, source]
            if subprocess.run(build, check=False).returncode:
                self.no_compiler = f"cc can't build {source.name}"
                break

    def process(self, *command):
        """Runs a command to its end. Returns its sample and the file with its output."""
        output = self.folder / "output"
        command = [*map(str, command)]
        if self.no_compiler:
            with open(output, "wb") as file:
                start = time.perf_counter()
                run = subprocess.run(command, stdout=file, stderr=subprocess.PIPE, check=False)
            sample, code = Sample(time.perf_counter() - start), run.returncode
        else:
            run = subprocess.run([self.folder / "run", output, *command], capture_output=True, check=False)
            if run.returncode:
                sys.exit(f"run: {run.stderr.decode().strip()}")
            nanoseconds, kib, code = map(int, run.stdout.split())
            sample = Sample(nanoseconds / 1e9, kib * 1024)
        if code:
            said = run.stderr.decode().strip().split("\n")[-1]
            if code == 2 and "unexpected argument" in said:
                raise Skip(f"this embcli has no {re.search(r'--[a-z]+', said)[0]}")
            sys.exit(f"{Path(command[0]).name} failed with exit code {code}: {said}")
        return sample, output

    def lookup(self):
        return self.process(self.embcli, "lookup", self.model, *LOOKUP)[0]

    def neighbors(self, threads, *ids):
        """The nearest rows of the IDs. The answer is the output of the timed run."""
        options = ("-k", K, "--format", "csv", "--threads", threads)
        sample, output = self.process(self.embcli, "neighbors", self.model, *ids, *options)
        with open(output, newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                sample.answer.setdefault(int(row["query_id"]), []).append(int(row["id"]))
        return sample

    def table(self):
        _, output = self.process(self.embcli, "lookup", self.model, LOOKUP[0], "--format", "json")
        table = json.loads(output.read_bytes())["table"]
        if not self.no_compiler:
            walked = [int(word) for word in self.process(self.folder / "walk", self.model)[1].read_text().split()]
            if walked[1:] != [table["n_vocab"], table["d_model"], table["offset"]]:
                sys.exit(f"embcli and the walk found different tables: {table} and {walked}")
        return table

    def walk(self):
        if self.no_compiler:
            raise Skip(self.no_compiler)
        return self.process(self.folder / "walk", self.model)[0]

    def floor(self, table, threads):
        if self.no_compiler:
            raise Skip(self.no_compiler)
        command = (self.folder / "floor", self.model, table["offset"], table["bytes"], threads, 9)
        return Sample(int(self.process(*command)[1].read_text()) / 1e9)

    def gguf_py(self):
        if importlib.util.find_spec("gguf") is None:
            raise Skip("gguf is not installed")
        return self.process(sys.executable, "-c", GGUF_PY, self.model)[0]
