"""The figure of a gradient check."""

import pytest

from optviz.analysis.gradient.check import DTYPES, gradient_check
from optviz.figures.gradient_check import gradient_check_figure


@pytest.fixture(scope="module")
def check():
    return gradient_check("beale")


@pytest.mark.parametrize("dtypes", [DTYPES, DTYPES[:1], DTYPES[1:]])
def test_names_of_the_best_steps_stand_clear_of_each_other(check, dtypes):
    """Each on a line of its own: on a narrow page their places along h are too near."""
    annotations = gradient_check_figure(check, dtypes).layout.annotations
    assert len(annotations) == 2 * len(dtypes)
    assert len({note.y for note in annotations}) == len(annotations)
    assert [note.text.split()[1] for note in annotations] == [d for d in dtypes for _ in range(2)]
