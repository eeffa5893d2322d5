"""The command line: one module a command, found by looking at this folder.

Results go to stdout, progress to stderr. Bad input ends with exit code 2 and one line on stderr.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from optviz.catalog import docstring, unknown
from optviz.cli import commands
from optviz.cli.output import complain, let_go, prepare


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        raise ValueError(message)


class Command(Parser):
    """A command's parser, which gets its flags when the command is called: some take a moment."""

    fill: Callable[[argparse.ArgumentParser], None] | None = None

    def parse_known_args(  # pyright: ignore[reportIncompatibleMethodOverride]  # its overloads
        self, args: Any = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        if self.fill is not None:
            fill, self.fill = self.fill, None
            fill(self)
        return super().parse_known_args(args, namespace)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    prepare()
    try:
        parser, names = _parser(asks_for_help=bool({"-h", "--help"} & set(arguments)))
        first = next((a for a in arguments if not a.startswith("-")), None)
        if first is not None and arguments[0] == first and first not in names:
            raise ValueError(unknown("command", first, names))
        for word in arguments:  # argparse would make an empty list of it
            if word.startswith("-") and word.endswith("--") and word.strip("-"):
                raise ValueError(f"{word!r}: an option's value cannot be --")
        options = parser.parse_args(arguments)
        code = options.run(options) or 0
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # whoever reads the output has gone, as in `optviz … | head`
        return 0
    except (ValueError, OSError) as error:
        complain(error)
        return 2
    except MemoryError:
        complain(MemoryError("there is not enough memory for this"))
        return 2
    except RuntimeError as error:
        if "initialize backend" not in str(error):
            raise
        complain(ValueError(f"JAX_PLATFORMS: {str(error).splitlines()[0]}"))
        return 2
    except KeyboardInterrupt:
        return 130
    finally:
        let_go()


def _parser(asks_for_help: bool) -> tuple[Parser, list[str]]:
    from optviz import __version__

    parser = Parser(
        prog="optviz",
        description="See how optimizers behave.",
        epilog="example: optviz race rosenbrock -O adam:learning_rate=0.05 -O momentum",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"optviz {__version__}")
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=Command)
    names = []
    for info in pkgutil.iter_modules(commands.__path__):
        module = importlib.import_module(f"{commands.__name__}.{info.name}")
        # Where help is asked for, Python may have to say why there is none.
        text = docstring(module) if asks_for_help else module.__doc__ or ""
        command = subparsers.add_parser(
            info.name,
            help=text.partition("\n")[0],
            description=text,
            epilog=f"example: {module.EXAMPLE}",
            allow_abbrev=False,
        )
        command.fill = module.add_arguments
        command.set_defaults(run=module.run)
        names.append(info.name)
    return parser, names
