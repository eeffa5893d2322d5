"""What has survived a long collection is set apart, and no garbage is kept for good."""

import gc
import weakref

import pytest

from optviz.ui import heap


@pytest.fixture
def settled(monkeypatch):
    monkeypatch.setattr(heap, "_times", dict(heap._times))
    monkeypatch.setitem(heap._times, "looked", float("-inf"))
    monkeypatch.setattr(heap, "LONG", float("inf"))
    heap.settle()
    yield
    gc.callbacks.remove(heap._walked)
    gc.unfreeze()


class Ring:
    """Garbage that counting references does not find."""

    def __init__(self):
        self.ring = self


def test_what_survives_a_long_collection_is_walked_no_more(settled, monkeypatch):
    many = [[] for _ in range(10_000)]
    gc.collect()
    assert len(gc.get_objects()) >= len(many)
    monkeypatch.setattr(heap, "LONG", 0)
    gc.collect()
    assert len(gc.get_objects()) < 100
    assert gc.get_freeze_count() >= len(many)


def test_collections_of_the_young_set_nothing_apart(settled, monkeypatch):
    monkeypatch.setattr(heap, "LONG", 0)
    many, before = [[] for _ in range(10_000)], gc.get_freeze_count()
    gc.collect(0)
    gc.collect(1)
    assert gc.get_freeze_count() <= before
    assert len(gc.get_objects()) >= len(many)


def test_garbage_that_was_set_apart_is_collected_when_a_page_is_opened_later(settled, monkeypatch):
    ring = Ring()
    seen = weakref.ref(ring)
    gc.freeze()
    del ring
    heap.settle()  # too soon
    gc.collect()
    assert seen() is not None
    monkeypatch.setitem(heap._times, "looked", heap._times["looked"] - heap.AGAIN)
    heap.settle()
    assert seen() is None
    assert gc.callbacks.count(heap._walked) == 1
