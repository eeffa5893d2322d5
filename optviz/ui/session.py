"""What a session looks at: one spec, which widgets show and change, and which the link carries.

The spec is the truth. A widget is set to the spec's value before it is drawn, and what the user
does to it goes through `change`, which keeps the old spec when the new one is refused: bad input
costs one line on the page and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

import streamlit as st

from optviz.catalog import Entry
from optviz.specs import Run
from optviz.specs.link import Spec
from optviz.specs.setting import plain
from optviz.ui import links
from optviz.ui.faults import line_of

E = TypeVar("E", bound=Entry)
S = TypeVar("S", bound=Spec)  # those of races and trainings have runs


@dataclass(frozen=True)
class Session(Generic[S]):
    """The spec of one page, kept in Streamlit's session state under a prefix.

    Attributes:
        prefix: of every key in session state, and so of every widget.
        default: makes the spec that the page opens on without a link.
        foreign: names of link parameters that belong to the page and not to the spec.
        own: names of those that belong to the spec, where that is the shorter list.
    """

    prefix: str
    default: Callable[[], S]
    foreign: tuple[str, ...] = ()
    own: tuple[str, ...] | None = None

    def key(self, *names: object) -> str:
        """A key of this page: `race.run.3.momentum`."""
        return ".".join(map(str, (self.prefix, *names)))

    def open(self) -> bool:
        """Take the spec from the link: once a session, and when the link is another one.

        Returns:
            Whether it was taken.
        """
        query = {n: values for n, values in links.read().items() if self._owns(n)}
        if self.key("spec") in st.session_state and not links.is_news(self.prefix, query):
            return False
        # A link leaves unsaid what a spec has by default, whatever the page opens on.
        base: Any = plain(self.default()) if query else self.default()
        try:
            spec, ignored = base.from_query(query, base)
        except Exception as error:  # a page without a spec could not be drawn at all
            spec, ignored = self.default(), [line_of(error)]
        self.reset(spec)
        if not ignored:
            self.is_told(query)
        self.say(links.ignored(ignored))
        return True

    def _owns(self, parameter: str) -> bool:
        return parameter not in self.foreign and (self.own is None or parameter in self.own)

    def is_told(self, query: links.Query) -> None:
        """The spec is what this link says already: it is not written until something changes."""
        links.is_told(self.prefix, self.spec, query)

    def reset(self, spec: S) -> None:
        """Look at another spec altogether."""
        self._store(spec)
        st.session_state[self.key("ids")] = list(range(len(getattr(spec, "runs", ()))))
        self.say([])

    @property
    def spec(self) -> S:
        return st.session_state[self.key("spec")]

    @property
    def run_ids(self) -> list[int]:
        """A name for each run that stays when others come and go: part of its widgets' keys."""
        return st.session_state[self.key("ids")]

    @property
    def problems(self) -> list[str]:
        """Why the last change was refused, or what was ignored in the link; one line each."""
        return st.session_state.get(self.key("problems"), [])

    def change(self, apply: Callable[[Any], Any]) -> bool:
        """Replace the spec by `apply(spec)`, or say in one line why not; True if replaced."""
        try:
            new = apply(self.spec)
            new.check()
        except Exception as error:  # whatever fails, the spec that was made so far stays
            self.say([line_of(error)])
            return False
        self.say([])
        self._store(new)
        return True

    def set(self, field: str) -> Callable[[Any], None]:
        """The `apply` of a widget that sets one field of the spec."""

        def apply(value: Any) -> None:
            self.change(lambda s: replace(s, **{field: value}))

        return apply

    def edit(self, field: str) -> Callable[[Callable[[Any], Any]], bool]:
        """What changes one field of the spec by a function of its value as it is then."""
        return lambda make: self.change(lambda s: replace(s, **{field: make(getattr(s, field))}))

    def set_in(self, field: str, shown: Entry) -> Callable[[str, Any], Any]:
        """The `apply` of the widgets of an entry that is one field of the spec."""
        return lambda name, value: self.edit(field)(
            lambda item: with_field(item, shown, name, value)
        )

    def add_run(self, run: Run) -> None:
        if self.change(lambda s: replace(s, runs=(*s.runs, run))):
            fresh = max(self.run_ids, default=-1) + 1
            st.session_state[self.key("ids")] = [*self.run_ids, fresh]

    def remove_run(self, uid: int) -> None:
        if uid not in self.run_ids:  # a second click, before the button was gone
            return
        index = self.run_ids.index(uid)
        if self.change(lambda s: replace(s, runs=s.runs[:index] + s.runs[index + 1 :])):
            st.session_state[self.key("ids")] = [other for other in self.run_ids if other != uid]

    def change_run(self, uid: int, apply: Callable[[Run], Run]) -> None:
        """Replace a run, if it is still there: its controls may speak after it was removed."""
        if uid not in self.run_ids:
            return
        index = self.run_ids.index(uid)

        def replaced(s: Any) -> Any:
            runs = (*s.runs[:index], apply(s.runs[index]), *s.runs[index + 1 :])
            return replace(s, runs=runs)

        self.change(replaced)

    def write_link(self, **foreign: str | None) -> None:
        """Put the spec, and what else the page wants, into the address bar."""
        spec = self.spec
        more = {name: [value] for name, value in foreign.items() if value}
        links.write(self.prefix, spec, spec.to_query, more)

    def address(self) -> str:
        """The link that opens exactly this on any server of the app."""
        spec = self.spec
        base = (st.context.url or "").split("?")[0]
        return f"{base}?{urlencode(spec.to_query(), doseq=True, safe=':,@~;*/')}"

    def _store(self, spec: S) -> None:
        st.session_state[self.key("spec")] = spec

    def say(self, lines: list[str]) -> None:
        """Tell these lines instead of the last ones, until something is changed."""
        st.session_state[self.key("problems")] = lines


def with_field(item: E, shown: object, name: str, value: Any) -> E:
    """The entry with a field set, if it is still of the kind that the field's widget belongs to."""
    return replace(item, **{name: value}) if type(item) is type(shown) else item


def with_knob(run: Run, shown: object, name: str, value: Any) -> Run:
    """The run with a knob of its rule set by its user, if it still is of that rule's kind."""
    return run.with_knob(name, value) if type(run.optimizer) is type(shown) else run


def bound(
    widget: Callable[..., Any],
    *args: Any,
    value: Any,
    key: str,
    apply: Callable[[Any], object],
    **options: Any,
) -> None:
    """A widget that shows `value` of the spec and hands what the user chooses to `apply`.

    Where the spec was changed by something else, or refused what the widget says, the widget is
    made anew under another key: Streamlit has no other way to change one that is not on screen.

    A widget that comes back on screen may be heard as if the user had chosen what it shows; only
    what differs from what it showed, or said, last is a choice.
    """
    count = st.session_state.get(f"{key}~", 0)
    live = _numbered(key, count)
    if live in st.session_state and st.session_state[live] != value:
        st.session_state[f"{key}~"] = count = count + 1
        live = _numbered(key, count)
    name = widget.__name__
    if name in ("selectbox", "radio"):
        default = {"index": list(options["options"]).index(value)}
    elif name in ("segmented_control", "pills", "multiselect"):
        default = {"default": value}
    else:
        default = {"value": value}
    heard = f"{key}="
    st.session_state[heard] = value

    def choose() -> None:
        chosen = st.session_state[live]
        if chosen != st.session_state[heard]:
            st.session_state[heard] = chosen
            apply(chosen)

    widget(*args, key=live, on_change=choose, **default, **options)


def with_option(options: Iterable[Any], value: Any, key: str) -> list[Any]:
    """Sorted options of a slider that include `value`, and every odd one that it ever had to show.

    A slider whose options changed under the user's hand would point at another one.
    """
    kept = st.session_state.setdefault(f"{key}+", set())
    kept.add(value)
    return sorted({*options, *kept})


def _numbered(key: str, count: int) -> str:
    return f"{key}~{count}" if count else key
