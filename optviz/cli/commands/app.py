"""Start the web app on this machine."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import optviz
from optviz.specs.text import parse_whole

EXAMPLE = "optviz app --port 8501"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", default="8501", help="port on 127.0.0.1 (default 8501)")
    parser.add_argument("--plugin", metavar="FILE", help="a Python file with further entries")
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a name under which a proxy is reached that leads here; may be given more than once",
    )


def run(options: argparse.Namespace) -> int:
    port = parse_whole(options.port, "--port")
    if not 1 <= port <= 65535:
        raise ValueError(f"--port must lie in 1 to 65535, got {port}")
    for name in options.allow_host:
        if not name.replace("-", "").replace(".", "").isalnum() or not name.isascii():
            raise ValueError(f"--allow-host must be a name such as app.example.org, got {name!r}")
    # Streamlit takes a moment to import; `optviz --help` need not wait for it.
    from optviz.ui.plugin import PLUGIN_VARIABLE, check_plugin, load_plugin
    from optviz.ui.server import listen, serve

    plugin = Path(options.plugin) if options.plugin else None
    if plugin is not None:
        check_plugin(plugin)
    with listen(port) as door:
        _keep_to_the_cpu()
        if plugin is not None:
            load_plugin(plugin)
            os.environ[PLUGIN_VARIABLE] = str(plugin.absolute())
        print(f"optviz runs at http://127.0.0.1:{port} (stop it with Ctrl-C)", flush=True)
        return serve(entry_script(), door, options.allow_host)


def _keep_to_the_cpu() -> None:
    """A GPU is for trainings: they are told what was set before."""
    import jax

    os.environ["OPTVIZ_JOB_PLATFORMS"] = os.environ.get("JAX_PLATFORMS", "")
    os.environ["JAX_PLATFORMS"] = "cpu"
    jax.config.update("jax_platforms", "cpu")


def entry_script() -> Path:
    """app.py: inside the installed package, or beside it in a checkout."""
    package = Path(optviz.__file__).parent
    for folder in (package / "_app", package.parent):
        if (folder / "app.py").is_file() and (folder / "pages").is_dir():
            return folder / "app.py"
    raise ValueError("app.py is missing from this installation")
