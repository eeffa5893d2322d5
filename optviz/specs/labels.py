"""What runs, trainings and their files are called: text fit to be shown, and names that differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import count

MAX_LABEL = 120  # characters


def check_label(who: str, text: str) -> None:
    """Raise `ValueError` unless `text` can be shown on one line and says something.

    Line breaks and characters that cannot be seen are refused, among them those that reverse the
    direction of writing: with them a label could look like another one.
    """
    if not isinstance(text, str) or not 1 <= len(text) <= MAX_LABEL:
        size = f", got {len(text):,}" if isinstance(text, str) else f", got {text!r}"
        raise ValueError(f"{who} must have 1 to {MAX_LABEL} characters{size}")
    if not text.isprintable():
        raise ValueError(f"{who} must have printable characters only, got {text!r}")
    if text != text.strip():
        raise ValueError(f"{who} must not begin or end with a blank, got {text!r}")


def shortened(text: str) -> str:
    """A text that can be a label as far as its length goes."""
    return text if len(text) <= MAX_LABEL else text[: MAX_LABEL - 1] + "…"


def unique(
    names: Sequence[str],
    form: str = "{} ({})",
    *,
    keep_first: bool = False,
    same: Callable[[str], str] = str,
) -> list[str]:
    """The same names, numbered where several are equal, so that all differ.

    Args:
        names: what they would be called.
        form: a name and its number, from 1.
        keep_first: whether the first of equal names stays as it is.
        same: names count as equal whose `same` is.
    """
    counts = Counter(map(same, names))
    taken, seen, found = set(counts), set[str](), []
    for name in names:
        alike = same(name)
        if counts[alike] > 1 and not (keep_first and alike not in seen):
            free = (form.format(name, n) for n in count(1))
            name = next(new for new in free if same(new) not in taken)
            taken.add(same(name))
        seen.add(alike)
        found.append(name)
    return found
