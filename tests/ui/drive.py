"""A page without a browser: opened by a link, and the link that it has written since."""

from __future__ import annotations

from pathlib import Path

from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).parents[2]


def opened(page: str, **query: str | list[str]) -> AppTest:
    """A page by its file (`app.py`, `pages/30_schedules.py`), opened by a link."""
    test = AppTest.from_file(str(ROOT / page), default_timeout=60)
    for name, value in query.items():
        test.query_params[name] = value
    test.run()
    assert not test.exception, test.exception
    return test


def lines(test: AppTest) -> list[str]:
    """What the page says is wrong: one line each."""
    return [warning.value for warning in test.warning]


def link(test: AppTest, name: str) -> list[str]:
    """What the page's own link says of one parameter; nothing where it leaves it unsaid."""
    value = test.query_params.get(name, [])
    return [value] if isinstance(value, str) else list(value)


def said(test: AppTest, name: str) -> str:
    """The first thing that the page's own link says of one parameter, which it must."""
    return link(test, name)[0]
