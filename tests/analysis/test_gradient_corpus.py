"""No verdict on a gradient is untrue, on hundreds of losses with right and wrong gradients.

A loss that has no gradient at a point (a kink, a jump) may be called neither right nor wrong; a
gradient counts as wrong from 5e-4 of one of its parts, and a part of it that is zero counts as
right only where the true one is zero.
"""

from __future__ import annotations

import pytest
from gradient_corpus import SPOILED, Member, corpus, tally
from gradient_corpus_unseen import unseen

pytestmark = pytest.mark.usefixtures("compiled_quickly")


def _size(families: dict[str, list[Member]]) -> int:
    return sum(map(len, families.values()))


@pytest.mark.parametrize("drawn", [corpus, unseen])
def test_no_verdict_is_untrue_and_most_are_given(drawn, capsys) -> None:
    families = drawn(seed=0)
    counts, lies = tally(families)
    with capsys.disabled():
        print(f" {_size(families)} losses:", dict(counts))
    assert _size(families) >= 300
    assert counts.total() == _size(families) * len(SPOILED)
    assert not lies, "\n".join(lies)
    unknown = sum(n for (verdict, _), n in counts.items() if verdict == "cannot tell")
    assert unknown <= counts.total() / 4
    # Both answers are given often, and neither only where the other was due.
    assert counts["right", "right"] > 200
    assert counts["wrong", "wrong"] > 2000


def test_no_verdict_is_untrue_in_float32() -> None:
    """There rounding hides more: fewer are given. A third of the families, to save time."""
    families = dict(list(corpus(seed=1, dtype="float32").items())[::3])
    counts, lies = tally(families, "float32")
    assert not lies, "\n".join(lies)
    assert counts["right", "right"] > 50
    assert counts["wrong", "wrong"] > 500
