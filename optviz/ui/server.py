"""The app's server: one process that ends when it is told to."""

from __future__ import annotations

import signal
import socket
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn
from starlette.middleware import Middleware
from streamlit import config
from streamlit.starlette import App
from streamlit.web import bootstrap

from optviz.ui.guard import LOCAL, Guard

ADDRESS = "127.0.0.1"

# They hold in any folder; .streamlit/config.toml says the same for `streamlit run app.py`.
SETTINGS: dict[str, Any] = {
    "server.address": ADDRESS,
    "server.headless": True,
    "server.fileWatcherType": "none",
    "browser.gatherUsageStats": False,
    "client.showSidebarNavigation": False,
    "client.toolbarMode": "minimal",
    "logger.level": "warning",
    "logger.hideWelcomeMessage": True,
}
SECONDS = 2  # for which answers that are on their way are waited for in the end
ENDED_BY = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


def listen(port: int) -> socket.socket:
    """The port, taken before anything else is done.

    Raises:
        ValueError: it is in use, or this user may not have it.
    """
    door = socket.socket()
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind((ADDRESS, port))
        door.listen(100)
    except OSError as error:
        door.close()
        why = "may not be used" if isinstance(error, PermissionError) else "is in use"
        raise ValueError(f"port {port} {why}: choose another with --port") from None
    return door


def serve(script: Path, door: socket.socket, hosts: Sequence[str] = ()) -> int:
    """Serve the app until a signal ends it.

    Args:
        script: app.py, with the pages in a folder beside it.
        door: from `listen`.
        hosts: further names under which it may be reached.

    Returns:
        The exit code: 0 after Ctrl-C, 128 and the signal's number after another one.
    """
    app = App(script, middleware=[Middleware(Guard, hosts=hosts)])
    names = {"server.port": door.getsockname()[1], "server.allowedHosts": [*LOCAL, *hosts]}
    bootstrap.load_config_options(SETTINGS | names)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            ws_max_size=int(config.get_option("server.maxMessageSize")) * 10**6,
            timeout_graceful_shutdown=SECONDS,
        )
    )
    told: list[int] = []

    def end(number: int, _: FrameType | None) -> None:
        told.append(number)
        server.should_exit = True

    before = {number: signal.signal(number, end) for number in ENDED_BY}
    try:
        server.run(sockets=[door])  # gives a signal back to `end` once it has closed
    except KeyboardInterrupt:
        return 0
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return 128 + told[0] if told else 0
