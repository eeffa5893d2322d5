"""What was found for a question before, such as a fair rate."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from contextlib import suppress
from threading import Lock
from typing import Any

import numpy as np

from optviz.specs.rates import Question


class Answers:
    """Answers by question and more, the least recently asked forgotten; safe between threads."""

    def __init__(self, most: int) -> None:
        self._most, self._lock = most, Lock()
        self._answers: OrderedDict[Any, Any] = OrderedDict()

    def get(self, question: Question, *more: float) -> Any:
        key = (key_of(question), more)
        with self._lock, suppress(TypeError):  # a knob that is an array has no hash
            if key in self._answers:
                self._answers.move_to_end(key)
            return self._answers.get(key)
        return None

    def put(self, answer: Any, question: Question, *more: float) -> None:
        with self._lock, suppress(TypeError):
            self._answers[key_of(question), more] = answer
            while len(self._answers) > self._most:
                self._answers.popitem(last=False)


def key_of(question: Question) -> Any:
    """A question that holds no long list of starts."""
    starts = np.asarray(question.starts, np.float64).tobytes()
    if len(starts) > 64:
        starts = hashlib.blake2b(starts, digest_size=16).digest()
    return (*question._replace(starts=()), starts)
