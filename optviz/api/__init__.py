"""The public verbs, and the results they return."""

from optviz.api.race import WRITERS, Race, race, run_race

__all__ = ["WRITERS", "Race", "race", "run_race"]
