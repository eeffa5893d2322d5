"""A store of its own for every test, and processes that do not outlive it."""

from contextlib import suppress

import pytest

from optviz.runs import jobs


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    monkeypatch.setenv("OPTVIZ_HOME", str(tmp_path))
    monkeypatch.setenv("OPTVIZ_JOBS", "1")
    monkeypatch.setenv("JAX_PLATFORMS", "cpu")
    yield tmp_path
    with suppress(ValueError, OSError):  # stores that tests have made unusable
        for job in jobs.list_jobs():
            jobs.stop(job.id, grace=0.5)
