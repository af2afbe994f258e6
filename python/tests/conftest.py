"""The models of the tests. Without a fetched one, its tests say that they were skipped."""

import os
from pathlib import Path

import embcli
import gguf
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
MODELS = Path(os.environ.get("EMBCLI_MODELS") or ROOT / "models")
TOY = ROOT / "fixtures" / "toy.gguf"
SMOL = MODELS / "SmolLM2-135M-Instruct.Q4_1.gguf"
GEMMA = MODELS / "gemma-3-270m-q4_k_m.gguf"
MINI = MODELS / "all-MiniLM-L6-v2"


def opened(path: Path) -> embcli.Model:
    if not path.exists():
        pytest.skip(f"no {path.name}: scripts/fetch-real-model.sh --all fetches it")
    return embcli.open(path)


class Reference:
    """A model as the gguf package reads it."""

    def __init__(self, path: Path) -> None:
        self.reader = gguf.GGUFReader(path)
        (self.table,) = [t for t in self.reader.tensors if t.name == "token_embd.weight"]

    def __getitem__(self, key: object) -> np.ndarray:
        rows = np.ascontiguousarray(self.table.data[key])
        return gguf.quants.dequantize(rows, self.table.tensor_type).astype(np.float32)

    def token(self, id: int) -> str:
        field = self.reader.fields["tokenizer.ggml.tokens"]
        return bytes(field.parts[field.data[id]]).decode()


@pytest.fixture(scope="session")
def toy() -> embcli.Model:
    return embcli.open(TOY)


@pytest.fixture(scope="session")
def smol() -> embcli.Model:
    return opened(SMOL)


@pytest.fixture(scope="session")
def gemma() -> embcli.Model:
    return opened(GEMMA)


@pytest.fixture(scope="session")
def toy_rows() -> np.ndarray:
    return Reference(TOY)[:]


@pytest.fixture(scope="session")
def smol_rows(smol: embcli.Model) -> np.ndarray:
    return Reference(SMOL)[:]


@pytest.fixture(scope="session")
def gemma_reference(gemma: embcli.Model) -> Reference:
    return Reference(GEMMA)


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A model of 20,000 random rows of 64 values, 5 MB."""
    path = tmp_path / "made.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_tokenizer_model("llama")
    writer.add_token_list([f"t{i}" for i in range(20_000)])
    rows = np.random.default_rng(7).standard_normal((20_000, 64), dtype=np.float32)
    writer.add_tensor("token_embd.weight", rows)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
