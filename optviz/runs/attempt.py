"""One attempt at a training, in this process: what the worker and the command line share."""

from __future__ import annotations

import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from optviz.runs import environment
from optviz.runs.folder import folder_of, log_of
from optviz.runs.store import Store, SupersededError
from optviz.runs.store_file import UnavailableError

if TYPE_CHECKING:  # a training that waits does without networks
    from optviz.engine.training.events import OnEvent

RESERVE_BYTES = 1 << 18  # given back on a full disk, so that the last word can be written


class Stop:
    """Whether a training was asked to end, by a signal of the system."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self.interrupted = False  # by the keyboard
        self.exit_code = 0  # of a process that was asked by a signal; 0: it was not

    def __call__(self) -> bool:
        return self._event.is_set()

    def set(self) -> None:
        self._event.set()

    @contextmanager
    def listening(self, keyboard: bool) -> Iterator[None]:
        """Obey SIGTERM and SIGHUP, and the first Ctrl-C where `keyboard` is set."""
        if threading.current_thread() is not threading.main_thread():
            yield  # only the main thread may
            return

        def on_interrupt(number: int, frame: FrameType | None) -> None:
            self.interrupted = True
            self.set()
            signal.signal(signal.SIGINT, signal.default_int_handler)  # the second one is at once

        def on_end(number: int, frame: FrameType | None) -> None:
            self.exit_code = 128 + number
            self.set()

        handlers: dict[signal.Signals, signal._HANDLER] = {
            signal.SIGTERM: on_end,
            signal.SIGINT: on_interrupt if keyboard else signal.SIG_IGN,
        }
        hangup = getattr(signal, "SIGHUP", None)  # the terminal was closed; nohup lets it be
        if hangup is not None and signal.getsignal(hangup) is not signal.SIG_IGN:
            handlers[hangup] = on_end
        earlier = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        try:
            yield
        finally:
            for number, handler in earlier.items():
                signal.signal(number, handler)


def carry_out(
    store: Store,
    training: str,
    should_stop: Callable[[], bool],
    on_event: OnEvent = lambda event: None,
    say: Callable[[str], None] = lambda line: None,
) -> Exception | None:
    """Train from the last checkpoints on, or from the start, keeping everything in the store.

    Args:
        on_event: called with each event of this attempt as it happens.
        say: told, in one line each, what else is worth knowing; the log has it too.

    Returns:
        What the training failed with; None: it has finished, or was stopped.
    """
    record = store.get(training)
    folder = folder_of(training)
    folder.mkdir(parents=True, exist_ok=True)
    reserve = folder / "reserve"

    def log(line: str) -> None:
        _log(training, line)

    def tell(line: str) -> None:
        log(line)
        say(line)

    attempt, outcome, failure = record.attempt, None, None
    try:
        reserve.write_bytes(bytes(RESERVE_BYTES))
        from optviz.runs.recording import Recording  # imports networks

        environment.settle(record.options, record.environment)
        recording = Recording(store, record, tell, log)
        attempt = recording.attempt
        state = "stopped" if recording.run(should_stop, on_event) else "finished"
        message, outcome = "", recording.outcome()
    except SupersededError as error:
        tell(str(error))
        return error
    except KeyboardInterrupt:  # the second one
        _last_word(lambda: store.end(training, attempt, "stopped"), reserve, tell)
        raise
    except Exception as error:  # whatever it was: nothing may be left that says it runs
        stopped = should_stop() and isinstance(error, ValueError)  # as a download that is stopped
        state, message, failure = ("stopped" if stopped else "failed"), _line(error), error
        if not isinstance(error, (ValueError, OSError)):
            log(traceback.format_exc())
    _last_word(lambda: store.end(training, attempt, state, message, outcome), reserve, tell)
    return failure if state == "failed" else None


def _last_word(write: Callable[[], None], reserve: Path, tell: Callable[[str], None]) -> None:
    """Write how it ended, on a full disk too."""
    for tries_left in (4, 3, 2, 1, 0):
        try:
            write()
            break
        except UnavailableError as error:
            reserve.unlink(missing_ok=True)
            if not tries_left:
                tell(f"How it ended could not be written: {error}")
            time.sleep(1)
        except SupersededError as error:
            tell(str(error))
            break
    reserve.unlink(missing_ok=True)


def _line(error: Exception) -> str:
    """An error in one line; bugs with their type."""
    text = (str(error).splitlines() or [""])[0][:300]
    return text if isinstance(error, (ValueError, OSError)) else f"{type(error).__name__}: {text}"


def _log(training: str, text: str) -> None:
    try:
        with log_of(training).open("a", encoding="utf-8") as file:
            file.write(f"{time.strftime('%H:%M:%S')} {text}\n")
    except OSError:
        pass  # a full disk; whoever listens to `say` still hears it
