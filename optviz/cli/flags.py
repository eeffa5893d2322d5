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
        rule, default = settings(cls)[name], defaults(cls)[name]
        told = choices(cls)[name].help.replace("%", "%%")
        if rule.options == (False, True):
            parser.add_argument(flag, action="store_true", dest=name, help=told)
        elif rule.many:
            parser.add_argument(
                flag,
                action="append",
                dest=name,
                metavar=choices(cls)[name].form,
                help=f"{told} Repeat for more.",
            )
        else:
            also = f" One of {', '.join(rule.options)}." if rule.options else ""
            if default is not None:
                also += f" (default: {value_text(default)})"
            parser.add_argument(
                flag, dest=name, metavar=choices(cls)[name].form, help=f"{told}{also}"
            )


def said(options: argparse.Namespace, cls: type) -> Mapping[str, Any]:
    """Setting -> what the flags say it is; those that say nothing are left out.

    Raises:
        ValueError: text that cannot be read, named by its flag.
    """
    found: dict[str, Any] = {}
    for name, flag in flags(cls).items():
        rule, given = settings(cls)[name], getattr(options, name)
        if given is None or given is False:
            continue
        if given is True:
            found[name] = True
        elif rule.many:
            found[name] = tuple(rule.parse(text, flag) for text in given)
        else:
            found[name] = rule.parse(given, flag)
    return found
