"""What was asked: one frozen, hashable record that is link, command line, cache key and heading."""

from optviz.specs.budget import Budget
from optviz.specs.race import RaceSpec, Run
from optviz.specs.sweep import SweepSpec
from optviz.specs.text import entry_text, parse_entry

__all__ = ["Budget", "RaceSpec", "Run", "SweepSpec", "entry_text", "parse_entry"]
