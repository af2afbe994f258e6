"""Models at addresses, from a server on this machine."""

import http.server
import re
import threading

import embcli
import numpy as np
import pytest


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves one file, with ranges."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        content = self.server.content
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        start, end = 0, len(content)
        if found:
            start = int(found[1])
            end = min(end, int(found[2]) + 1) if found[2] else end
        self.send_response(206 if found else 200)
        self.send_header("Content-Length", str(end - start))
        self.send_header("ETag", '"1"')
        if found:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{len(content)}")
        self.end_headers()
        try:
            self.wfile.write(content[start:end])
        except (BrokenPipeError, ConnectionResetError):
            pass  # It has what it wanted.

    def log_message(self, *_):
        pass


@pytest.fixture
def address(made, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.content = made.read_bytes()
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/made.gguf"
        server.shutdown()
        thread.join()


def test_rows_and_neighbors_of_a_remote_model(address, made):
    local, remote = embcli.open(made), embcli.open(address)
    assert remote.name == address
    assert np.array_equal(remote[[5, 19_999, -7]], local[[5, 19_999, -7]])
    assert remote.token(7) == "t7" and remote.id("t19") == 19
    for call in [remote.neighbors, lambda _: remote.stats(), lambda _: remote.batches()]:
        with pytest.raises(ValueError, match=r"open\(..., fetch_table=True\) fetches them once"):
            call(3)
    remote = embcli.open(address, fetch_table=True)
    assert np.array_equal(remote.neighbors(3).ids, local.neighbors(3).ids)
    assert np.array_equal(remote[:], local[:])


def test_a_server_that_is_not_there_is_an_os_error(address):
    with pytest.raises(OSError):
        embcli.open("http://127.0.0.1:1/made.gguf")
