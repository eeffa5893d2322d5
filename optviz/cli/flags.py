"""Flags of a command from the settings of a spec: their names, help, and reading."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from optviz.specs.setting import choices, defaults, flags, settings
from optviz.specs.text import value_text


def add_flags(parser: argparse.ArgumentParser, cls: type) -> None:
    """A flag for every setting of the spec that has one."""
    for name, flag in flags(cls).items():
        rule, default, choice = settings(cls)[name], defaults(cls)[name], choices(cls)[name]
        told = choice.help.replace("%", "%%")
        if rule.options == (False, True):
            parser.add_argument(flag, action="store_true", dest=name, help=told)
            continue
        if rule.many:
            told += " Repeat for more."
        elif rule.options:
            told += f" One of {', '.join(rule.options)}."
        if default not in (None, ()):
            told += f" (default: {value_text(default)})"
        action = "append" if rule.many else "store"
        parser.add_argument(flag, action=action, dest=name, metavar=choice.form, help=told)


def said(options: argparse.Namespace, cls: type) -> Mapping[str, Any]:
    """Setting -> what the flags say it is; those that say nothing are left out.

    Raises:
        ValueError: text that cannot be read, named by its flag.
    """
    found: dict[str, Any] = {}
    for name, flag in flags(cls).items():
        rule, given = settings(cls)[name], getattr(options, name)
        if given is None or given is False or (given == "" and rule.optional):
            continue
        if given is True:
            found[name] = True
        elif rule.many:
            found[name] = tuple(rule.parse(text, flag) for text in given)
        else:
            found[name] = rule.parse(given, flag)
    return found
