"""Results are kept up to a number of bytes, whatever their number."""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import jax.numpy as jnp
import numpy as np
import pytest

from optviz.kept import MEGABYTE, kept, size_of
from optviz.specs import RaceSpec, Run
from optviz.surfaces import SURFACES


def counted(megabytes, make):
    """A function that keeps its results, and what it was really asked for."""
    calls = []

    @kept(megabytes=megabytes)
    def function(name):
        calls.append(name)
        return make(name)

    return function, calls


def megabyte(_):
    return np.zeros(MEGABYTE, np.uint8)


def test_what_was_not_asked_for_the_longest_goes_first():
    ask, calls = counted(3.5, megabyte)
    first = ask("a")
    for name in "bcadb":
        ask(name)
    assert calls == list("abcdb")  # "a" was asked for again, "b" was not
    assert ask("a") is first
    assert ask.held() <= 3.5 * MEGABYTE


def test_one_that_is_larger_than_the_room_is_kept_alone():
    ask, calls = counted(2.5, lambda name: np.zeros(name * MEGABYTE, np.uint8))
    for size in (1, 2, 5, 5, 1, 5):
        ask(size)
    assert calls == [1, 2, 5, 1, 5]
    assert ask.held() < 5.1 * MEGABYTE


def test_arguments_count_and_may_be_named():
    ask, calls = counted(1, lambda name: None)
    for k in range(30):
        ask("x" * 100_000 + str(k))
    assert ask.held() <= MEGABYTE
    ask(name="y")
    ask(name="y")
    assert calls[-2:] != ["y", "y"]
    ask.cache_clear()
    assert ask.held() == 0


def test_an_error_is_not_kept():
    ask, calls = counted(1, lambda name: 1 / name)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            ask(0)
    assert calls == [0, 0]


def test_threads_that_ask_at_once_get_the_same_and_the_count_stays_right():
    ask, _ = counted(2.5, megabyte)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ask, [k % 5 for k in range(200)]))
    assert ask.held() <= 2.5 * MEGABYTE


def test_a_new_result_does_not_cost_a_look_at_all_that_are_kept():
    hashed = []

    class Name(str):
        __slots__ = ()

        def __hash__(self):
            hashed.append(str(self))
            return super().__hash__()

    ask, _ = counted(1, len)
    for k in range(50):
        ask(Name(k))
    hashed.clear()
    ask(Name("new"))
    assert set(hashed) == {"new"}


@dataclass
class Holder:
    array: np.ndarray
    more: tuple


def test_sizes():
    array = np.zeros(1000)
    assert size_of(array) == 8000
    assert size_of(array[:3]) == 8000  # which it keeps alive
    assert size_of(jnp.zeros(1000, jnp.float32)) == 4000
    assert size_of([array, array]) < 8200
    assert 16_000 <= size_of(Holder(array, ({"a": np.zeros(1000)}, b"x" * 10))) < 17_500
    assert size_of("x" * 1000) >= 1000
    assert size_of(sys) < 1000


def test_races_on_pages_are_kept_by_their_bytes():
    from optviz.ui import cached

    base = RaceSpec(SURFACES["ravine"](), (Run.parse("sgd:learning_rate=0.01"),), num_steps=30_000)
    for cache in (cached.race, cached.payload):
        cache.cache_clear()
    for k in range(100):
        cached.payload(replace(base, start=(1.0, k / 100)))
    assert cached.race.held() <= 128 * MEGABYTE
    assert cached.payload.held() <= 64 * MEGABYTE
    one = size_of(cached.race(base))
    assert one > 30_000 * 6 * 8
    for cache in (cached.race, cached.payload):
        cache.cache_clear()


def test_no_cache_of_arrays_counts_entries():
    """`lru_cache` holds so many results, however large: no function that gives arrays has one."""
    from optviz.data import synthetic
    from optviz.engine import factors
    from optviz.engine.surfaces import loop
    from optviz.ui import cached
    from optviz.ui.schedules import view
    from optviz.ui.training import pictures

    functions = [
        synthetic._generate,
        loop._noise,
        factors._device_factors,
        factors._kept_factors,
        cached.race,
        cached.payload,
        cached.still_payload,
        view.view,
        pictures._weights,
        pictures._predictions,
    ]
    assert all(hasattr(function, "held") for function in functions)


def test_large_races_run_one_at_a_time(monkeypatch):
    from optviz.ui import cached

    running, most = [], []

    def slow(spec):
        running.append(spec)
        most.append(len(running))
        time.sleep(0.01)
        running.remove(spec)
        return spec.seed

    monkeypatch.setattr(cached, "run_race", slow)
    base = RaceSpec(SURFACES["ravine"](), (Run.parse("sgd"),) * 32, num_steps=100_000)
    with ThreadPoolExecutor(4) as pool:
        specs = [replace(base, seed=seed) for seed in range(8)]
        assert list(pool.map(cached.race, specs)) == list(range(8))
    assert max(most) == 1
    with ThreadPoolExecutor(4) as pool:  # small ones do not wait for each other
        list(pool.map(cached.race, [replace(spec, num_steps=9) for spec in specs]))
    assert max(most) > 1
    cached.race.cache_clear()


def test_views_of_one_array_count_once():
    array = np.zeros((1000, 5))
    one, other = array[:, 0], array[:10, 2:]
    assert array.nbytes < size_of((one, other)) < array.nbytes + 200  # and the tuple
