"""Processes by number and time of start: numbers are used again, the pair is not."""

from __future__ import annotations

import subprocess
import threading
from contextlib import suppress
from typing import NamedTuple

import psutil

SAME_SECONDS = 2.0  # a start time is read off the boot time, which clocks are set by

_children: dict[int, subprocess.Popen[bytes]] = {}  # of this process, to be reaped


class Identity(NamedTuple):
    """One process of this computer."""

    pid: int
    started: float | None  # seconds since 1970; None: it has gone already


def myself() -> Identity:
    process = psutil.Process()
    return Identity(process.pid, process.create_time())


def adopt(child: subprocess.Popen[bytes]) -> Identity:
    """Remember a child, so that it leaves no zombie behind."""
    for pid in [pid for pid, other in _children.items() if other.poll() is not None]:
        _children.pop(pid, None)
    _children[child.pid] = child
    try:
        return Identity(child.pid, psutil.Process(child.pid).create_time())
    except psutil.Error:
        return Identity(child.pid, None)


def find(pid: int | None, started: float | None) -> psutil.Process | None:
    """The process, if it is still alive."""
    if pid is None or started is None:
        return None
    child = _children.get(pid)
    if child is not None and child.poll() is not None:
        _children.pop(pid, None)
    try:
        process = psutil.Process(pid)
        if abs(process.create_time() - started) > SAME_SECONDS:
            return None
        return None if process.status() == psutil.STATUS_ZOMBIE else process
    except psutil.Error:
        return None


def alive(pid: int | None, started: float | None) -> bool:
    """Whether the process is still alive."""
    return find(pid, started) is not None


def end(process: psutil.Process, grace: float, wait: bool) -> None:
    """Ask a process to end, and kill it where it does not within `grace` seconds."""
    try:
        process.terminate()
    except psutil.Error:
        return
    waiter = threading.Thread(target=_kill_after, args=(process, grace), daemon=True)
    waiter.start()
    if wait:
        waiter.join()


def _kill_after(process: psutil.Process, grace: float) -> None:
    with suppress(psutil.Error):  # it may end, or defy even this, at any moment
        try:
            process.wait(grace)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(grace)
    child = _children.pop(process.pid, None)
    if child is not None:
        child.poll()
