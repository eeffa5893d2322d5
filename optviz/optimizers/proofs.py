"""How each rule was checked against something that was not written here.

The tests make the file (`tests/proofs`) and fail when it is stale; the app shows it.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import NamedTuple


class Proof(NamedTuple):
    """One comparison of a rule, as the tests measured it."""

    reference: str  # what the rule was compared with
    what: str  # what was run
    steps: int  # compared
    tolerance: float  # largest error allowed, relative to max(1, |x|)
    convention: str  # which form it is, where implementations differ
    error: float  # largest error found, rounded up to one digit


@cache
def _records() -> dict[str, list[dict]]:
    return json.loads(Path(__file__).with_name("proofs.json").read_text("utf-8"))


def proofs(key: str) -> tuple[Proof, ...]:
    """The proofs of a rule by its key; none for a rule from outside the package."""
    return tuple(Proof(**record) for record in _records().get(key, []))
