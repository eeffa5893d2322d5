"""Downloads: checked, resumed where they broke off, and refused in one line."""

import hashlib
import http.server
import io
import tarfile
import threading

import pytest

from optviz.data import cifar10, download
from optviz.data.cifar10 import Cifar10
from optviz.data.download import DownloadError, fetch_archive
from optviz.specs.experiment import TrainSpec

FOLDER = "cifar-10-batches-bin"


def _archive(extra: str | None = None) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as tar:
        for name in filter(None, [f"{FOLDER}/readme.html", extra]):
            member = tarfile.TarInfo(name)
            content = hashlib.sha256(name.encode()).digest() * 20_000  # hard to compress
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


class Server(http.server.ThreadingHTTPServer):
    """Serves one file, and can be told to misbehave."""

    def __init__(self, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = content
        self.ranges: list[str | None] = []
        self.break_after: list[int] = []  # bytes after which the next answers break off
        self.status = 200

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/archive.tar.gz"


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:  # the name is http.server's
        wanted = self.headers.get("Range")
        self.server.ranges.append(wanted)
        content = self.server.content
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        status = self.server.status if self.server.status != 200 else 206 if wanted else 200
        if wanted and start >= len(content):
            status = 416
        self.send_response(status)
        body = content[start:] if status < 300 else b""
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.server.break_after:
            body = body[: self.server.break_after.pop(0)]
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(download.time, "sleep", lambda seconds: None)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Server(_archive()) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def _checksum(server: Server) -> str:
    return "md5:" + hashlib.md5(server.content).hexdigest()


def test_fetches_once_and_shows_progress(server, tmp_path):
    told = []
    folder = fetch_archive(
        server.url, _checksum(server), FOLDER, tmp_path, lambda *n: told.append(n)
    )
    assert folder == tmp_path / FOLDER
    assert [path.name for path in folder.iterdir()] == ["readme.html"]
    assert told[-1] == (len(server.content), len(server.content))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert list(tmp_path.iterdir()) == [folder]  # neither archive nor scratch is left

    fetch_archive(server.url, _checksum(server), FOLDER, tmp_path)
    assert len(server.ranges) == 1


def test_goes_on_where_it_broke_off(server, tmp_path):
    server.break_after = [1000]
    fetch_archive(server.url, _checksum(server), FOLDER, tmp_path)
    assert server.ranges == [None, "bytes=1000-"]


def test_goes_on_after_giving_up(server, tmp_path):
    server.break_after = [1000, 500, 0]
    with pytest.raises(DownloadError, match="interrupted after 1500 bytes"):
        fetch_archive(server.url, _checksum(server), FOLDER, tmp_path)
    assert not (tmp_path / FOLDER).exists()
    fetch_archive(server.url, _checksum(server), FOLDER, tmp_path)
    assert server.ranges[-1] == "bytes=1500-"


def test_finished_part_needs_no_more_bytes(server, tmp_path):
    (tmp_path / "archive.tar.gz.part").write_bytes(server.content)
    fetch_archive(server.url, _checksum(server), FOLDER, tmp_path)
    assert (tmp_path / FOLDER).is_dir()


def test_wrong_checksum(server, tmp_path):
    with pytest.raises(DownloadError, match="checksum is not md5:0000") as caught:
        fetch_archive(server.url, "md5:" + "0" * 32, FOLDER, tmp_path)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []
    fetch_archive(server.url, _checksum(server), FOLDER, tmp_path)
    assert server.ranges[-1] is None  # from the start again


def test_server_that_says_no(server, tmp_path):
    server.status = 404
    with pytest.raises(DownloadError, match="the server says 404"):
        fetch_archive(server.url, _checksum(server), FOLDER, tmp_path)
    assert len(server.ranges) == 1
    server.status = 503
    with pytest.raises(DownloadError, match="interrupted after 0 bytes"):
        fetch_archive(server.url, _checksum(server), FOLDER, tmp_path)
    assert len(server.ranges) == 1 + download.ATTEMPTS


def test_nobody_answers(tmp_path, monkeypatch):
    monkeypatch.setattr(download.time, "sleep", lambda seconds: None)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Server(b"") as server:
        url = server.url
    with pytest.raises(DownloadError, match="interrupted after 0 bytes") as caught:
        fetch_archive(url, "md5:" + "0" * 32, FOLDER, tmp_path)
    assert "\n" not in str(caught.value)


def test_members_cannot_leave_the_folder(server, tmp_path):
    server.content = _archive(f"{FOLDER}/../../escaped")
    with pytest.raises(DownloadError, match="outside"):
        fetch_archive(server.url, _checksum(server), FOLDER, tmp_path / "cache")
    assert not (tmp_path / "escaped").exists()
    assert not (tmp_path / "cache" / FOLDER).exists()


def test_cifar10_asks_before_it_loads(tmp_path, monkeypatch):
    monkeypatch.setenv("OPTVIZ_CACHE", str(tmp_path))
    assert not Cifar10().ready
    with pytest.raises(ValueError, match="not on this computer yet"):
        Cifar10().load()
    assert cifar10.CHECKSUM == "md5:c32a1d4ab5d03f1284b67883e8d87530"
    assert TrainSpec.directory is None
