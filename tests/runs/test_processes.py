"""Processes that are told to end."""

from __future__ import annotations

import psutil
import pytest

from optviz.runs import processes


class Stubborn:
    """A process that does not end in time, and what becomes of it when it is killed."""

    pid = -7

    def __init__(self, killed: Exception | None, waited: Exception | None) -> None:
        self.answers = [psutil.TimeoutExpired(0.0), waited]
        self.killed = killed

    def wait(self, timeout: float) -> None:
        if answer := self.answers.pop(0):
            raise answer

    def kill(self) -> None:
        if self.killed:
            raise self.killed


@pytest.mark.parametrize(
    ("killed", "waited"),
    [
        (None, None),
        (psutil.NoSuchProcess(-7), None),  # it ended just now
        (psutil.AccessDenied(-7), None),
        (None, psutil.TimeoutExpired(0.0)),  # stuck in the system
    ],
)
def test_whatever_a_process_does_nothing_is_raised_and_its_child_is_let_go(
    killed: Exception | None, waited: Exception | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Child:
        polled = False

        def poll(self) -> None:
            self.polled = True

    child = Child()
    monkeypatch.setitem(processes._children, Stubborn.pid, child)
    processes._kill_after(Stubborn(killed, waited), 0.0)
    assert child.polled
    assert Stubborn.pid not in processes._children
