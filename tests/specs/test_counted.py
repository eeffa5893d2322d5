"""Numbers of things as pages and commands say them."""

from optviz.specs.text import brief, counted, counted_all


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


def test_a_number_of_a_few_digits_has_no_exponent_it_does_not_need() -> None:
    told = [brief(v) for v in (0.0, 0.01234, 999.4, 999.6, -1234.5, 999_999.0, 1.234e9, 1.5e-7)]
    assert told == ["0", "0.0123", "999", "1,000", "-1,234", "999,999", "1.23e+09", "1.5e-07"]
    assert [brief(v, 4) for v in (0.123456, 9999.4, 12345.6)] == ["0.1235", "9999", "12,346"]
