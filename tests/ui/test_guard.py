"""Who may talk to the app, told from requests as they come over the wire."""

from __future__ import annotations

import socket
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anyio
import pytest
from starlette.types import Message, Receive, Scope, Send

from optviz.ui.guard import LOCAL, Guard
from optviz.ui.server import SETTINGS

ROOT = Path(__file__).parents[2]
HOME = "127.0.0.1:8501"


async def _app(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"here"})


def asked(kind: str, *headers: tuple[str, str], hosts: tuple[str, ...] = ()) -> list[Message]:
    """What the app answers to a request with these headers."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": f"{kind}.request"}

    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
    with ThreadPoolExecutor(1) as pool:  # Playwright's driver leaves its own loop in this thread
        scope = {"type": kind, "headers": raw}
        pool.submit(anyio.run, Guard(_app, hosts), scope, receive, send).result()
    return sent


def let_in(*headers: tuple[str, str], hosts: tuple[str, ...] = ()) -> bool:
    """The same for a page, a file and the channel."""
    page = asked("http", *headers, hosts=hosts)
    channel = asked("websocket", *headers, hosts=hosts)
    answers = {page[0]["status"] == 200, channel[0]["type"] == "websocket.accept"}
    assert len(answers) == 1
    return answers.pop()


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LOCALHOST", "localhost.", "[::1]"])
@pytest.mark.parametrize("port", ["", ":8501", ":9000"])
def test_names_of_this_machine_are_let_in(name: str, port: str) -> None:
    assert let_in(("Host", name + port))
    assert let_in(("Host", name + port), ("Origin", f"http://{name}{port}"))


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "evil.example:8501", "127.0.0.1.evil.example", "localhost.evil.example"),
        *("evil.example:80#127.0.0.1", "127.0.0.1@evil.example", "evil.example@127.0.0.1", ""),
        *("127.0.0.1:x", "127.0.0.1:99999", "127.0.0.1/", "127.0.0.1,evil.example", "[::1", "::1"),
        *(
            "0.0.0.0:8501",
            "127.0.0.2",
            "10.0.0.1",
            "xn--localhst-x2a",
            "loc\xe4lhost",
            "2130706433",
        ),
    ],
)
def test_other_names_are_refused(host: str) -> None:
    assert not let_in(("Host", host))
    assert not let_in(("Host", host), ("Origin", f"http://{host}"))


@pytest.mark.parametrize(
    "origin",
    [
        *("http://evil.example", "https://evil.example:8501", "null", "", "file://", "evil"),
        *("http://127.0.0.1:3000", "http://localhost:8501", "http://127.0.0.1", f"ftp://{HOME}"),
        *(f"http://{HOME}.evil.example", f"http://evil.example/{HOME}", f"http://a@{HOME}"),
        *("chrome-extension://abcdef", f"{HOME}", f"javascript:{HOME}"),
    ],
)
def test_pages_of_others_are_refused(origin: str) -> None:
    assert not let_in(("Host", HOME), ("Origin", origin))


def test_doubled_headers_are_refused() -> None:
    assert not let_in(("Host", HOME), ("Host", "evil.example"))
    assert not let_in(
        ("Host", HOME), ("Origin", f"http://{HOME}"), ("Origin", "http://evil.example")
    )
    assert not let_in()


@pytest.mark.parametrize(
    ("site", "mode", "good"),
    [
        ("cross-site", "no-cors", False),
        ("cross-site", "cors", False),
        ("same-site", "no-cors", False),
        ("cross-site", "navigate", True),  # somebody followed a link
        ("same-origin", "cors", True),
        ("none", "navigate", True),
    ],
)
def test_other_sites_may_link_to_the_app_and_not_use_it(site: str, mode: str, good: bool) -> None:
    headers = (("Sec-Fetch-Site", site), ("Sec-Fetch-Mode", mode))
    assert let_in(("Host", HOME), *headers) is good


def test_a_name_that_was_given_is_let_in_behind_a_proxy() -> None:
    given = ("Class.Example.org",)
    assert let_in(("Host", "class.example.org"), hosts=given)
    assert let_in(("Host", HOME), ("Origin", "https://class.example.org"), hosts=given)
    assert not let_in(("Host", "example.org"), hosts=given)
    assert not let_in(("Host", "evil.class.example.org"), hosts=given)


def test_no_answer_may_be_framed_or_load_from_elsewhere() -> None:
    for host in (HOME, "evil.example"):
        headers = dict(asked("http", ("Host", host))[0]["headers"])
        policy = headers[b"content-security-policy"].decode()
        assert "frame-ancestors 'self'" in policy
        assert "default-src 'self'" in policy
        assert "unsafe-eval" not in policy
        assert "://" not in policy
        assert headers[b"x-frame-options"] == b"SAMEORIGIN"


def test_the_file_of_settings_says_what_the_command_says() -> None:
    told = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))
    flat = {f"{part}.{name}": value for part, rest in told.items() for name, value in rest.items()}
    assert flat.pop("server.allowedHosts") == list(LOCAL)
    assert flat.items() <= SETTINGS.items()


def _status(server: str, path: str, *headers: str) -> int:
    """The status that a raw request gets."""
    host, port = server.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as line:
        line.sendall("\r\n".join([f"GET {path} HTTP/1.1", *headers, "", ""]).encode())
        return int(line.recv(100).split()[1])


@pytest.mark.browser  # it shares the app with the tests in a browser
@pytest.mark.xdist_group("app")
def test_every_door_of_the_app_is_guarded(server: str) -> None:
    place = server.removeprefix("http://")
    channel = (
        *("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"),
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    )
    doors = {
        "/": ("Connection: close",),
        "/networks": ("Connection: close",),
        "/_stcore/health": ("Connection: close",),
        "/_stcore/host-config": ("Connection: close",),
        "/_stcore/stream": channel,
        "/static/js/none.js": ("Connection: close",),
        "/media/none": ("Connection: close",),
        "/_stcore/upload_file/a/b": ("Connection: close",),
        "/component/none": ("Connection: close",),
        "/_stcore/agent/openapi.json": ("Connection: close",),
        "/nowhere": ("Connection: close",),
    }
    for path, more in doors.items():
        own = _status(server, path, f"Host: {place}", f"Origin: {server}", *more)
        assert own != 403, path
        for foreign in (
            ("Host: evil.example", "Origin: http://evil.example"),
            (f"Host: {place}", "Origin: http://evil.example"),
            (f"Host: {place}", "Origin: http://localhost:1"),
            ("Host: evil.example",),
        ):
            assert _status(server, path, *foreign, *more) == 403, (path, foreign)
    assert _status(server, "/_stcore/stream", f"Host: {place}", *channel) == 101
