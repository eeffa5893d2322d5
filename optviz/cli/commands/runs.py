"""Trainings that were started on this computer: list, compare, export, resume and more."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optviz.cli.outputs import refuse
from optviz.cli.reports import Report, print_result, print_table, say
from optviz.specs.text import brief, counted, parse_number

if TYPE_CHECKING:
    from optviz.runs.status import Status

EXAMPLE = "optviz runs list --json; optviz runs resume 20261121-101500-1a2b3c4d"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar="ACTION", required=True, parser_class=type(parser))

    def action(
        name: str, example: str, what: Callable[[argparse.Namespace], None], ids: str | None = None
    ) -> argparse.ArgumentParser:
        sub = actions.add_parser(
            name,
            help=(what.__doc__ or "").rstrip("."),
            description=what.__doc__,
            epilog=f"example: optviz runs {name} {example}",
            allow_abbrev=False,
        )
        if ids == "ID":
            sub.add_argument("id", metavar="ID", help="as `optviz runs list` shows it")
        elif ids == "IDS":
            sub.add_argument("id", metavar="ID", nargs="+", help="as `optviz runs list` shows them")
        sub.set_defaults(action=what)
        return sub

    listing = action("list", "--search adam --json", show_list)
    listing.add_argument("--search", help="words of the name, settings, state or device")
    listing.add_argument("--deleted", action="store_true", help="those that were deleted")
    listing.add_argument("--json", action="store_true", help="print JSON")
    show = action("show", "ID", show_one, "ID")
    show.add_argument("--json", action="store_true", help="print JSON")
    compare = action("compare", "ID ID --accuracy 0.5", show_comparison, "IDS")
    compare.add_argument("--accuracy", help="validation accuracy to time, as 0.5")
    compare.add_argument("--json", action="store_true", help="print JSON")
    export = action("export", "ID --out curves.parquet", write_curves, "IDS")
    export.add_argument(
        "--out",
        required=True,
        metavar="PATH",
        help="a .csv, .parquet or .json file, or a folder for TensorBoard",
    )
    resume = action("resume", "ID", go_on, "ID")
    resume.add_argument("--json", action="store_true", help="print the result as JSON")
    action("stop", "ID", end, "IDS")
    action("rename", "ID 'Adam, three seeds'", call, "ID").add_argument("name")
    action("delete", "ID", forget, "IDS")
    action("restore", "ID", bring_back, "IDS")
    clean = action("purge", "--all --yes", remove)
    clean.add_argument("--days", default="30", help="those deleted at least so many days ago (30)")
    clean.add_argument("--all", action="store_true", help="whatever was deleted")
    clean.add_argument("--yes", action="store_true", help="do not ask")
    action("import", "store.sqlite", take_over).add_argument(
        "path", help="another machine's store, or its folder"
    )


def run(options: argparse.Namespace) -> None:
    # Networks take a moment to import; `optviz --help` need not wait for them.
    from optviz.runs import shelf

    options.action(options)
    notice = shelf.notice()
    if notice:
        say(notice)


def show_list(options: argparse.Namespace) -> None:
    """List the trainings, the newest first."""
    from optviz.runs import jobs

    found = jobs.list_jobs(options.search, deleted=options.deleted)
    if options.json:
        print(json.dumps([describe(status) for status in found], allow_nan=False))
        return
    for status in found:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(status.created))
        when = when if status.created else f"{'–':<16}"
        best, why = _best(status), f": {status.message}" if status.state == "unreadable" else ""
        print(f"{status.id}  {when}  {status.state:<10} {best:>6}  {status.name}{why}")


def show_one(options: argparse.Namespace) -> None:
    """Show a training: its settings, machine, and each run's numbers."""
    from optviz.runs import jobs

    status = jobs.status(options.id)
    result = jobs.result(options.id)
    if options.json:
        print(json.dumps({**describe(status), **result.to_json()}, allow_nan=False))
        return
    print(f"{status.name}\n{status.state}" + (f": {status.message}" if status.message else ""))
    for name, value in (status.environment or {}).items():
        text = ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else value
        print(f"  {name}: {text}")
    print_table(result)
    for line in status.log:
        print(f"  | {line}")


def show_comparison(options: argparse.Namespace) -> None:
    """Compare trainings: what differs between them, and how their runs went."""
    from optviz.analysis.training.tables import compare
    from optviz.runs import jobs

    wanted = parse_number(options.accuracy, "--accuracy") if options.accuracy else None
    names = [jobs.status(number).name for number in options.id]
    if len(set(names)) < len(names):
        names = options.id
    results = {name: jobs.result(i) for name, i in zip(names, options.id, strict=True)}
    table = compare(results, accuracy=wanted)
    if options.json:
        print(table.to_json(orient="records"))
    else:
        if set(table["seeds"]) == {1}:  # no spread to show
            table = table.loc[:, ~table.columns.str.contains("(?:least|greatest)$")]
        print(table.to_string(index=False, na_rep="–", float_format=lambda v: brief(v, 4)))


def write_curves(options: argparse.Namespace) -> None:
    """Write curves as CSV, Parquet, JSON or TensorBoard event files."""
    from optviz.export.curves import write
    from optviz.runs import jobs

    out = Path(options.out)
    several, refused = len(options.id) > 1, []
    for number in options.id:
        # Several trainings: one file each, with the id in its name.
        path = out.with_name(f"{out.stem}-{number}{out.suffix}") if several else out
        try:
            write(jobs.result(number), path)
        except (ValueError, OSError) as error:  # the others are written all the same
            refused.append(str(error))
        else:
            say(f"wrote {path}")
    refuse(refused)


def go_on(options: argparse.Namespace) -> None:
    """Go on with a training that was stopped or whose process died, to its end."""
    from optviz.runs import jobs

    if jobs.status(options.id).state == "finished":
        say(f"training {options.id} has finished already")
        result = jobs.result(options.id)
    else:
        result = jobs.run_here(options.id, on_event=Report(), say=say)
    print_result(result, as_json=options.json)


def end(options: argparse.Namespace) -> None:
    """Stop trainings; what they have is kept, and they can be resumed."""
    from optviz.runs import jobs

    for number in options.id:
        jobs.stop(number)


def forget(options: argparse.Namespace) -> None:
    """Delete trainings that have ended; restore brings them back for 30 days, purge does not."""
    from optviz.runs import shelf

    for number in options.id:
        shelf.delete(number)


def bring_back(options: argparse.Namespace) -> None:
    """Bring deleted trainings back."""
    from optviz.runs import shelf

    for number in options.id:
        shelf.restore(number)


def remove(options: argparse.Namespace) -> None:
    """Remove deleted trainings for good, with their checkpoints, to free space."""
    from optviz.runs import shelf

    days = None if options.all else parse_number(options.days, "--days")
    if days is not None and days < 0:
        raise ValueError(f"--days must be at least 0, got {options.days}")
    count, size = shelf.purgeable(days=days)
    if not count:
        kept, _ = shelf.purgeable(days=None)
        rest = (
            f"; {counted(kept, 'training')} deleted since can be removed by --all" if kept else ""
        )
        say(f"there is nothing to remove{rest}")
        return
    if not options.yes:
        print(
            f"Remove {counted(count, 'training')} ({size / 1e6:.1f} MB) for good? [y/N] ",
            end="",
            file=sys.stderr,
        )
        sys.stderr.flush()
        if sys.stdin.readline().strip().casefold() not in ("y", "yes"):
            raise ValueError("nothing was removed; say y, or --yes")
    removed = shelf.purge(days=days, compact=True)
    say(f"{counted(removed, 'training')} removed for good")


def call(options: argparse.Namespace) -> None:
    """Give a training another name."""
    from optviz.runs import shelf

    shelf.rename(options.id, options.name)


def take_over(options: argparse.Namespace) -> None:
    """Import the trainings of another machine's store."""
    from optviz.runs import shelf

    came = shelf.import_from(options.path)
    here = len(came.present)
    new = counted(len(came.new), "training")
    say(f"{new} imported, {here:,} {'was' if here == 1 else 'were'} here already")
    for number, reason in came.refused:
        say(f"left out {number}: {reason}")


def describe(status: Status) -> dict[str, Any]:
    """A training as JSON data."""
    return {
        "id": status.id,
        "status": status.state,
        "pid": status.pid,
        "name": status.name,
        "created": status.created,
        "attempt": status.attempt,
        "message": status.message,
        "place": status.place,
        "environment": status.environment,
        "runs": status.outcome,
        "spec": status.spec,
    }


def _best(status: Status) -> str:
    best = status.best_accuracy
    return "–" if best is None else f"{100 * best:.1f}%"
