"""Start the web app on this machine."""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
from pathlib import Path

import optviz
from optviz.specs.text import parse_whole

EXAMPLE = "optviz app --port 8501"

# Passed on the command line so that they hold in any folder; .streamlit/config.toml says the same
# for `streamlit run app.py`.
SETTINGS = {
    "server.address": "127.0.0.1",
    "server.headless": "true",
    "server.fileWatcherType": "none",
    "browser.gatherUsageStats": "false",
    "client.showSidebarNavigation": "false",
    "client.toolbarMode": "minimal",
    "logger.level": "warning",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", default="8501", help="port on 127.0.0.1 (default 8501)")
    parser.add_argument("--plugin", metavar="FILE", help="a Python file with further entries")


def run(options: argparse.Namespace) -> int:
    port = parse_whole(options.port, "--port")
    if not 1 <= port <= 65535:
        raise ValueError(f"--port must lie in 1 to 65535, got {port}")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise ValueError(f"port {port} is in use: choose another with --port") from None
    # A GPU is for trainings: the app keeps to the CPU and tells them what was set before.
    environment = {
        **os.environ,
        "JAX_PLATFORMS": "cpu",
        "OPTVIZ_JOB_PLATFORMS": os.environ.get("JAX_PLATFORMS", ""),
    }
    if options.plugin:
        from optviz.ui.frame import PLUGIN_VARIABLE, load_plugin

        load_plugin(Path(options.plugin))
        environment[PLUGIN_VARIABLE] = str(Path(options.plugin).absolute())
    flags = [f"--{name}={value}" for name, value in SETTINGS.items()]
    command = [sys.executable, "-m", "streamlit", "run", str(entry_script()), *flags]
    print(f"optviz runs at http://127.0.0.1:{port} (stop it with Ctrl-C)", flush=True)
    return _wait(subprocess.Popen([*command, f"--server.port={port}"], env=environment))


def _wait(server: subprocess.Popen[bytes]) -> int:
    """Wait for the server, and take it along when this process is told to end."""
    import signal

    def forward(signum: int, _: object) -> None:
        server.send_signal(signum)

    signal.signal(signal.SIGTERM, forward)
    try:
        return server.wait()
    except KeyboardInterrupt:
        server.wait()
        return 0


def entry_script() -> Path:
    """app.py: inside the installed package, or beside it in a checkout."""
    package = Path(optviz.__file__).parent
    for folder in (package / "_app", package.parent):
        if (folder / "app.py").is_file() and (folder / "pages").is_dir():
            return folder / "app.py"
    raise ValueError("app.py is missing from this installation")
