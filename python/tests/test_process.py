"""Files that change, threads, workers, Ctrl-C: what a process may meet."""

import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import threading
import time

import embcli
import numpy as np
import pyarrow as pa
import pytest

from conftest import GEMMA, MINI, ROOT, TOY, opened


def test_a_file_that_becomes_shorter_raises(made):
    """In a process of its own, whose end by a signal would show."""
    script = f"""
        import os, embcli, pyarrow
        m = embcli.open({str(made)!r})
        before = m[:100]
        os.truncate({str(made)!r}, os.path.getsize({str(made)!r}) // 2)
        calls = {{
            "row": lambda: m[19_999],
            "rows": lambda: m[:],
            "neighbors": lambda: m.neighbors(5),
            "several": lambda: m.neighbors(range(50)),
            "stats": m.stats,
            "check": m.check,
        }}
        for name, call in calls.items():
            try:
                call()
            except OSError as error:
                assert "became shorter" in str(error), (name, error)
            else:
                raise AssertionError(name + " did not raise")
        try:
            pyarrow.table(m.batches())
        except OSError as error:
            assert "became shorter" in str(error), error
        else:
            raise AssertionError("batches did not raise")
        # What is still there can be read.
        assert (m[:100] == before).all() and m.token(19_999) == "t19999"
        os.truncate({str(made)!r}, 0)
        assert m.token(5) == "t5"
    """
    ran = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], stderr=subprocess.PIPE)
    assert ran.returncode == 0, ran.stderr.decode()


def test_no_file_is_mapped(made):
    model = embcli.open(made)
    model.neighbors(3)
    with open("/proc/self/maps") as maps:
        assert str(made) not in maps.read()


def test_the_version_is_the_programs():
    assert f'\nversion = "{embcli.__version__}"\n' in (ROOT / "Cargo.toml").read_text()


def test_errors_of_files(made, tmp_path):
    with pytest.raises(FileNotFoundError, match="no such file"):
        embcli.open(tmp_path / "nothing.gguf")
    with pytest.raises(FileNotFoundError):
        embcli.open("ollama:nothing-that-is-there")
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(ValueError, match="bad.gguf"):
        embcli.open(bad)
    bad.write_bytes(made.read_bytes()[:-64])
    cut = embcli.open(bad)
    assert cut[19_998].shape == (64,)
    with pytest.raises(OSError, match="incomplete download"):
        cut[19_999]
    if os.getuid() != 0:
        bad.chmod(0)
        with pytest.raises(PermissionError):
            embcli.open(bad)


def row_in_worker(model, id):
    os.chdir("/")
    return pickle.loads(pickle.dumps(model))[id]


def test_workers_get_a_model_by_its_name(monkeypatch):
    monkeypatch.chdir(TOY.parent)
    model = embcli.open("toy.gguf")
    assert model.name == str(TOY)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        row = pool.apply(row_in_worker, (model, 3))
    assert np.array_equal(row, model[3])
    assert pickle.loads(pickle.dumps(embcli.open("toy"))).name == "toy"


def test_a_checkpoint_is_pickled_with_the_tensor_that_was_asked_for():
    model = pickle.loads(pickle.dumps(opened(MINI)))
    assert model.table.name.endswith("word_embeddings.weight")
    assert model.__reduce__()[1] == (str(MINI), "token_embd.weight", False)


def test_too_little_memory_is_a_memory_error(smol):
    ids = np.broadcast_to(np.zeros(1, np.int8), 10**15)
    with pytest.raises(MemoryError):
        smol[ids]


def test_threads_share_a_model(smol):
    expected = smol.neighbors(range(700, 720), k=5)
    wrong = []

    def run():
        for _ in range(5):
            found = smol.neighbors(range(700, 720), k=5)
            if not (np.array_equal(found.ids, expected.ids) and " the" in smol):
                wrong.append(found)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_other_threads_run_meanwhile(smol):
    done = threading.Event()
    thread = threading.Thread(target=lambda: (smol.neighbors(range(4000), k=5), done.set()))
    thread.start()
    turns = 0
    while not done.is_set():
        time.sleep(0.001)
        turns += 1
    thread.join()
    assert turns > 20


@pytest.mark.skipif(os.name == "nt", reason="signals are sent in another way on Windows")
def test_ctrl_c_ends_a_long_search():
    opened(GEMMA)
    script = f"""
        import embcli
        m = embcli.open({str(GEMMA)!r})
        print("ready", flush=True)
        m.neighbors(slice(None), k=10)
    """
    command = [sys.executable, "-c", textwrap.dedent(script)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.readline()
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        start = time.monotonic()
        _, errors = process.communicate(timeout=60)
    assert b"KeyboardInterrupt" in errors
    assert time.monotonic() - start < 15


def test_arrow_outlives_the_model(made):
    stream = pa.RecordBatchReader.from_stream(embcli.open(made).batches())
    assert sum(len(batch) for batch in stream) == 20_000
