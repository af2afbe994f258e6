"""`stats` and `check` are the program's JSON."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from conftest import ROOT, SMOL, TOY

PROGRAM = Path(os.environ.get("EMBCLI") or ROOT / "target" / "release" / "embcli")


def printed(*arguments):
    if not PROGRAM.exists():
        pytest.skip(f"{PROGRAM} is not built")
    command = [PROGRAM, *arguments, "--format", "json"]
    return json.loads(subprocess.run(command, capture_output=True, check=False).stdout)


def equal(a, b, at=""):
    """Equal, up to the name of the model and the last bits of floats."""
    assert type(a) is type(b), at
    if isinstance(a, dict):
        assert a.keys() == b.keys(), at
        for key in a.keys() - {"model"}:
            equal(a[key], b[key], f"{at}.{key}")
    elif isinstance(a, list):
        assert len(a) == len(b), at
        for i, pair in enumerate(zip(a, b, strict=True)):
            equal(*pair, f"{at}[{i}]")
    elif isinstance(a, float):
        assert a == pytest.approx(b, rel=1e-6, abs=1e-9), at
    else:
        assert a == b, at


def test_stats(smol):
    equal(smol.stats(), printed("stats", SMOL))


def test_check(smol):
    found = smol.check()
    assert found["verdict"] == "ok"
    equal(found, printed("check", SMOL))


def test_check_with_another(toy):
    found = toy.check(TOY)
    assert found["comparison"] is not None
    equal(found, printed("check", TOY, TOY))
    with pytest.raises(FileNotFoundError, match="no such file"):
        toy.check("/nonexistent/other.gguf")
