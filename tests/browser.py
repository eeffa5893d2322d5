"""Find a Chrome or Chromium for the browser tests, or install one.

Run as a script it prints the browser's path, or says in one line what to install and fails.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
# Nothing that a test starts may talk to anyone but the local server.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def installed() -> str | None:
    """An installed browser: $OPTVIZ_CHROMIUM, one on the path, or Playwright's own."""
    named = os.environ.get("OPTVIZ_CHROMIUM")
    for candidate in (named, *map(shutil.which, NAMES), _playwrights()):
        if candidate and Path(candidate).is_file():
            return candidate
    return None


def _playwrights() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return playwright.chromium.executable_path


def main() -> int:
    if found := installed():
        print(found)
        return 0
    print("no Chrome or Chromium found; trying Playwright's download", file=sys.stderr)
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
    if not installed() and os.geteuid() == 0 and shutil.which("apt-get"):
        print("no download; trying Debian's chromium", file=sys.stderr)
        subprocess.run(["apt-get", "update"], check=False)
        subprocess.run(["apt-get", "install", "-y", "chromium"], check=False)
    if found := installed():
        print(found)
        return 0
    print(
        "the browser tests need Chrome or Chromium: install one (on Debian: apt-get install "
        "chromium) or name it in OPTVIZ_CHROMIUM",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
