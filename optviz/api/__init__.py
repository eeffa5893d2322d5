"""The public verbs, and the results they return."""

from optviz.analysis.race import tuning
from optviz.api.race import WRITERS, Race, race, run_race
from optviz.specs.rates import search_with

__all__ = ["WRITERS", "Race", "race", "run_race"]

search_with(tuning.search)  # specs ask for fair rates, and know no engine to find them with
