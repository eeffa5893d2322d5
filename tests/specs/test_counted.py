"""Numbers of things as pages and commands say them."""

from optviz.specs.text import counted, counted_all


def test_one_and_many():
    assert [counted(n, "step") for n in (0, 1, 2, 1024)] == [
        "0 steps",
        "1 step",
        "2 steps",
        "1,024 steps",
    ]


def test_what_runs_do_not_share_is_said_as_a_range():
    assert counted_all([3, 3], "step") == "3 steps"
    assert counted_all([1], "step") == "1 step"
    assert counted_all([9, 1, 4], "step") == "1 to 9 steps"
